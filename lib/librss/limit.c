/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A limit is set. Reclaim may take its time: rssd tells a caller with a
 * progress function how it is getting on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"

/* rssd gives up by itself at the deadline; this much later nobody will answer any more. */
#define GRACE UINT64_C(60000000)

/* Whom to tell how the call is getting on. */
struct progress {
	const char *path;
	char *sender; /* rssd, as far as we know it */
	rss_progress_fn tell;
	void *userdata;
};

static void progress_done(struct progress *progress)
{
	free(progress->sender);
}

/* Progress is sent to us alone, so no match rule is needed; others could send it, too. */
static int on_any_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct progress *progress = userdata;
	uint64_t usage, limit;

	if (!sd_bus_message_is_signal(message, RSSD_CONTAINER, "Progress"))
		return 0;
	if (strcmp(sd_bus_message_get_path(message), progress->path) ||
	    strcmp(sd_bus_message_get_sender(message) ?: "", progress->sender))
		return 0;
	if (sd_bus_message_read(message, "tt", &usage, &limit) > 0)
		progress->tell(usage, limit, progress->userdata);
	return 1;
}

static int call_with_progress(struct rss_client *client, sd_bus_message *call, const char *name,
			      uint64_t timeout, rss_progress_fn tell, void *userdata,
			      sd_bus_message **ret_reply)
{
	cleanup_(progress_done) struct progress progress = {
		.path = sd_bus_message_get_path(call),
		.tell = tell,
		.userdata = userdata,
	};
	/* Unreferenced before @progress is gone, so that nothing is called with it then. */
	cleanup_slot sd_bus_slot *filter = NULL;
	int r;

	r = client_get_owner(client, &progress.sender);
	if (r < 0)
		return r;
	r = sd_bus_add_filter(client->bus, &filter, on_any_message, &progress);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, name, timeout, ret_reply);
}

const char *const limit_mode_names[] = {
	[RSS_LIMIT_RECLAIM] = "reclaim",
	[RSS_LIMIT_REFUSE] = "refuse",
	[RSS_LIMIT_FORCE] = "force",
};

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
	/* A later rssd may have more to tell; set it is. */
	return RSS_LIMIT_SET;
}

int rss_limit(struct rss_client *client, const char *name, uint64_t limit, enum rss_limit_mode mode,
	      uint64_t timeout, rss_progress_fn progress, void *userdata, uint64_t *ret_usage)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	uint64_t patience = timeout && timeout < CALL_FOR_EVER - GRACE ? timeout + GRACE
								       : CALL_FOR_EVER;
	const char *outcome = NULL;
	uint64_t usage;
	int r;

	REQUIRE(client, name);
	if (mode < RSS_LIMIT_RECLAIM || mode > RSS_LIMIT_FORCE)
		return client_fail(client, -EINVAL, "%d is no mode of setting a limit", (int)mode);
	r = client_method(client, name, "SetLimit", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "t", limit);
	if (r >= 0)
		r = append_options(call, mode, timeout, progress);
	if (r < 0)
		return client_fail_message(client, r);
	r = progress ? call_with_progress(client, call, name, patience, progress, userdata, &reply)
		     : client_call(client, call, name, patience, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "ts", &usage, &outcome);
	if (r < 0)
		return client_fail_message(client, r);
	if (ret_usage)
		*ret_usage = usage;
	return (int)limit_outcome_from_name(outcome);
}
