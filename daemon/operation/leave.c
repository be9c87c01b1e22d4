/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking processes out of units: see leave.h. */
#include "operation/leave.h"

#include "base/failure.h"
#include "cgroup/controller.h"
#include "cgroup/delegation.h"
#include "host/process.h"
#include "policy/unit.h"
#include "shared/text.h"

static int refuse_unit(const struct process *process, const struct unit_place *unit, uid_t caller,
		       struct failure *failure)
{
	return fail(
		failure, RSS_ERROR_IN_UNIT,
		"Process %d is in the unit \"%.100s\": attaching it would remove it from the "
		"unit's device and IP filters and limits (TasksMax=, CPUQuota=), from systemctl "
		"status, and from the unit's journal; %s",
		(int)process->pid, unit->name,
		caller == 0 ? "use --leave-unit to attach it anyway"
			    : "only root may attach it, with --leave-unit");
}

static int refuse_cgroup(const struct process *process, const char *cgroup, uid_t caller,
			 struct failure *failure)
{
	return fail(failure, RSS_ERROR_ACCESS_DENIED,
		    "Process %d is in the cgroup \"%.100s\", which is not delegated to user %u; "
		    "start it with systemd-run --user --scope, or ask root",
		    (int)process->pid, cgroup, (unsigned int)caller);
}

int leave_check(const struct controller *controller, const struct process *process,
		const char *cgroup, const struct attach_caller *caller, bool leave,
		struct failure *failure)
{
	bool own = process->pid == caller->pid || process->parent == caller->pid;
	bool delegated = false;
	enum unit_verdict verdict;
	struct unit_place unit;
	int r = 0;

	if (!controller_leaves_units(controller))
		return 0;
	unit_of_cgroup(cgroup, &unit);
	if (caller->uid != 0)
		delegated = delegation_is_to(controller, cgroup, unit.length, caller->uid);
	verdict = unit_decide(&unit, caller->uid, own, leave, delegated);
	if (verdict == UNIT_STAYS)
		r = refuse_unit(process, &unit, caller->uid, failure);
	else if (verdict == UNIT_NOT_DELEGATED)
		r = refuse_cgroup(process, cgroup, caller->uid, failure);
	/* A cgroup may have any name; a long one is truncated. */
	if (r < 0)
		text_make_safe(failure->text);
	return r;
}

bool leave_keeps_from_rules(const struct controller *controller, const char *cgroup)
{
	struct unit_place unit;

	if (!controller_leaves_units(controller))
		return false;
	unit_of_cgroup(cgroup, &unit);
	return unit_keeps_from_rules(&unit);
}
