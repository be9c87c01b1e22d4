/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading one container, by name or by process. list.c reads all. */
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
