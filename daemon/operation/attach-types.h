/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What attach.h and move.h share: the options of a move, and its report, which has a row for
 * each process.
 */
#ifndef RSSD_ATTACH_TYPES_H
#define RSSD_ATTACH_TYPES_H

#include <stddef.h>
#include <sys/types.h>

struct failure;

/* How to attach. */
enum {
	ATTACH_TREE = 1 << 0,	 /* all descendants too */
	ATTACH_DRY_RUN = 1 << 1, /* move nothing: report each outcome after one scan of the tree */
	ATTACH_LEAVE_UNIT = 1 << 2, /* also processes that would leave their unit: see leave.h */
	ATTACH_BY_RULE = 1 << 3, /* a process that must not leave its unit is refused in its row */
};

enum attach_outcome {
	ATTACH_MOVED,
	ATTACH_VANISHED,
	ATTACH_REFUSED,
	ATTACH_WOULD_MOVE, /* a dry run found no obstacle */
};

struct attach_row {
	pid_t pid; /* 0 if the process had ended before its pid was read */
	enum attach_outcome outcome;
	char reason[384]; /* for REFUSED; a remark for MOVED and WOULD_MOVE, or "" */
};

/* @rows are valid only during the call. */
typedef void (*attach_done_fn)(const struct attach_row rows[], size_t count,
			       const struct failure *failure, void *userdata);

#endif
