/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usage history of a container. */
#include <errno.h>
#include <stdlib.h>

#include "librss/client.h"
#include "librss/dict.h"

DEFINE_CLEANUP(struct rss_usage_history *, rss_usage_history_free);

#define FIELD(key, member)                                                 \
	{                                                                  \
		key, "t", offsetof(struct rss_usage_history, member), NULL \
	}

static const struct dict_field fields[] = {
	FIELD("Time", since),	       FIELD("Failures", failures),
	FIELD("Reclaimed", reclaimed), FIELD("OOMEvents", oom_events),
	FIELD("OOMKills", oom_kills),  FIELD("Refaults", refaults),
	FIELD("Median", median),       FIELD("Percentile95", percentile95),
	FIELD("Highest", highest),     FIELD("Observed", observed),
	FIELD("Raises", raises),
};

static int read_samples(sd_bus_message *reply, struct rss_usage_history *history)
{
	struct rss_usage_sample sample;
	size_t allocated = 0;
	int r = sd_bus_message_enter_container(reply, 'a', "(tt)");

	while (r >= 0 &&
	       (r = sd_bus_message_read(reply, "(tt)", &sample.time, &sample.usage)) > 0) {
		struct rss_usage_sample **samples = (struct rss_usage_sample **)&history->samples;

		r = array_reserve(samples, history->count, &allocated, sizeof(sample));
		if (r >= 0)
			(*samples)[history->count++] = sample;
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int rss_get_usage_history(struct rss_client *client, const char *name,
			  struct rss_usage_history **ret)
{
	cleanup_(rss_usage_history_free_ptr) struct rss_usage_history *history = NULL;
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	REQUIRE(client, name && ret);
	r = client_method(client, name, "GetUsageHistory", &call);
	if (r < 0)
		return r;
	r = client_call(client, call, name, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	history = calloc(1, sizeof(*history));
	if (!history)
		return client_fail_message(client, -ENOMEM);
	history->failures = history->reclaimed = RSS_ABSENT;
	history->oom_events = history->oom_kills = history->refaults = RSS_ABSENT;
	history->median = history->percentile95 = history->highest = RSS_ABSENT;
	r = read_samples(reply, history);
	if (r >= 0)
		r = dict_read(reply, fields, ARRAY_SIZE(fields), history);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(history);
	return 0;
}

struct rss_usage_history *rss_usage_history_free(struct rss_usage_history *history)
{
	if (!history)
		return NULL;
	free((void *)history->samples);
	free(history);
	return NULL;
}
