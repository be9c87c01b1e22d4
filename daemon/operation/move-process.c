/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving one process: see move-process.h. */
#include "operation/move-process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroup/cgroup-path.h"
#include "container/manager.h"
#include "host/process-tree.h"
#include "host/process.h"
#include "operation/attach-policy.h"
#include "operation/move-tree.h"
#include "operation/move.h"
#include "shared/cleanup.h"

int move_identify(int pidfd, uid_t caller, struct process *ret, uid_t *ret_owner)
{
	pid_t pid;
	int r = process_pid_of(pidfd, &pid);

	if (r == 0)
		r = process_read(pid, ret);
	*ret_owner = 0;
	if (r == 0 && caller != 0)
		r = process_read_owner(pid, ret_owner);
	/* A zombie has ended for a pidfd, but still has its pid. */
	if (r == 0 && process_ended(pidfd, 0) && !ret->ended)
		r = -ESRCH;
	return r;
}

static void add_unidentified(struct move *move, pid_t pid, int error)
{
	struct attach_row *row =
		move_add_row(move, pid, error == -ESRCH ? ATTACH_VANISHED : ATTACH_REFUSED);

	if (row && error != -ESRCH)
		snprintf(row->reason, sizeof(row->reason), "the descriptor is not a pidfd");
}

/* If the pid was reused, the new process was moved: it goes back to the cgroup of its parent. */
static void undo_reused(struct move *move, const struct process *meant)
{
	cleanup_free char *home = NULL;
	struct process now;

	if (process_read(meant->pid, &now) < 0 || now.start == meant->start)
		return;
	if (controller_cgroup_of_process(move->manager->controller, now.parent, &home) == 0)
		(void)controller_move_to_cgroup(move->manager->controller, home, now.pid);
}

bool move_begin_process(struct move *move, int pidfd, const struct process *expected,
			struct process *ret, const char **ret_refusal)
{
	uid_t owner;
	int r = move_identify(pidfd, move->caller.uid, ret, &owner);

	/* A descendant that ended after the scan is reported as vanished. */
	if (r == 0 && expected && (ret->start != expected->start || ret->ended))
		r = -ESRCH;
	if (r < 0) {
		add_unidentified(move, expected ? expected->pid : 0, r);
		if (expected)
			move_tree_add(move, expected, MEMBER_ENDED);
		return false;
	}
	/* Added before it is moved, so that no child is missed. */
	move_tree_add(move, ret, MEMBER_OUTSIDE);
	*ret_refusal = attach_refusal(ret, owner, move->caller.uid, getpid());
	return true;
}

bool move_has_vanished(struct move *move, int pidfd, const struct process *p, bool moved)
{
	if (!process_ended(pidfd, 0))
		return false;
	if (moved)
		undo_reused(move, p);
	move_add_row(move, p->pid, ATTACH_VANISHED);
	move_tree_add(move, p, MEMBER_ENDED);
	return true;
}
