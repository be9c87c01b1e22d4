/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading containers: one by name, one by process, or all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/dict.h"
#include "librss/oom-dict.h"
#include "librss/settings.h"
#include "shared/array.h"
#include "shared/name.h"

DEFINE_CLEANUP(struct rss_container *, rss_container_free);

static int read_last_oom(sd_bus_message *message, void *at)
{
	struct rss_oom **last = at;

	*last = oom_dict_free(*last);
	return oom_dict_read(message, last);
}

static int read_supported(sd_bus_message *message, void *at)
{
	unsigned int *supported = at;
	const char *property;
	int r = sd_bus_message_enter_container(message, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read(message, "s", &property)) > 0) {
		for_each_client_setting(setting) {
			if (strcmp(setting->property, property) == 0)
				*supported |= setting->bit;
		}
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

#define FIELD(key, type, member)                                        \
	{                                                               \
		key, type, offsetof(struct rss_container, member), NULL \
	}

static const struct dict_field other_fields[] = {
	FIELD("Name", "s", name),
	FIELD("ControlGroup", "s", control_group),
	FIELD("Transient", "b", transient),
	FIELD("Declared", "b", declared),
	FIELD("Processes", "u", processes),
	FIELD("Usage", "t", usage),
	FIELD("Peak", "t", peak),
	FIELD("Failures", "t", failures),
	FIELD("Reclaimed", "t", reclaimed),
	FIELD("OOMEvents", "t", oom_events),
	FIELD("OOMKills", "t", oom_kills),
	FIELD("Scanned", "t", scanned),
	FIELD("Frozen", "b", frozen),
	FIELD("Refaults", "t", refaults),
	FIELD("Rules", "as", rules),
	FIELD("Anonymous", "t", anonymous),
	FIELD("File", "t", file),
	FIELD("Shmem", "t", shmem),
	FIELD("Kernel", "t", kernel),
	FIELD("Mapped", "t", mapped),
	FIELD("Locked", "t", locked),
	FIELD("Swap", "t", swap),
	FIELD("PressureSome", "t", pressure_some),
	FIELD("PressureFull", "t", pressure_full),
	FIELD("PressureSomeAvg10", "t", pressure_some_avg10),
	FIELD("PressureFullAvg10", "t", pressure_full_avg10),
	FIELD("PressureSomeAvg60", "t", pressure_some_avg60),
	FIELD("PressureFullAvg60", "t", pressure_full_avg60),
	FIELD("PressureSomeAvg300", "t", pressure_some_avg300),
	FIELD("PressureFullAvg300", "t", pressure_full_avg300),
	FIELD("ZSwap", "t", zswap),
	FIELD("Place", "s", place),
	FIELD("Unit", "s", unit),
	FIELD("Running", "b", running),
	{ "Settings", "as", offsetof(struct rss_container, supported), read_supported },
	FIELD("Owner", "u", owner),
	FIELD("Delegated", "b", delegated),
	{ "LastOOM", "a{sv}", offsetof(struct rss_container, last_oom), read_last_oom },
};

/* Reads the properties of a container. On failure *@ret is untouched; the errno is of sd-bus. */
static int container_read(sd_bus_message *message, const char *name, const char *path,
			  struct rss_container **ret)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container =
		calloc(1, sizeof(*container));
	struct dict_field fields[CLIENT_SETTINGS_MAX + ARRAY_SIZE(other_fields)];
	size_t n = client_settings_fields(fields);
	int r;

	if (!container)
		return -ENOMEM;
	for_each_client_setting(setting) {
		if (client_setting_is_size(setting))
			client_setting_show(setting, container, RSS_INFINITY);
	}
	container->usage = container->peak = RSS_ABSENT;
	container->failures = container->reclaimed = RSS_ABSENT;
	container->oom_events = container->oom_kills = RSS_ABSENT;
	container->scanned = container->refaults = RSS_ABSENT;
	container->anonymous = container->file = container->shmem = RSS_ABSENT;
	container->kernel = container->mapped = container->locked = RSS_ABSENT;
	container->swap = container->pressure_some = container->pressure_full = RSS_ABSENT;
	container->pressure_some_avg10 = container->pressure_full_avg10 = RSS_ABSENT;
	container->pressure_some_avg60 = container->pressure_full_avg60 = RSS_ABSENT;
	container->pressure_some_avg300 = container->pressure_full_avg300 = RSS_ABSENT;
	container->zswap = RSS_ABSENT;
	container->name = strdup(name);
	container->object_path = strdup(path);
	if (!container->name || !container->object_path)
		return -ENOMEM;
	memcpy(fields + n, other_fields, sizeof(other_fields));
	r = dict_read(message, fields, n + ARRAY_SIZE(other_fields), container);
	if (r < 0)
		return r;
	if (!container->control_group)
		container->control_group = strdup("");
	/* An older rssd knows no places. */
	if (!container->place) {
		container->place = strdup("own");
		container->running = true;
	}
	if (!container->unit)
		container->unit = strdup("");
	if (!container->control_group || !container->place || !container->unit)
		return -ENOMEM;
	*ret = take_ptr(container);
	return 0;
}

struct rss_container *rss_container_free(struct rss_container *container)
{
	if (!container)
		return NULL;
	free((void *)container->name);
	free((void *)container->object_path);
	free((void *)container->control_group);
	free((void *)container->place);
	free((void *)container->unit);
	oom_dict_free((struct rss_oom *)container->last_oom);
	for (size_t i = 0; container->rules && container->rules[i]; i++)
		free((void *)container->rules[i]);
	free(container->rules);
	free(container);
	return NULL;
}

static int get_at(struct rss_client *client, const char *name, const char *path,
		  struct rss_container **ret)
{
	cleanup_message sd_bus_message *reply = NULL;
	int r;

	r = client_properties(client, path, RSSD_CONTAINER, name, &reply);
	if (r < 0)
		return r;
	r = container_read(reply, name, path, ret);
	return r < 0 ? client_fail_message(client, r) : 0;
}

int rss_get(struct rss_client *client, const char *name, struct rss_container **ret)
{
	cleanup_free char *path = NULL;

	REQUIRE(client, name && ret);
	path = name_to_object_path(name);
	return path ? get_at(client, name, path, ret) : client_fail_message(client, -ENOMEM);
}

/* @call: a method that returns the path of a container. */
static int get_by_call(struct rss_client *client, sd_bus_message *call, struct rss_container **ret)
{
	cleanup_message sd_bus_message *reply = NULL;
	cleanup_free char *name = NULL;
	const char *path = NULL;
	int r;

	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = name_from_object_path(path, &name);
	if (r < 0)
		return client_fail_message(client, r == -ENOENT ? -EBADMSG : r);
	return get_at(client, name, path, ret);
}

int rss_get_by_pid(struct rss_client *client, pid_t pid, struct rss_container **ret)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, ret);
	if (pid <= 0)
		return client_fail(client, -EINVAL, "Invalid PID %d", (int)pid);
	r = client_method(client, NULL, "GetContainerByPID", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "u", (uint32_t)pid);
	return r < 0 ? client_fail_message(client, r) : get_by_call(client, call, ret);
}

int rss_get_by_pidfd(struct rss_client *client, int pidfd, struct rss_container **ret)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, ret);
	r = client_method(client, NULL, "GetContainerByPIDFD", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "h", pidfd);
	if (r < 0)
		return client_fail(client, r == -ENOMEM ? r : -EINVAL,
				   "%d is not an open file descriptor", pidfd);
	return get_by_call(client, call, ret);
}

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

/* A container that is a unit or an existing cgroup. */
/* The owner of a container, if it is not root. */
struct owner_row {
	uint32_t index, owner;
	int delegated;
};

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
