/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of setting a limit: given where things stand, what is the next
 * step? Pure: no file, no clock, no thread. change.c carries the steps out.
 */
#ifndef RSSD_LIMIT_H
#define RSSD_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum limit_mode {
	LIMIT_MODE_RECLAIM, /* reclaim until usage fits or the time is up */
	LIMIT_MODE_REFUSE,  /* refuse where usage is above the new limit */
	LIMIT_MODE_FORCE,   /* reclaim, then kill inside the container */
};

/* "reclaim", "refuse", "force"; limit_mode_parse() is -EINVAL for anything else. */
const char *limit_mode_name(enum limit_mode mode);
int limit_mode_parse(const char *text, enum limit_mode *ret);

struct limit_situation {
	enum limit_mode mode;
	uint64_t target;      /* the limit to be, bytes */
	uint64_t usage;	      /* now, bytes */
	bool kernel_refuses;  /* the kernel keeps the old limit where usage does not fit */
	bool can_reclaim;     /* reclaim can be asked for apart from the limit */
	bool stop;	      /* the deadline has passed, or the caller is gone */
	unsigned int stalled; /* attempts in a row that did not bring usage down */
};

enum limit_action {
	LIMIT_WRITE,   /* write the limit */
	LIMIT_RECLAIM, /* reclaim usage - target first */
	LIMIT_KILL,    /* kill the worst process of the container */
	LIMIT_REFUSE,  /* give up at once: usage does not fit */
	LIMIT_GIVE_UP, /* give up: reclaim did not bring usage below target */
	LIMIT_STOP,    /* give up: told to */
};

/* Attempts without progress after which reclaim is believed to be exhausted. */
#define LIMIT_STALLED_MAX 20

enum limit_action limit_decide(const struct limit_situation *now);

/* A process that could be killed to make room. */
struct limit_victim {
	int oom_score_adj;
	uint64_t resident;
};

/*
 * The index of the process to kill: the largest that is not protected
 * (oom_score_adj of -1000); -1 where there is none.
 */
long limit_choose_victim(const struct limit_victim victims[], unsigned long count);

#endif
