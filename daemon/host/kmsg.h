/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log as a source of OOM victims on stock kernels: /dev/kmsg is
 * read as lines come, and what several lines tell of one OOM becomes one
 * record. Reading lines is pure (struct kmsg_parser); following the device is
 * struct kmsg. The formats of 4.19 to 6.18 are known.
 *
 * Names come from processes and may be any bytes but NUL: neither valid UTF-8
 * nor free of control characters. Only what the kernel itself wrote is
 * believed; user space cannot forge the facility of a line.
 */
#ifndef RSSD_KMSG_H
#define RSSD_KMSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"
#include "policy/oom-record.h"

typedef struct sd_event sd_event;

#define KMSG_UID_ABSENT ((uid_t)-1)

/* What the log told of one kill; absent facts are "", UINT64_MAX or KMSG_UID_ABSENT. */
struct kmsg_oom {
	bool memcg;	       /* because of a cgroup's limit, not the machine's */
	char limit_owner[512]; /* oom_memcg: the cgroup whose limit it was */
	/* task_memcg; where a whole cgroup was killed, that one for all but the first victim. */
	char victim_cgroup[512];
	pid_t pid;
	uid_t uid;
	char comm[32];
	uint64_t usage, limit; /* bytes, of limit_owner */
	/* The largest that could be killed, as the kernel listed them at that moment. */
	struct oom_processes processes;
};

struct kmsg_parser {
	struct kmsg_oom open;	   /* gathered so far */
	unsigned int task_columns; /* of the list of tasks, from uid to oom_score_adj */
	struct kmsg_oom last; /* the record before, which a kill of the whole cgroup goes on from */
	bool begun;
	bool has_header;      /* the oom-kill: line was seen */
	bool has_group;	      /* what follows are the other members of last.victim_cgroup */
	uint64_t group_since; /* microseconds of the log's clock */
	pid_t group_first;    /* who was told of already */
};

/*
 * Takes one line as /dev/kmsg gives it ("6,1234,567,-;text"). True when it
 * completed a record, which is then in *ret. A kill whose header the kernel
 * rate-limited away still gives pid and comm. Each victim is told once, though
 * the kernel itself names the first of a whole cgroup twice. A parser begins as
 * all zero.
 */
bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret);

struct kmsg;
typedef void (*kmsg_oom_fn)(const struct kmsg_oom *oom, void *userdata);

/*
 * Follows the log from now on. -ENOENT, -EPERM...: no victims will be known.
 * @fn must not free the kmsg.
 */
int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret);
struct kmsg *kmsg_free(struct kmsg *kmsg);
DEFINE_CLEANUP(struct kmsg *, kmsg_free);

#endif
