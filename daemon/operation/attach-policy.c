/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes may be moved: see attach-policy.h. */
#include "operation/attach-policy.h"

#include "host/process.h"
#include "policy/access-policy.h"

static const char *const outcome_names[] = {
	[ATTACH_MOVED] = "moved",
	[ATTACH_VANISHED] = "vanished",
	[ATTACH_REFUSED] = "refused",
	[ATTACH_WOULD_MOVE] = "would-move",
};

const char *attach_outcome_name(enum attach_outcome outcome)
{
	return outcome_names[outcome];
}

const char *attach_refusal(const struct process *process, uid_t owner, uid_t caller, pid_t self)
{
	if (process->kernel_thread)
		return "is a kernel thread and has no memory of its own";
	if (process->ended)
		return "is a zombie: it has ended and waits for its parent";
	if (process->pid == self)
		return "is rssd itself";
	if (process->pid == 1)
		return "is the init process";
	if (!access_owns(caller, owner))
		return "belongs to another user";
	return NULL;
}
