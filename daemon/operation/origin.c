/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Origins of processes: see origin.h. */
#include "operation/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/worker.h"
#include "cgroup/cgroup-path.h"
#include "cgroup/subtree.h"
#include "container/manager.h"
#include "host/process.h"
#include "shared/cleanup.h"
#include "store/origins.h"

/* Children that are forked meanwhile are found by the next pass. */
#define PASSES_MAX 100

char *origin_of_process(struct manager *m, const struct process *p)
{
	struct process at = *p;
	char *origin = origins_find(m->origins, at.pid, at.start);

	for (unsigned int depth = 0; depth < 64 && !origin && at.parent > 1; depth++) {
		if (process_read(at.parent, &at) < 0)
			break;
		origin = origins_find(m->origins, at.pid, at.start);
	}
	if (!origin)
		origin = origins_find_leader(m->origins, p->group, p->start);
	if (!origin)
		origin = origins_find_leader(m->origins, p->session, p->start);
	return origin;
}

int origin_move(struct controller *controller, char *cgroup, pid_t pid,
		enum origin_fallback fallback)
{
	for (;;) {
		int r = controller_move_to_cgroup(controller, *cgroup ? cgroup : "/", pid);
		char *slash = strrchr(cgroup, '/');

		if (r != -ENOENT || fallback == ORIGIN_ONLY || !slash ||
		    (slash == cgroup && fallback != ORIGIN_ROOT))
			return r;
		*slash = '\0';
	}
}

/* Returns a negative errno, or 0 also if it has ended or left. */
static int return_one(struct manager *m, const struct subtree *tree, pid_t pid)
{
	cleanup_close int pidfd = process_open(pid);
	cleanup_free char *origin = NULL;
	struct process p;

	if (pidfd < 0 || process_read(pid, &p) < 0 || subtree_has_process(tree, &p, NULL) != 1)
		return 0;
	origin = origin_of_process(m, &p) ?: strdup("/");
	return origin ? origin_move(m->controller, origin, pid, ORIGIN_ROOT) : -ENOMEM;
}

int origin_return_members(struct manager *m, struct group *group, struct worker *worker)
{
	const struct subtree tree = { .group = group };

	for (unsigned int pass = 0; pass < PASSES_MAX && !worker_cancelled(worker); pass++) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };
		int r = subtree_list(&tree, &members);

		if (r < 0 || members.count == 0)
			return r;
		for (size_t i = 0; i < members.count; i++) {
			r = return_one(m, &tree, members.list[i].pid);
			if (r < 0 && r != -ESRCH)
				return r;
		}
	}
	return -EAGAIN;
}
