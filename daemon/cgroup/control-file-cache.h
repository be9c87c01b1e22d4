/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cache of open control files. Opening a small file takes nine tenths of the
 * time to read it, so the files of a group that is sampled repeatedly stay open.
 * Each open file takes a page of kernel memory, so the cache exists only while
 * the group is sampled.
 *
 * The functions that read may be called from several threads. One thread at a
 * time uses the open files; the others open the file for their read, as do all
 * if @kept is NULL.
 */
#ifndef RSSD_KEPT_FILES_H
#define RSSD_KEPT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "cgroup/control-file.h"
#include "shared/cleanup.h"

/* The maximum number of open files of one group. */
#define KEPT_FILES_MAX 6

struct kept_files;

struct kept_files *kept_files_new(void);
struct kept_files *kept_files_free(struct kept_files *kept);
DEFINE_CLEANUP(struct kept_files *, kept_files_free);

/* Like the functions of control-file.h. @file must stay valid, as a string constant does. */
int kept_read_u64(struct kept_files *kept, int dir, const char *file, uint64_t *ret);
int kept_read_keys(struct kept_files *kept, int dir, const char *file, struct cgroup_key keys[],
		   size_t count);
int kept_count_pids(struct kept_files *kept, int dir, const char *file, uint32_t *ret);

#endif
