/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of setting a limit: decides the next step from the current situation.
 * Pure: no file, no clock, no thread. operation/change-apply.c carries out the steps.
 */
#ifndef RSSD_LIMIT_H
#define RSSD_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum limit_mode {
	LIMIT_MODE_RECLAIM, /* reclaim until usage fits or the deadline passes */
	LIMIT_MODE_REFUSE,  /* refuse if usage is above the new limit */
	LIMIT_MODE_FORCE,   /* reclaim, then kill processes of the container */
};

/* "reclaim", "refuse", "force"; limit_mode_parse() is -EINVAL for anything else. */
const char *limit_mode_name(enum limit_mode mode);
int limit_mode_parse(const char *text, enum limit_mode *ret);

struct limit_situation {
	enum limit_mode mode;
	uint64_t target;      /* the new limit, bytes */
	uint64_t usage;	      /* now, bytes */
	bool kernel_refuses;  /* the kernel keeps the old limit if usage does not fit */
	bool can_reclaim;     /* rssd can request reclaim without changing the limit */
	bool stop;	      /* the deadline has passed, or the caller has disconnected */
	unsigned int stalled; /* consecutive attempts that did not lower usage */
};

enum limit_action {
	LIMIT_WRITE,   /* write the limit */
	LIMIT_RECLAIM, /* reclaim usage - target first */
	LIMIT_KILL,    /* kill the largest process of the container */
	LIMIT_REFUSE,  /* give up immediately: usage does not fit */
	LIMIT_GIVE_UP, /* give up: reclaim did not bring usage below target */
	LIMIT_STOP,    /* give up: now->stop is set */
};

/* After this many attempts without progress, reclaim is considered exhausted. */
#define LIMIT_STALLED_MAX 20

enum limit_action limit_decide(const struct limit_situation *now);

/* A process that can be killed to lower usage. */
struct limit_victim {
	int oom_score_adj;
	uint64_t resident;
};

/*
 * Returns the index of the process to kill: the largest that is not protected by an
 * oom_score_adj of -1000. Returns -1 if there is none.
 */
long limit_choose_victim(const struct limit_victim victims[], unsigned long count);

#endif
