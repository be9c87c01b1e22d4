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
	const char *root;
	const char *names; /* each ends with a newline */
	size_t count;
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

/* An older rssd does not send them. */
static int read_places(sd_bus_message *message, struct columns *columns)
{
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
		if (row.index >= columns->count)
			return -EBADMSG;
		if (array_reserve(&columns->places, columns->n_places, &columns->places_room,
				  sizeof(row)) < 0)
			return -ENOMEM;
		columns->places[columns->n_places++] = row;
		columns->places_bytes += strlen(row.unit) + strlen(row.control_group) + 2;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* An older rssd does not send them. */
static int read_owners(sd_bus_message *message, struct columns *columns)
{
	int r;

	if (sd_bus_message_at_end(message, false) > 0)
		return 0;
	r = sd_bus_message_enter_container(message, 'a', "(uub)");
	while (r >= 0) {
		struct owner_row row;

		r = sd_bus_message_read(message, "(uub)", &row.index, &row.owner, &row.delegated);
		if (r <= 0)
			break;
		if (row.index >= columns->count)
			return -EBADMSG;
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
		name = strchr(name, '\n');
		if (!name)
			return -EBADMSG;
		name++;
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

/* Column by column, since a list may have ten thousand rows and there are many settings. */
static void show_setting(const struct client_setting *setting, const struct columns *columns,
			 struct rss_container containers[])
{
	const struct column *column = &columns->sizes[setting - client_settings];
	bool is_flag = client_setting_is_flag(setting);

	/* The list does not have it. */
	if (!is_flag && !client_setting_is_size(setting))
		return;
	for (size_t i = 0; i < columns->count; i++) {
		bool on = columns->flags.u32[i * columns->flags.step] & setting->list_flag;
		uint64_t value = RSS_INFINITY;

		if (on)
			containers[i].supported |= setting->bit;
		if (is_flag)
			value = on;
		else if (column->u64)
			value = column->u64[i * column->step];
		client_setting_show(setting, &containers[i], value);
	}
}

/*
 * Fills @c from row @i of the columns. Its name is the next one of *@names; its
 * texts are written to *@text. Both pointers are advanced.
 */
static int container_from_row(const struct columns *columns, size_t i, const char **names,
			      char **text, struct rss_container *c)
{
	size_t length = (size_t)(strchr(*names, '\n') - *names);
	char *name = *text, *path = name + length + 1, *control_group, *end;
	uint32_t flags = columns->flags.u32[i * columns->flags.step];

	memcpy(name, *names, length);
	name[length] = '\0';
	end = name_put_object_path(path, name);
	if (!end)
		return -ENOMEM;
	control_group = end + 1;
	end = stpcpy(control_group, columns->root);
	*end++ = '/';
	end = stpcpy(end, name);
	*c = (struct rss_container){
		.name = name,
		.object_path = path,
		.control_group = control_group,
		.transient = flags & 2,
		.declared = flags & 4,
		.frozen = flags & 8,
		.processes = columns->processes.u32[i * columns->processes.step],
		.usage = number_at(columns, USAGE, i),
		.peak = number_at(columns, PEAK, i),
		.failures = number_at(columns, FAILURES, i),
		.reclaimed = number_at(columns, RECLAIMED, i),
		.oom_events = number_at(columns, OOM_EVENTS, i),
		.oom_kills = number_at(columns, OOM_KILLS, i),
		.scanned = number_at(columns, SCANNED, i),
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
	};
	*names += length + 1;
	*text = end + 1;
	return 0;
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

/*
 * A list is one allocation: the pointers, the containers, their texts. For ten
 * thousand containers, an allocation for each text would take half of the time.
 */
static struct rss_container **list_from_columns(const struct columns *columns)
{
	size_t n = columns->count, bytes = strlen(columns->names);
	/* For each container its name, its path, and its control group. */
	size_t text_size = bytes + n * NAME_OBJECT_PATH_SIZE(0) + 3 * bytes +
			   n * (strlen(columns->root) + 1) + bytes + columns->places_bytes;
	cleanup_free struct rss_container **list =
		malloc(n * (sizeof(*list) + sizeof(**list)) + text_size + 1);
	const char *names = columns->names;
	struct rss_container *containers;
	char *text;

	if (!list)
		return NULL;
	containers = (struct rss_container *)(list + n);
	text = (char *)(containers + n);
	for (size_t i = 0; i < n; i++) {
		list[i] = &containers[i];
		if (container_from_row(columns, i, &names, &text, list[i]) < 0)
			return NULL;
	}
	for_each_client_setting(setting)
		show_setting(setting, columns, containers);
	for (size_t i = 0; i < columns->n_places; i++)
		text = put_place(&columns->places[i], text, list[columns->places[i].index]);
	for (size_t i = 0; i < columns->n_owners; i++) {
		struct rss_container *c = list[columns->owners[i].index];

		c->owner = columns->owners[i].owner;
		c->delegated = columns->owners[i].delegated;
	}
	return take_ptr(list);
}

int rss_list(struct rss_client *client, struct rss_container ***ret, size_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	struct columns columns = { 0 };
	struct rss_container **list;
	int r;

	REQUIRE(client, ret && ret_count);
	r = client_method(client, NULL, "ListCounters", &call);
	if (r < 0)
		return r;
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = columns_read(reply, &columns);
	list = r < 0 ? NULL : list_from_columns(&columns);
	free(columns.places);
	free(columns.owners);
	if (r < 0)
		return client_fail_message(client, r);
	if (!list)
		return client_fail_message(client, -ENOMEM);
	*ret = list;
	*ret_count = columns.count;
	return 0;
}

struct rss_container **rss_list_free(struct rss_container **containers, size_t count)
{
	(void)count;
	free(containers);
	return NULL;
}
