/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses OOM kills from lines of the kernel's log. Each kill becomes one record.
 * The parser knows the formats of Linux 4.19 to 6.18. Pure.
 *
 * Any user can make the kernel print lines that begin with a chosen process name
 * and that contain chosen file names. So a line counts only if all of it has the
 * exact form in which the kernel reports an OOM, and if its facility is the
 * kernel's, which user space cannot forge. A cgroup's name cannot make its OOM one of a
 * cgroup elsewhere. Names of processes and cgroups may
 * contain any byte except NUL; they may be invalid UTF-8 or have control characters.
 */
#ifndef RSSD_KMSG_PARSER_H
#define RSSD_KMSG_PARSER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/oom-record.h"

#define KMSG_UID_ABSENT ((uid_t)-1)

/* What the log reports about one kill; absent facts are "", UINT64_MAX or KMSG_UID_ABSENT. */
struct kmsg_oom {
	bool memcg;	       /* the limit of a memory cgroup caused it */
	char limit_owner[512]; /* oom_memcg: the cgroup whose limit it was */
	/* task_memcg, or for a kill of a whole cgroup that cgroup, except for the first victim. */
	char victim_cgroup[512];
	pid_t pid;
	uid_t uid;
	char comm[16];
	uint64_t usage, limit; /* bytes, of limit_owner */
	/* The largest candidates in the kernel's list of tasks at the OOM. */
	struct oom_processes processes;
};

/* Must be all zero before the first line. */
struct kmsg_parser {
	struct kmsg_oom open;	   /* the report that is being parsed */
	unsigned int task_columns; /* number in the list of tasks, uid to oom_score_adj */
	struct kmsg_oom last; /* the last complete record; a kill of a whole cgroup continues it */
	bool begun;
	bool has_header;      /* the oom-kill: line was parsed */
	bool has_group;	      /* kills of the other members of last.victim_cgroup follow */
	uint64_t group_since; /* microseconds on the log's clock */
	pid_t group_first;    /* the member that is already reported */
};

/**
 * kmsg_parse_line() - parse one record of /dev/kmsg
 * @line: "6,1234,567,-;text"
 *
 * The kernel limits the rate of headers; a kill without a header still has pid and comm.
 * When the kernel kills a whole cgroup it reports the first victim twice; the parser
 * reports it once.
 *
 * Return: true if the line completed a record, which is then in *ret.
 */
bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret);

#endif
