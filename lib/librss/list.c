/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading all containers, from the columns of ListCounters: ten thousand of them cost little more
 * than the message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/settings.h"
#include "shared/array.h"
#include "shared/name.h"

/* The columns of ListCounters that are counters, in their order. */
enum {
	USAGE,
	PEAK,
	FAILURES,
	RECLAIMED,
	OOM_EVENTS,
	OOM_KILLS,
	SCANNED,
	N_NUMBERS,
};

/* Member @i of a column is at i * step. A column of equal members has one member and step 0. */
struct column {
	union {
		const void *array;
		const uint32_t *u32;
		const uint64_t *u64;
	};
	size_t step;
};

/* The owner of a container, if it is not root. */
struct owner_row {
	uint32_t index, owner;
	int delegated;
};

/* A container that is a unit or an existing cgroup. */
struct place_row {
	uint32_t index;
	int running;
	const char *unit, *control_group;
};

/* Pointers into the message. */
struct columns {
	sd_bus_message *message;
	const char *root;
	const char *names; /* each ends with a newline */
	size_t count, longest_name;
	struct column flags, processes, numbers[N_NUMBERS];
	struct column sizes[CLIENT_SETTINGS_MAX]; /* by row of client_settings; not of a flag */
	struct place_row *places;
	size_t n_places, places_room, places_bytes; /* of their texts, with the NULs */
	struct owner_row *owners;
	size_t n_owners, owners_room;
};

/* Reads a column, which must have one member for each container or one for all. */
static int read_column(sd_bus_message *message, char type, size_t size, size_t count,
		       struct column *ret)
{
	size_t length;
	int r = sd_bus_message_read_array(message, type, &ret->array, &length);

	if (r < 0)
		return r;
	if (length != count * size && (length != size || count == 0))
		return -EBADMSG;
	ret->step = length == count * size;
	return 0;
}

/* The sizes before the column of processes, or those appended to the first version of the list. */
static int read_sizes(sd_bus_message *message, struct columns *columns, bool first)
{
	int r = 0;

	for_each_client_setting(setting) {
		if (r < 0 || !client_setting_is_size(setting) || setting->listed_first != first)
			continue;
		/* An older rssd does not send it. */
		if (!first && sd_bus_message_at_end(message, false) > 0)
			break;
		r = read_column(message, 't', sizeof(uint64_t), columns->count,
				&columns->sizes[setting - client_settings]);
	}
	return r;
}

/* In the order of their rows. An older rssd does not send them. */
static int read_places(sd_bus_message *message, struct columns *columns)
{
	size_t next = 0;
	int r;

	if (sd_bus_message_at_end(message, false) > 0)
		return 0;
	r = sd_bus_message_enter_container(message, 'a', "(ubss)");
	while (r >= 0) {
		struct place_row row;

		r = sd_bus_message_read(message, "(ubss)", &row.index, &row.running, &row.unit,
					&row.control_group);
		if (r <= 0)
			break;
		if (row.index < next || row.index >= columns->count)
			return -EBADMSG;
		next = (size_t)row.index + 1;
		if (array_reserve(&columns->places, columns->n_places, &columns->places_room,
				  sizeof(row)) < 0)
			return -ENOMEM;
		columns->places[columns->n_places++] = row;
		columns->places_bytes += strlen(row.unit) + strlen(row.control_group) + 2;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* As the places. */
static int read_owners(sd_bus_message *message, struct columns *columns)
{
	size_t next = 0;
	int r;

	if (sd_bus_message_at_end(message, false) > 0)
		return 0;
	r = sd_bus_message_enter_container(message, 'a', "(uub)");
	while (r >= 0) {
		struct owner_row row;

		r = sd_bus_message_read(message, "(uub)", &row.index, &row.owner, &row.delegated);
		if (r <= 0)
			break;
		if (row.index < next || row.index >= columns->count)
			return -EBADMSG;
		next = (size_t)row.index + 1;
		if (array_reserve(&columns->owners, columns->n_owners, &columns->owners_room,
				  sizeof(row)) < 0)
			return -ENOMEM;
		columns->owners[columns->n_owners++] = row;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int columns_read(sd_bus_message *message, struct columns *columns)
{
	int r = sd_bus_message_read(message, "ss", &columns->root, &columns->names);
	const char *name = columns->names;

	while (r >= 0 && *name) {
		const char *end = strchr(name, '\n');

		if (!end)
			return -EBADMSG;
		if ((size_t)(end - name) > columns->longest_name)
			columns->longest_name = (size_t)(end - name);
		name = end + 1;
		columns->count++;
	}
	if (r >= 0)
		r = read_column(message, 'u', sizeof(uint32_t), columns->count, &columns->flags);
	if (r >= 0)
		r = read_sizes(message, columns, true);
	if (r >= 0)
		r = read_column(message, 'u', sizeof(uint32_t), columns->count,
				&columns->processes);
	for (size_t i = 0; i < N_NUMBERS && r >= 0; i++)
		r = read_column(message, 't', sizeof(uint64_t), columns->count,
				&columns->numbers[i]);
	if (r >= 0)
		r = read_places(message, columns);
	if (r >= 0)
		r = read_owners(message, columns);
	return r < 0 ? r : read_sizes(message, columns, false);
}

static uint64_t number_at(const struct columns *columns, size_t column, size_t i)
{
	return columns->numbers[column].u64[i * columns->numbers[column].step];
}

/* The next row to read, and what its part of the message begins with. */
struct cursor {
	const struct columns *columns;
	size_t row;
	const char *name;
	size_t place, owner;
	struct rss_container pattern; /* what all rows have in common */
	const struct client_setting *varying[CLIENT_SETTINGS_MAX];
	size_t n_varying;
};

/* Returns true if rows differ in @setting. A flag of each row says whether the row has it. */
static bool varies(const struct columns *columns, const struct client_setting *setting)
{
	return columns->flags.step || columns->sizes[setting - client_settings].step;
}

static void show_setting(const struct columns *columns, const struct client_setting *setting,
			 size_t i, struct rss_container *c)
{
	const struct column *column = &columns->sizes[setting - client_settings];
	bool on = columns->flags.u32[i * columns->flags.step] & setting->list_flag;

	if (on)
		c->supported |= setting->bit;
	if (client_setting_is_flag(setting))
		client_setting_show(setting, c, on);
	else
		client_setting_show(setting, c,
				    column->u64 ? column->u64[i * column->step] : RSS_INFINITY);
}

static struct cursor cursor_at_start(const struct columns *columns)
{
	struct cursor cursor = {
		.columns = columns,
		.name = columns->names,
		.pattern = {
			.refaults = RSS_ABSENT,
			.anonymous = RSS_ABSENT,
			.file = RSS_ABSENT,
			.shmem = RSS_ABSENT,
			.kernel = RSS_ABSENT,
			.mapped = RSS_ABSENT,
			.locked = RSS_ABSENT,
			.swap = RSS_ABSENT,
			.pressure_some = RSS_ABSENT,
			.pressure_full = RSS_ABSENT,
			.pressure_some_avg10 = RSS_ABSENT,
			.pressure_full_avg10 = RSS_ABSENT,
			.pressure_some_avg60 = RSS_ABSENT,
			.pressure_full_avg60 = RSS_ABSENT,
			.pressure_some_avg300 = RSS_ABSENT,
			.pressure_full_avg300 = RSS_ABSENT,
			.zswap = RSS_ABSENT,
			.place = "own",
			.unit = "",
			.running = true,
		},
	};

	for_each_client_setting(setting) {
		if (!client_setting_is_flag(setting) && !client_setting_is_size(setting))
			continue; /* the list does not have it */
		if (varies(columns, setting))
			cursor.varying[cursor.n_varying++] = setting;
		else if (columns->count > 0)
			show_setting(columns, setting, 0, &cursor.pattern);
	}
	return cursor;
}

/*
 * Sets the members of @c that the row has, and copies its texts to @text. Returns the end of the
 * texts.
 */
static char *put_place(const struct place_row *row, char *text, struct rss_container *c)
{
	c->place = *row->unit ? "unit" : "cgroup";
	c->running = row->running;
	c->unit = text;
	text = stpcpy(text, row->unit) + 1;
	c->control_group = text;
	return stpcpy(text, row->control_group) + 1;
}

/* Places and owners are few: each has the index of its row, and the indices increase. */
static char *show_place_and_owner(struct cursor *cursor, char *text, struct rss_container *c)
{
	const struct columns *columns = cursor->columns;

	if (cursor->place < columns->n_places &&
	    columns->places[cursor->place].index == cursor->row)
		text = put_place(&columns->places[cursor->place++], text, c);
	if (cursor->owner < columns->n_owners &&
	    columns->owners[cursor->owner].index == cursor->row) {
		c->owner = columns->owners[cursor->owner].owner;
		c->delegated = columns->owners[cursor->owner++].delegated;
	}
	return text;
}

/*
 * Fills @c from the next row. Its texts are written to *@text, which is advanced
 * with the cursor.
 */
static int cursor_take(struct cursor *cursor, char **text, struct rss_container *c)
{
	const struct columns *columns = cursor->columns;
	size_t length = (size_t)(strchr(cursor->name, '\n') - cursor->name), i = cursor->row;
	char *name = *text, *path = name + length + 1, *control_group, *end;
	uint32_t flags = columns->flags.u32[i * columns->flags.step];

	memcpy(name, cursor->name, length);
	name[length] = '\0';
	end = name_put_object_path(path, name);
	if (!end)
		return -ENOMEM;
	control_group = end + 1;
	end = stpcpy(control_group, columns->root);
	*end++ = '/';
	end = stpcpy(end, name);
	*c = cursor->pattern;
	c->name = name;
	c->object_path = path;
	c->control_group = control_group;
	c->transient = flags & 2;
	c->declared = flags & 4;
	c->frozen = flags & 8;
	c->processes = columns->processes.u32[i * columns->processes.step];
	c->usage = number_at(columns, USAGE, i);
	c->peak = number_at(columns, PEAK, i);
	c->failures = number_at(columns, FAILURES, i);
	c->reclaimed = number_at(columns, RECLAIMED, i);
	c->oom_events = number_at(columns, OOM_EVENTS, i);
	c->oom_kills = number_at(columns, OOM_KILLS, i);
	c->scanned = number_at(columns, SCANNED, i);
	for (size_t k = 0; k < cursor->n_varying; k++)
		show_setting(columns, cursor->varying[k], i, c);
	*text = show_place_and_owner(cursor, end + 1, c);
	cursor->name += length + 1;
	cursor->row++;
	return 0;
}

/* The most bytes that the texts of @rows take; their names have @bytes, with an end for each. */
static size_t texts_size(const struct columns *columns, size_t rows, size_t bytes)
{
	/* For each container its name, its path, and its control group. */
	return bytes + rows * NAME_OBJECT_PATH_SIZE(0) + 3 * bytes +
	       rows * (strlen(columns->root) + 1) + bytes + columns->places_bytes + 1;
}

/*
 * A list is one allocation: the pointers, the containers, their texts. For ten
 * thousand containers, an allocation for each text would take half of the time.
 */
static struct rss_container **list_from_columns(const struct columns *columns)
{
	size_t n = columns->count;
	size_t text_size = texts_size(columns, n, strlen(columns->names));
	cleanup_free struct rss_container **list =
		malloc(n * (sizeof(*list) + sizeof(**list)) + text_size);
	struct cursor cursor = cursor_at_start(columns);
	struct rss_container *containers;
	char *text;

	if (!list)
		return NULL;
	containers = (struct rss_container *)(list + n);
	text = (char *)(containers + n);
	for (size_t i = 0; i < n; i++) {
		list[i] = &containers[i];
		if (cursor_take(&cursor, &text, list[i]) < 0)
			return NULL;
	}
	return take_ptr(list);
}

static void columns_done(struct columns *columns)
{
	free(columns->places);
	free(columns->owners);
	sd_bus_message_unref(columns->message);
}

/* Asks rssd for all containers. */
static int columns_get(struct rss_client *client, struct columns *columns)
{
	cleanup_message sd_bus_message *call = NULL;
	int r = client_method(client, NULL, "ListCounters", &call);

	if (r >= 0)
		r = client_call(client, call, NULL, CALL_SHORT, &columns->message);
	if (r < 0)
		return r;
	r = columns_read(columns->message, columns);
	return r < 0 ? client_fail_message(client, r) : 0;
}

int rss_list(struct rss_client *client, struct rss_container ***ret, size_t *ret_count)
{
	cleanup_(columns_done) struct columns columns = { 0 };
	struct rss_container **list;
	int r;

	REQUIRE(client, ret && ret_count);
	r = columns_get(client, &columns);
	if (r < 0)
		return r;
	list = list_from_columns(&columns);
	if (!list)
		return client_fail_message(client, -ENOMEM);
	*ret = list;
	*ret_count = columns.count;
	return 0;
}

int rss_for_each(struct rss_client *client, rss_container_fn fn, void *userdata)
{
	cleanup_(columns_done) struct columns columns = { 0 };
	cleanup_free char *texts = NULL;
	int r;

	REQUIRE(client, fn);
	r = columns_get(client, &columns);
	if (r < 0)
		return r;
	texts = malloc(texts_size(&columns, 1, columns.longest_name + 1));
	if (!texts)
		return client_fail_message(client, -ENOMEM);
	for (struct cursor cursor = cursor_at_start(&columns);
	     r == 0 && cursor.row < columns.count;) {
		struct rss_container container;
		char *text = texts;

		r = cursor_take(&cursor, &text, &container);
		if (r < 0)
			return client_fail_message(client, r);
		r = fn(&container, userdata);
	}
	return r;
}

struct rss_container **rss_list_free(struct rss_container **containers, size_t count)
{
	(void)count;
	free(containers);
	return NULL;
}
