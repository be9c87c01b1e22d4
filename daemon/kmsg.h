/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log as a source of OOM victims on stock kernels: /dev/kmsg is
 * read as lines come, and what several lines tell of one OOM becomes one
 * record. Reading lines is pure (struct kmsg_parser); following the device is
 * struct kmsg.
 */
#ifndef RSSD_KMSG_H
#define RSSD_KMSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"

typedef struct sd_event sd_event;

/* What the log told of one kill; absent facts are "" or UINT64_MAX. */
struct kmsg_oom {
	bool memcg;		/* because of a cgroup's limit, not the machine's */
	char limit_owner[512];	/* oom_memcg: the cgroup whose limit it was */
	char victim_cgroup[512]; /* task_memcg */
	pid_t pid;
	uid_t uid;
	char comm[32];
	uint64_t usage, limit; /* bytes, of limit_owner */
};

struct kmsg_parser {
	struct kmsg_oom open; /* gathered so far */
	bool has_header;      /* the oom-kill: line was seen */
};

/*
 * Takes one line as /dev/kmsg gives it ("6,1234,567,-;text"). True when it
 * completed a record, which is then in *ret. A kill whose header the kernel
 * rate-limited away still gives pid and comm.
 */
bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret);

struct kmsg;
typedef void (*kmsg_oom_fn)(const struct kmsg_oom *oom, void *userdata);

/* Follows the log from now on. -ENOENT, -EPERM...: no victims will be known. */
int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret);
struct kmsg *kmsg_free(struct kmsg *kmsg);
DEFINE_CLEANUP(struct kmsg *, kmsg_free);

#endif
