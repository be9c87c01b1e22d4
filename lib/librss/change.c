/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that create, change or remove one container, reclaim its memory or signal its processes. */
#include <errno.h>
#include <stdlib.h>

#include "librss/client.h"
#include "librss/settings.h"
#include "shared/errors.h"
#include "shared/name.h"

/* A name that is not UTF-8 cannot be sent: it is refused here, with the message of rssd. */
static int append_name(struct rss_client *client, sd_bus_message *call, const char *name)
{
	int r = sd_bus_message_append(call, "s", name);

	if (r == -EINVAL)
		return client_fail(client, r, "Invalid name \"%s\": it %s", name,
				   name_problem(name) ?: "is not UTF-8");
	return r < 0 ? client_fail_message(client, r) : 0;
}

int rss_create(struct rss_client *client, const char *name, const struct rss_settings *settings)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name);
	r = client_method(client, NULL, "CreateContainer", &call);
	if (r >= 0)
		r = append_name(client, call, name);
	if (r < 0)
		return r;
	r = client_settings_append(call, settings);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, CALL_SHORT, NULL);
}

int rss_delegate(struct rss_client *client, const char *name, uint32_t owner)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name);
	r = client_method(client, NULL, "DelegateContainer", &call);
	if (r >= 0)
		r = append_name(client, call, name);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "u", owner);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, CALL_FOR_EVER, NULL);
}

static int append_place(sd_bus_message *call, const char *unit, const char *control_group,
			const struct rss_settings *settings)
{
	int r = sd_bus_message_open_container(call, 'a', "{sv}");

	if (r >= 0 && unit)
		r = sd_bus_message_append(call, "{sv}", "Unit", "s", unit);
	if (r >= 0 && control_group)
		r = sd_bus_message_append(call, "{sv}", "ControlGroup", "s", control_group);
	if (r >= 0)
		r = client_settings_append_entries(call, settings);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

int rss_create_at(struct rss_client *client, const char *name, const char *unit,
		  const char *control_group, const struct rss_settings *settings)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name && (unit || control_group));
	r = client_method(client, NULL, "CreateContainer", &call);
	if (r >= 0)
		r = append_name(client, call, name);
	if (r < 0)
		return r;
	r = append_place(call, unit, control_group, settings);
	if (r < 0)
		return client_fail_message(client, r);
	/* Memory may have to be reclaimed first. */
	return client_call(client, call, name, CALL_FOR_EVER, NULL);
}

int rss_remove(struct rss_client *client, const char *name, bool force)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name);
	r = client_method(client, NULL, "RemoveContainer", &call);
	if (r >= 0)
		r = append_name(client, call, name);
	if (r < 0)
		return r;
	r = force ? sd_bus_message_append(call, "a{sv}", 1, "force", "b", 1)
		  : sd_bus_message_append(call, "a{sv}", 0);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, CALL_FOR_EVER, NULL);
}

int rss_set(struct rss_client *client, const char *name, const struct rss_settings *settings)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name && settings);
	r = client_method(client, name, "SetProperties", &call);
	if (r < 0)
		return r;
	r = client_settings_append(call, settings);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, CALL_FOR_EVER, NULL);
}

/* @swappiness: NULL for the one of the machine */
static int reclaim(struct rss_client *client, const char *name, uint64_t bytes,
		   const uint64_t *swappiness, uint64_t *ret_reclaimed)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	uint64_t reclaimed = RSS_ABSENT;
	int r = client_method(client, name, "Reclaim", &call);

	if (r < 0)
		return r;
	r = swappiness ? sd_bus_message_append(call, "ta{sv}", bytes, 1, "swappiness", "t",
					       *swappiness)
		       : sd_bus_message_append(call, "ta{sv}", bytes, 0);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, name, CALL_FOR_EVER, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "t", &reclaimed);
	if (r < 0)
		return client_fail_message(client, r);
	if (ret_reclaimed)
		*ret_reclaimed = reclaimed;
	return 0;
}

int rss_reclaim(struct rss_client *client, const char *name, uint64_t bytes,
		uint64_t *ret_reclaimed)
{
	REQUIRE(client, name);
	return reclaim(client, name, bytes, NULL, ret_reclaimed);
}

int rss_reclaim_swappiness(struct rss_client *client, const char *name, uint64_t bytes,
			   unsigned int swappiness, uint64_t *ret_reclaimed)
{
	const uint64_t value = swappiness;

	REQUIRE(client, name);
	return reclaim(client, name, bytes, &value, ret_reclaimed);
}

int rss_kill_with(struct rss_client *client, const char *name, int signal, unsigned int whom,
		  uint32_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	uint32_t count = 0;
	int r;

	REQUIRE(client, name);
	/* Uses the older method if it is enough, because a polkit rule may name it. */
	r = client_method(client, name, whom ? "KillProcesses" : "Kill", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "i", signal);
	if (r >= 0 && whom)
		r = client_append_whom(call, whom);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, name, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "u", &count);
	if (r < 0)
		return client_fail_message(client, r);
	if (ret_count)
		*ret_count = count;
	return 0;
}

int rss_kill(struct rss_client *client, const char *name, int signal, uint32_t *ret_count)
{
	REQUIRE(client, name);
	return rss_kill_with(client, name, signal, 0, ret_count);
}

/* A method of a container without arguments and results. */
static int call_without_arguments(struct rss_client *client, const char *name, const char *method)
{
	cleanup_message sd_bus_message *call = NULL;
	int r = client_method(client, name, method, &call);

	return r < 0 ? r : client_call(client, call, name, CALL_SHORT, NULL);
}

int rss_freeze(struct rss_client *client, const char *name)
{
	REQUIRE(client, name);
	return call_without_arguments(client, name, "Freeze");
}

int rss_thaw(struct rss_client *client, const char *name)
{
	REQUIRE(client, name);
	return call_without_arguments(client, name, "Thaw");
}

int rss_repair(struct rss_client *client, const char *name)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, name);
	r = client_method(client, name, "Repair", &call);
	return r < 0 ? r : client_call(client, call, name, CALL_FOR_EVER, NULL);
}

int rss_reset_peak(struct rss_client *client, const char *name)
{
	REQUIRE(client, name);
	return call_without_arguments(client, name, "ResetPeak");
}
