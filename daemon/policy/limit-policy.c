/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of setting a limit: see limit-policy.h. */
#include "policy/limit-policy.h"

#include <errno.h>
#include <string.h>

#include "shared/cleanup.h"

static const char *const mode_names[] = {
	[LIMIT_MODE_RECLAIM] = "reclaim",
	[LIMIT_MODE_REFUSE] = "refuse",
	[LIMIT_MODE_FORCE] = "force",
};

const char *limit_mode_name(enum limit_mode mode)
{
	return mode_names[mode];
}

int limit_mode_parse(const char *text, enum limit_mode *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (strcmp(text, mode_names[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

enum limit_action limit_decide(const struct limit_situation *now)
{
	if (now->usage <= now->target)
		return now->stop ? LIMIT_STOP : LIMIT_WRITE;

	if (now->mode == LIMIT_MODE_REFUSE)
		return LIMIT_REFUSE;
	if (now->stop)
		return LIMIT_STOP;

	if (now->mode == LIMIT_MODE_FORCE) {
		/*
		 * A kernel that does not refuse the limit kills by itself, and more than it must:
		 * it does not wait until the memory of a victim is freed.
		 */
		if (!now->kernel_refuses && !now->can_reclaim)
			return LIMIT_WRITE;
		if (now->stalled >= 2)
			return LIMIT_KILL;
		return now->kernel_refuses ? LIMIT_WRITE : LIMIT_RECLAIM;
	}

	if (now->stalled >= LIMIT_STALLED_MAX)
		return LIMIT_GIVE_UP;
	/* Writing the limit also reclaims, and has no race between the check and the write. */
	if (now->kernel_refuses)
		return LIMIT_WRITE;
	return now->can_reclaim ? LIMIT_RECLAIM : LIMIT_REFUSE;
}

long limit_choose_victim(const struct limit_victim victims[], unsigned long count)
{
	long worst = -1;

	for (unsigned long i = 0; i < count; i++) {
		if (victims[i].oom_score_adj <= -1000)
			continue;
		if (worst < 0 || victims[i].resident > victims[worst].resident)
			worst = (long)i;
	}
	return worst;
}
