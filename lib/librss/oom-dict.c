/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the record of an OOM: see oom-dict.h. */
#include "librss/oom-dict.h"

#include <errno.h>
#include <stdlib.h>

#include "librss/dict.h"
#include "librss/process-list.h"
#include "librss/rss.h"
#include "shared/cleanup.h"

DEFINE_CLEANUP(struct rss_oom *, oom_dict_free);

#define FIELD(key, type, member)                                  \
	{                                                         \
		key, type, offsetof(struct rss_oom, member), NULL \
	}

/* @at: the struct rss_oom */
static int read_processes(sd_bus_message *message, void *at)
{
	struct rss_oom *oom = at;

	/* A key may come twice: the second list is skipped. */
	if (oom->processes)
		return sd_bus_message_skip(message, "a(uuts)");
	return processes_read(message, (struct rss_process **)&oom->processes, &oom->n_processes);
}

static const struct dict_field fields[] = {
	FIELD("ID", "t", id),
	FIELD("Time", "t", time),
	FIELD("Container", "s", container),
	FIELD("LimitOwner", "s", limit_owner),
	FIELD("VictimContainer", "s", victim_container),
	FIELD("VictimPID", "u", victim_pid),
	FIELD("VictimUID", "u", victim_uid),
	FIELD("VictimCommand", "s", victim_command),
	FIELD("Usage", "t", usage),
	FIELD("Limit", "t", limit),
	FIELD("Group", "b", group),
	FIELD("Failures", "t", failures),
	FIELD("Reclaimed", "t", reclaimed),
	FIELD("Scanned", "t", scanned),
	FIELD("Anonymous", "t", anonymous),
	FIELD("File", "t", file),
	FIELD("Shmem", "t", shmem),
	FIELD("Kernel", "t", kernel),
	FIELD("Mapped", "t", mapped),
	FIELD("Locked", "t", locked),
	FIELD("SwapFree", "t", swap_free),
	FIELD("Cause", "s", cause),
	FIELD("Killed", "t", killed),
	FIELD("RequesterUID", "u", requester_uid),
	FIELD("RequesterPID", "u", requester_pid),
	{ "Processes", "a(uuts)", 0, read_processes },
};

/* A container without an OOM has an empty dictionary; a record has at least one of these. */
static bool is_empty(const struct rss_oom *oom)
{
	return !oom->id && !oom->time && !oom->container && !oom->limit_owner && !oom->victim_pid &&
	       !oom->victim_command;
}

int oom_dict_read(sd_bus_message *message, struct rss_oom **ret)
{
	cleanup_(oom_dict_free_ptr) struct rss_oom *oom = calloc(1, sizeof(*oom));
	int r;

	if (!oom)
		return -ENOMEM;
	oom->victim_uid = oom->requester_uid = (uint32_t)-1;
	oom->usage = oom->limit = RSS_ABSENT;
	oom->failures = oom->reclaimed = oom->scanned = RSS_ABSENT;
	oom->anonymous = oom->file = oom->shmem = oom->kernel = RSS_ABSENT;
	oom->mapped = oom->locked = oom->swap_free = RSS_ABSENT;
	r = dict_read(message, fields, ARRAY_SIZE(fields), oom);
	if (r < 0)
		return r;
	*ret = is_empty(oom) ? NULL : take_ptr(oom);
	return 0;
}

struct rss_oom *oom_dict_free(struct rss_oom *oom)
{
	if (!oom)
		return NULL;
	free((void *)oom->container);
	free((void *)oom->limit_owner);
	free((void *)oom->victim_container);
	free((void *)oom->victim_command);
	free((void *)oom->cause);
	rss_processes_free((struct rss_process *)oom->processes, oom->n_processes);
	free(oom);
	return NULL;
}
