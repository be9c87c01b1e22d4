/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kills by rssd: see kill-report.h. */
#include "monitor/kill-report.h"

#include "container/manager.h"
#include "policy/oom-record.h"

void kill_report_emit(struct container *c, const struct kill_reason *reason,
		      const struct kill_tally *tally)
{
	struct container *on = reason->limited ? reason->limited : c;
	struct oom_process victim = { .uid = (uid_t)-1 };
	struct oom_record record = {
		.container = reason->limited ? reason->limited->name : NULL,
		.victim_container = c->name,
		.usage = reason->limited ? reason->usage : OOM_ABSENT,
		.limit = reason->limited ? reason->limit : OOM_ABSENT,
		.snapshot = oom_snapshot_unknown(),
		.cause = (char *)reason->cause,
		.killed = tally->count,
		.requester_uid = requester_is_client(&reason->requester) ? reason->requester.uid
									 : (uid_t)-1,
		.requester_pid = reason->requester.pid,
	};
	struct event event = {
		.kind = EVENT_KILL,
		.container = on,
		.usage = record.usage,
		.limit = record.limit,
		.amount = tally->count,
		.oom = &record,
	};

	if (tally->count == 0)
		return;
	if (tally->largest.count > 0)
		victim = tally->largest.list[0];
	record.victim_pid = victim.pid;
	record.victim_uid = victim.uid;
	record.victim_command = *victim.command ? victim.command : NULL;
	record.snapshot.processes = tally->largest;
	manager_emit(c->manager, &event);
}
