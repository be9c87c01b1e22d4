/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control files: small texts with a number, a list of "key value" lines, or a
 * list of pids. They are reached through the descriptor of their folder, so a
 * folder that was removed answers -ENODEV or -ENOENT.
 *
 * A write that a signal interrupts returns -EINTR and is not repeated: it may
 * take seconds on a worker, and a signal is how it is cancelled. A file whose
 * text is malformed gives -EBADMSG.
 */
#ifndef RSSD_CGROUP_FILES_H
#define RSSD_CGROUP_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole file as a string, to be freed, however long it is. */
int cgroup_read(int dir, const char *file, char **ret);
/* A number; "max" reads as UINT64_MAX. */
int cgroup_read_u64(int dir, const char *file, uint64_t *ret);
/* In one write, as the kernel wants it. */
int cgroup_write(int dir, const char *file, const char *text);
int cgroup_write_u64(int dir, const char *file, uint64_t value);

/* One line of a keyed file: "oom_kill 3". @value stays as it was where the key is not there. */
struct cgroup_key {
	const char *key;
	uint64_t value;
};

/* Fills the values of @keys from the file. */
int cgroup_read_keys(int dir, const char *file, struct cgroup_key keys[], size_t count);

/* The pids in a cgroup.procs; *ret to be freed, NULL where there are none. */
int cgroup_read_pids(int dir, const char *file, pid_t **ret, size_t *ret_count);
/* How many there are in it, however many that is. */
int cgroup_count_pids(int dir, const char *file, uint32_t *ret);

/* The pure parts. */
int cgroup_parse_u64(const char *text, uint64_t *ret);
void cgroup_parse_keys(const char *text, struct cgroup_key keys[], size_t count);
/* What cgroup_count_pids() would count in it. */
uint32_t cgroup_parse_pid_count(const char *text);
int cgroup_parse_pids(const char *text, pid_t **ret, size_t *ret_count);

#endif
