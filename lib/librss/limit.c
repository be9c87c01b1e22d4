/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Setting a limit. Reclaim may take long, so rssd sends signals about its
 * progress if the caller has a callback for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"

/* rssd itself gives up at the deadline. If it has not replied by this much later, it never will. */
#define GRACE UINT64_C(60000000)

/* The receiver of the progress of one call. */
struct progress {
	const char *path;
	char *sender; /* the unique name of rssd */
	rss_progress_fn callback;
	void *userdata;
};

static void progress_done(struct progress *progress)
{
	free(progress->sender);
}

/* rssd sends Progress to its caller, which needs no match rule. Others could send it as well. */
static int on_progress(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct progress *progress = userdata;
	uint64_t usage, limit;

	if (!sd_bus_message_is_signal(message, RSSD_CONTAINER, "Progress"))
		return 0;
	if (strcmp(sd_bus_message_get_path(message), progress->path) ||
	    strcmp(sd_bus_message_get_sender(message) ?: "", progress->sender))
		return 0;
	if (sd_bus_message_read(message, "tt", &usage, &limit) > 0)
		progress->callback(usage, limit, progress->userdata);
	return 1;
}

static int call_with_progress(struct rss_client *client, sd_bus_message *call, const char *name,
			      uint64_t timeout, rss_progress_fn callback, void *userdata,
			      sd_bus_message **ret_reply)
{
	cleanup_(progress_done) struct progress progress = {
		.path = sd_bus_message_get_path(call),
		.callback = callback,
		.userdata = userdata,
	};
	/* Declared after @progress, so that it is unreferenced before. */
	cleanup_slot sd_bus_slot *filter = NULL;
	int r;

	r = client_get_owner(client, &progress.sender);
	if (r < 0)
		return r;
	r = sd_bus_add_filter(client->bus, &filter, on_progress, &progress);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, timeout, ret_reply);
}

const char *const limit_mode_names[] = {
	[RSS_LIMIT_RECLAIM] = "reclaim",
	[RSS_LIMIT_REFUSE] = "refuse",
	[RSS_LIMIT_FORCE] = "force",
};

int client_check_mode(struct rss_client *client, enum rss_limit_mode mode)
{
	if (mode >= RSS_LIMIT_RECLAIM && mode <= RSS_LIMIT_FORCE)
		return 0;
	return client_fail(client, -EINVAL,
			   "The mode must be RSS_LIMIT_RECLAIM, RSS_LIMIT_REFUSE or "
			   "RSS_LIMIT_FORCE, not %d",
			   (int)mode);
}

static int append_options(sd_bus_message *call, enum rss_limit_mode mode, uint64_t timeout,
			  bool progress)
{
	int r;

	r = sd_bus_message_open_container(call, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(call, "{sv}", "mode", "s", limit_mode_names[mode]);
	if (r >= 0 && timeout)
		r = sd_bus_message_append(call, "{sv}", "timeout", "t", timeout);
	if (r >= 0 && progress)
		r = sd_bus_message_append(call, "{sv}", "progress", "b", 1);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

enum rss_limit_outcome limit_outcome_from_name(const char *name)
{
	static const char *const names[] = {
		[RSS_LIMIT_SET] = "set",
		[RSS_LIMIT_UNCHANGED] = "unchanged",
		[RSS_LIMIT_RECLAIMED] = "reclaimed",
		[RSS_LIMIT_KILLED] = "killed",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (enum rss_limit_outcome)i;
	/* A later rssd may report other outcomes; the limit is set in any case. */
	return RSS_LIMIT_SET;
}

int rss_limit(struct rss_client *client, const char *name, uint64_t limit, enum rss_limit_mode mode,
	      uint64_t timeout, rss_progress_fn progress, void *userdata, uint64_t *ret_usage)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	uint64_t deadline = timeout && timeout < CALL_FOR_EVER - GRACE ? timeout + GRACE
								       : CALL_FOR_EVER;
	const char *outcome = NULL;
	uint64_t usage;
	int r;

	REQUIRE(client, name);
	r = client_check_mode(client, mode);
	if (r < 0)
		return r;
	r = client_method(client, name, "SetLimit", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "t", limit);
	if (r >= 0)
		r = append_options(call, mode, timeout, progress);
	if (r < 0)
		return client_fail_message(client, r);
	r = progress ? call_with_progress(client, call, name, deadline, progress, userdata, &reply)
		     : client_call(client, call, name, deadline, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "ts", &usage, &outcome);
	if (r < 0)
		return client_fail_message(client, r);
	if (ret_usage)
		*ret_usage = usage;
	return (int)limit_outcome_from_name(outcome);
}
