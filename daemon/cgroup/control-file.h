/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control files: small texts with a number, a list of "key value" lines, or a
 * list of PIDs. They are opened relative to the descriptor of their directory.
 * If the directory was removed, the functions return -ENODEV or -ENOENT.
 *
 * A write that a signal interrupts returns -EINTR and is not repeated: it may
 * take seconds on a worker, and a signal cancels it. A file with malformed text
 * gives -EBADMSG.
 */
#ifndef RSSD_CGROUP_FILES_H
#define RSSD_CGROUP_FILES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns true for the errors of a removed directory. */
static inline bool cgroup_is_gone(int error)
{
	return error == -ENOENT || error == -ENODEV;
}

/* Reads the whole file, of any length, as a string. The caller frees it. */
int cgroup_read(int dir, const char *file, char **ret);
/* Reads a number; "max" is UINT64_MAX. */
int cgroup_read_u64(int dir, const char *file, uint64_t *ret);
/* Writes @text in one write(2), as the kernel requires. */
int cgroup_write(int dir, const char *file, const char *text);
int cgroup_write_u64(int dir, const char *file, uint64_t value);
/* Asks memory.reclaim or rss.reclaim for bytes; @swappiness may be SWAPPINESS_DEFAULT. */
int cgroup_write_reclaim(int dir, const char *file, uint64_t bytes, int swappiness);

/* One line of a keyed file: "oom_kill 3". @value is unchanged if the file does not have @key. */
struct cgroup_key {
	const char *key;
	uint64_t value;
};

/* Sets the values of @keys from the file. */
int cgroup_read_keys(int dir, const char *file, struct cgroup_key keys[], size_t count);

/* Reads the PIDs in a cgroup.procs. The caller frees *ret, which is NULL if there are none. */
int cgroup_read_pids(int dir, const char *file, pid_t **ret, size_t *ret_count);
/* Counts the PIDs in a cgroup.procs of any length. */
int cgroup_count_pids(int dir, const char *file, uint32_t *ret);

/* The pure parts of the above. */
int cgroup_parse_u64(const char *text, uint64_t *ret);
void cgroup_parse_keys(const char *text, struct cgroup_key keys[], size_t count);
/* Counts the PIDs in @text as cgroup_count_pids() does. */
uint32_t cgroup_parse_pid_count(const char *text);
int cgroup_parse_pids(const char *text, pid_t **ret, size_t *ret_count);

#endif
