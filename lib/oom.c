/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an OOM: a fact that the kernel did not tell is absent in it. */
#include <errno.h>
#include <stdlib.h>

#include "oom.h"

#include "cleanup.h"
#include "dict.h"
#include "rss.h"

DEFINE_CLEANUP(struct rss_oom *, rss_oom_free);

#define FIELD(key, type, member)                                  \
	{                                                         \
		key, type, offsetof(struct rss_oom, member), NULL \
	}

static const struct dict_field fields[] = {
	FIELD("Sequence", "t", sequence),
	FIELD("Time", "t", time),
	FIELD("Container", "s", container),
	FIELD("LimitOwner", "s", limit_owner),
	FIELD("VictimContainer", "s", victim_container),
	FIELD("VictimPID", "u", victim_pid),
	FIELD("VictimUID", "u", victim_uid),
	FIELD("VictimCommand", "s", victim_command),
	FIELD("Usage", "t", usage),
	FIELD("Limit", "t", limit),
};

/* The dictionary of a container that had no OOM, not one of which little is known. */
static bool is_empty(const struct rss_oom *oom)
{
	return !oom->sequence && !oom->time && !oom->container && !oom->limit_owner &&
	       !oom->victim_pid && !oom->victim_command;
}

int rss_oom_read(sd_bus_message *message, struct rss_oom **ret)
{
	cleanup_(rss_oom_free_ptr) struct rss_oom *oom = calloc(1, sizeof(*oom));
	int r;

	if (!oom)
		return -ENOMEM;
	oom->usage = oom->limit = RSS_ABSENT;
	r = dict_read(message, fields, ARRAY_SIZE(fields), oom);
	if (r < 0)
		return r;
	*ret = is_empty(oom) ? NULL : take_ptr(oom);
	return 0;
}

struct rss_oom *rss_oom_free(struct rss_oom *oom)
{
	if (!oom)
		return NULL;
	free((void *)oom->container);
	free((void *)oom->limit_owner);
	free((void *)oom->victim_container);
	free((void *)oom->victim_command);
	free(oom);
	return NULL;
}
