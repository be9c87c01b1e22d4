/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers as they are: one of them, the one of a process, all of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#include "dict.h"
#include "name.h"
#include "oom.h"

/* A list of containers that is being filled. */
struct list {
	struct rss_container **containers;
	size_t count;
};

DEFINE_CLEANUP(struct rss_container *, rss_container_free);

static int read_last_oom(sd_bus_message *message, void *at)
{
	struct rss_oom **last = at;

	*last = rss_oom_free(*last);
	return rss_oom_read(message, last);
}

#define FIELD(key, type, member)                                        \
	{                                                               \
		key, type, offsetof(struct rss_container, member), NULL \
	}

static const struct dict_field fields[] = {
	FIELD("Name", "s", name),
	FIELD("ControlGroup", "s", control_group),
	FIELD("Limit", "t", limit),
	FIELD("High", "t", high),
	FIELD("Low", "t", low),
	FIELD("OOMGroup", "b", oom_group),
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
	{ "LastOOM", "a{sv}", offsetof(struct rss_container, last_oom), read_last_oom },
};

/* Reads the properties of a container; *@ret is untouched on failure, which is that of sd-bus. */
static int container_read(sd_bus_message *message, const char *name, const char *path,
			  struct rss_container **ret)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container =
		calloc(1, sizeof(*container));
	int r;

	if (!container)
		return -ENOMEM;
	container->limit = container->high = container->low = RSS_INFINITY;
	container->usage = container->peak = RSS_ABSENT;
	container->failures = container->reclaimed = RSS_ABSENT;
	container->oom_events = container->oom_kills = RSS_ABSENT;
	container->scanned = container->refaults = RSS_ABSENT;
	container->name = strdup(name);
	container->object_path = strdup(path);
	if (!container->name || !container->object_path)
		return -ENOMEM;
	r = dict_read(message, fields, ARRAY_SIZE(fields), container);
	if (r < 0)
		return r;
	if (!container->control_group)
		container->control_group = strdup("");
	if (!container->control_group)
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
	rss_oom_free((struct rss_oom *)container->last_oom);
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
	cleanup_free char *path = name_to_object_path(name);

	return path ? get_at(client, name, path, ret) : client_fail_message(client, -ENOMEM);
}

/* @call asks for the container of a process and is answered with its path. */
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

	if (pid <= 0)
		return client_fail(client, -EINVAL, "%d is not a process", (int)pid);
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

	r = client_method(client, NULL, "GetContainerByPIDFD", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "h", pidfd);
	if (r < 0)
		return client_fail(client, r == -ENOMEM ? r : -EINVAL,
				   "%d is not an open file descriptor", pidfd);
	return get_by_call(client, call, ret);
}

static void list_done(struct list *list)
{
	list->containers = rss_list_free(list->containers, list->count);
}

/* The columns of ListCounters that are arrays of numbers, in their order. */
enum {
	LIMIT,
	HIGH,
	LOW,
	USAGE,
	PEAK,
	FAILURES,
	RECLAIMED,
	OOM_EVENTS,
	OOM_KILLS,
	SCANNED,
	N_NUMBERS,
};

/* What is read lies in the message. */
struct columns {
	const char *root;
	char **names;
	size_t count;
	const uint32_t *flags, *processes;
	const uint64_t *numbers[N_NUMBERS];
};

static void columns_done(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		free(columns->names[i]);
	free(columns->names);
}

/* One member for each name, or -EBADMSG. */
static int read_column(sd_bus_message *message, char type, size_t size, size_t count,
		       const void **ret)
{
	const void *array;
	size_t length;
	int r = sd_bus_message_read_array(message, type, &array, &length);

	if (r < 0)
		return r;
	if (length != count * size)
		return -EBADMSG;
	*ret = array;
	return 0;
}

/* Not sd_bus_message_read_strv(), which counts what it has for each that it adds. */
static int read_names(sd_bus_message *message, struct columns *columns)
{
	size_t allocated = 0;
	const char *name;
	int r = sd_bus_message_enter_container(message, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read_basic(message, 's', &name)) > 0) {
		r = array_reserve(&columns->names, columns->count, &allocated,
				  sizeof(*columns->names));
		if (r < 0)
			return r;
		columns->names[columns->count] = strdup(name);
		if (!columns->names[columns->count])
			return -ENOMEM;
		columns->count++;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int columns_read(sd_bus_message *message, struct columns *columns)
{
	int r = sd_bus_message_read(message, "s", &columns->root);

	if (r >= 0)
		r = read_names(message, columns);
	if (r >= 0)
		r = read_column(message, 'u', sizeof(uint32_t), columns->count,
				(const void **)&columns->flags);
	for (size_t i = 0; i < N_NUMBERS && r >= 0; i++) {
		r = read_column(message, 't', sizeof(uint64_t), columns->count,
				(const void **)&columns->numbers[i]);
		if (i == LOW && r >= 0)
			r = read_column(message, 'u', sizeof(uint32_t), columns->count,
					(const void **)&columns->processes);
	}
	return r;
}

/* Ten thousand of them are made at once: not by asprintf(), which takes ten times as long. */
static char *join_path(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	char *path = malloc(length + strlen(name) + sizeof("/"));

	if (path) {
		memcpy(path, folder, length);
		path[length] = '/';
		strcpy(path + length + 1, name);
	}
	return path;
}

/* Row @i of the columns, whose name it takes over. */
static struct rss_container *container_from_row(struct columns *columns, size_t i)
{
	cleanup_(rss_container_free_ptr) struct rss_container *c = calloc(1, sizeof(*c));
	uint32_t flags = columns->flags[i];

	if (!c)
		return NULL;
	c->object_path = name_to_object_path(columns->names[i]);
	c->control_group = join_path(columns->root, columns->names[i]);
	if (!c->object_path || !c->control_group)
		return NULL;
	c->name = columns->names[i];
	columns->names[i] = NULL;
	c->limit = columns->numbers[LIMIT][i];
	c->high = columns->numbers[HIGH][i];
	c->low = columns->numbers[LOW][i];
	c->oom_group = flags & 1;
	c->transient = flags & 2;
	c->declared = flags & 4;
	c->frozen = flags & 8;
	c->processes = columns->processes[i];
	c->usage = columns->numbers[USAGE][i];
	c->peak = columns->numbers[PEAK][i];
	c->failures = columns->numbers[FAILURES][i];
	c->reclaimed = columns->numbers[RECLAIMED][i];
	c->oom_events = columns->numbers[OOM_EVENTS][i];
	c->oom_kills = columns->numbers[OOM_KILLS][i];
	c->scanned = columns->numbers[SCANNED][i];
	c->refaults = RSS_ABSENT;
	return take_ptr(c);
}

static int list_from_columns(struct columns *columns, struct list *list)
{
	list->containers = calloc(columns->count ? columns->count : 1, sizeof(*list->containers));
	if (!list->containers)
		return -ENOMEM;
	while (list->count < columns->count) {
		list->containers[list->count] = container_from_row(columns, list->count);
		if (!list->containers[list->count])
			return -ENOMEM;
		list->count++;
	}
	return 0;
}

int rss_list(struct rss_client *client, struct rss_container ***ret, size_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	cleanup_(columns_done) struct columns columns = { 0 };
	cleanup_(list_done) struct list list = { 0 };
	int r;

	r = client_method(client, NULL, "ListCounters", &call);
	if (r < 0)
		return r;
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = columns_read(reply, &columns);
	if (r >= 0)
		r = list_from_columns(&columns, &list);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(list.containers);
	*ret_count = list.count;
	return 0;
}

struct rss_container **rss_list_free(struct rss_container **containers, size_t count)
{
	for (size_t i = 0; containers && i < count; i++)
		rss_container_free(containers[i]);
	free(containers);
	return NULL;
}
