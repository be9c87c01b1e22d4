/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forecast of a limit: would it be set, and how. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/dict.h"

DEFINE_CLEANUP(struct rss_forecast *, rss_forecast_free);

static const char *const names[] = {
	[RSS_FITS] = "fits",	   [RSS_RECLAIMS] = "reclaims", [RSS_UNSURE] = "unsure",
	[RSS_REFUSES] = "refused", [RSS_KILLS] = "kills",
};

const char *rss_verdict_name(enum rss_verdict verdict)
{
	return (size_t)verdict < ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

enum rss_verdict verdict_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], name))
			return (enum rss_verdict)i;
	}
	return RSS_UNSURE;
}

static int read_verdict(sd_bus_message *message, void *at)
{
	enum rss_verdict *verdict = at;
	const char *name;
	int r = sd_bus_message_read(message, "s", &name);

	if (r >= 0)
		*verdict = verdict_from_name(name);
	return r < 0 ? r : 0;
}

#define FIELD(key, type, member, read)                                 \
	{                                                              \
		key, type, offsetof(struct rss_forecast, member), read \
	}

static const struct dict_field fields[] = {
	FIELD("Verdict", "s", verdict, read_verdict),
	FIELD("Reason", "s", reason, NULL),
	FIELD("Usage", "t", usage, NULL),
	FIELD("ToFree", "t", to_free, NULL),
	FIELD("Reclaimable", "t", reclaimable, NULL),
	FIELD("Anonymous", "t", anonymous, NULL),
	FIELD("File", "t", file, NULL),
	FIELD("Shmem", "t", shmem, NULL),
	FIELD("Locked", "t", locked, NULL),
	FIELD("Dirty", "t", dirty, NULL),
	FIELD("SwapFree", "t", swap_free, NULL),
	FIELD("Swappiness", "t", swappiness, NULL),
};

int rss_forecast_limit(struct rss_client *client, const char *name, uint64_t limit,
		       enum rss_limit_mode mode, struct rss_forecast **ret)
{
	cleanup_(rss_forecast_free_ptr) struct rss_forecast *forecast = NULL;
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r;

	REQUIRE(client, name && ret);
	r = client_check_mode(client, mode);
	if (r < 0)
		return r;
	r = client_method(client, name, "ForecastLimit", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "ta{sv}", limit, 1, "mode", "s", limit_mode_names[mode]);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, name, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	forecast = calloc(1, sizeof(*forecast));
	if (!forecast)
		return client_fail_message(client, -ENOMEM);
	/* If rssd sends a verdict that this version does not know. */
	forecast->verdict = RSS_UNSURE;
	forecast->usage = forecast->to_free = forecast->reclaimable = RSS_ABSENT;
	forecast->anonymous = forecast->file = forecast->locked = RSS_ABSENT;
	forecast->dirty = forecast->swappiness = RSS_ABSENT;
	forecast->shmem = forecast->swap_free = RSS_ABSENT;
	r = dict_read(reply, fields, ARRAY_SIZE(fields), forecast);
	if (r >= 0 && !forecast->reason && !(forecast->reason = strdup("")))
		r = -ENOMEM;
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(forecast);
	return 0;
}

struct rss_forecast *rss_forecast_free(struct rss_forecast *forecast)
{
	if (!forecast)
		return NULL;
	free((void *)forecast->reason);
	free(forecast);
	return NULL;
}
