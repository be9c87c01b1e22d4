/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot of an OOM: see oom-snapshot.h. */
#include "monitor/oom-snapshot.h"

#include <string.h>
#include <sys/sysinfo.h>

#include "container/container.h"
#include "container/manager.h"
#include "host/process.h"
#include "monitor/detection-state.h"
#include "policy/oom-record.h"
#include "shared/name.h"

/* At most this many processes are read: more would block the event loop. */
#define PROCESSES_MAX 1024

static uint64_t counted_since(uint64_t before, uint64_t now)
{
	if (now == COUNTER_ABSENT)
		return OOM_ABSENT;
	return before == COUNTER_ABSENT || before > now ? now : now - before;
}

static unsigned int read_processes(struct container *c, unsigned int left,
				   struct oom_processes *ret)
{
	cleanup_free pid_t *pids = NULL;
	size_t count = 0;

	if (group_list_processes(c->group, &pids, &count) < 0)
		return left;
	for (size_t i = 0; i < count && left > 0; i++, left--) {
		struct oom_process found = { .uid = (uid_t)-1 };
		struct process p;

		if (process_read(pids[i], &p) < 0 || p.resident == 0)
			continue;
		found.pid = p.pid;
		found.resident = p.resident;
		memcpy(found.command, p.command, sizeof(found.command));
		oom_processes_add(ret, &found);
	}
	return left;
}

void oom_snapshot_take(struct container *c, struct oom_snapshot *ret)
{
	struct oom_snapshot snapshot = oom_snapshot_unknown();
	struct manager *m = c->manager;
	struct counters now;
	struct sysinfo info;
	unsigned int left = PROCESSES_MAX;

	if (container_read_counters(c, &now) == 0) {
		snapshot.failures = counted_since(c->detection->at_oom.failures, now.failures);
		snapshot.reclaimed = counted_since(c->detection->at_oom.reclaimed, now.reclaimed);
		snapshot.scanned = counted_since(c->detection->at_oom.scanned, now.scanned);
		c->detection->at_oom.failures = now.failures;
		c->detection->at_oom.reclaimed = now.reclaimed;
		c->detection->at_oom.scanned = now.scanned;
	}
	group_read_parts(c->group, &snapshot.parts);
	if (sysinfo(&info) == 0)
		snapshot.swap_free = (uint64_t)info.freeswap * info.mem_unit;
	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		struct container *other = m->containers[i];

		if (other == c || name_is_inside(other->name, c->name))
			left = read_processes(other, left, &snapshot.processes);
	}
	/* Only for the largest, because the uid needs another file per process. */
	for (unsigned int i = 0; i < snapshot.processes.count; i++)
		(void)process_read_uid(snapshot.processes.list[i].pid,
				       &snapshot.processes.list[i].uid);
	*ret = snapshot;
}
