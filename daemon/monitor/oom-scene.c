/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scene of an OOM: see oom-scene.h. */
#include "monitor/oom-scene.h"

#include <string.h>
#include <sys/sysinfo.h>

#include "container/container.h"
#include "container/manager.h"
#include "shared/name.h"
#include "policy/oom-record.h"
#include "host/process.h"

/* A container may hold more, but the loop has others to serve. */
#define LOOK_AT_MOST 1024

static uint64_t since(uint64_t before, uint64_t now)
{
	if (now == COUNTER_ABSENT)
		return OOM_ABSENT;
	return before == COUNTER_ABSENT || before > now ? now : now - before;
}

static unsigned int look_at_processes(struct container *c, unsigned int left,
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

void oom_scene_look(struct container *c, struct oom_scene *ret)
{
	struct oom_scene scene = oom_scene_unknown();
	struct manager *m = c->manager;
	struct counters now;
	struct memory_lists lists;
	struct sysinfo info;
	unsigned int left = LOOK_AT_MOST;

	if (container_read_counters(c, &now) == 0) {
		scene.failures = since(c->at_oom.failures, now.failures);
		scene.reclaimed = since(c->at_oom.reclaimed, now.reclaimed);
		scene.scanned = since(c->at_oom.scanned, now.scanned);
		c->at_oom.failures = now.failures;
		c->at_oom.reclaimed = now.reclaimed;
		c->at_oom.scanned = now.scanned;
	}
	group_read_lists(c->group, &lists);
	scene.anon = lists.anon;
	scene.file = lists.file;
	scene.locked = lists.unevictable;
	if (sysinfo(&info) == 0)
		scene.swap_free = (uint64_t)info.freeswap * info.mem_unit;
	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		struct container *other = m->containers[i];

		if (other == c || name_is_inside(other->name, c->name))
			left = look_at_processes(other, left, &scene.processes);
	}
	/* Only of those that are told, since it is one more file of each. */
	for (unsigned int i = 0; i < scene.processes.count; i++)
		(void)process_read_uid(scene.processes.list[i].pid, &scene.processes.list[i].uid);
	*ret = scene;
}
