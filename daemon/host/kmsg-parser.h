/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM kills out of the lines of the kernel's log: the lines of one OOM become one
 * record. The formats of 4.19 to 6.18 are known. Pure.
 *
 * Any user can make the kernel print lines that begin with a process name of
 * their choice and that hold file names of their choice. So a line counts only if
 * all of it, from its first byte to its last, has the exact form in which the
 * kernel reports an OOM, and if its facility is the kernel's, which user space
 * cannot forge. Names of processes and cgroups may be any bytes but NUL: neither
 * valid UTF-8 nor free of control characters.
 */
#ifndef RSSD_KMSG_PARSER_H
#define RSSD_KMSG_PARSER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/oom-record.h"

#define KMSG_UID_ABSENT ((uid_t)-1)

/* What the log reports of one kill; absent facts are "", UINT64_MAX or KMSG_UID_ABSENT. */
struct kmsg_oom {
	bool memcg;	       /* because of a cgroup's limit, not the machine's */
	char limit_owner[512]; /* oom_memcg: the cgroup whose limit it was */
	/* task_memcg; if a whole cgroup was killed, that one for all but the first victim. */
	char victim_cgroup[512];
	pid_t pid;
	uid_t uid;
	char comm[16];
	uint64_t usage, limit; /* bytes, of limit_owner */
	/* The largest that could be killed, as the kernel listed them at that moment. */
	struct oom_processes processes;
};

/* Begins as all zero. */
struct kmsg_parser {
	struct kmsg_oom open;	   /* of the report that is being read */
	unsigned int task_columns; /* of the list of tasks, from uid to oom_score_adj */
	struct kmsg_oom last;	   /* the record before, which a kill of a whole cgroup continues */
	bool begun;
	bool has_header;      /* the oom-kill: line was read */
	bool has_group;	      /* what follows are the other members of last.victim_cgroup */
	uint64_t group_since; /* microseconds of the log's clock */
	pid_t group_first;    /* the member that was reported already */
};

/**
 * kmsg_parse_line() - take in one line as /dev/kmsg gives it
 * @line: "6,1234,567,-;text"
 *
 * A kill whose header the kernel left out (it limits their rate) still has pid and comm.
 * Each victim is reported once, although the kernel names the first one of a whole cgroup
 * twice.
 *
 * Return: true if the line completed a record, which is then in *ret.
 */
bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret);

#endif
