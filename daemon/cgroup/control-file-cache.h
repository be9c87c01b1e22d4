/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control files that stay open. Nine tenths of a small read are the opening of
 * its file, so for a group that is looked at again and again they are kept; but
 * each keeps a page in the kernel, so this is for as long as somebody looks.
 *
 * All of it may be called from several threads: one at a time has the kept
 * files, and the others open theirs. Without @kept the file is just read.
 */
#ifndef RSSD_KEPT_FILES_H
#define RSSD_KEPT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "cgroup/control-file.h"
#include "shared/cleanup.h"

/* Files of one group. */
#define KEPT_FILES_MAX 6

struct kept_files;

struct kept_files *kept_files_new(void);
struct kept_files *kept_files_free(struct kept_files *kept);
DEFINE_CLEANUP(struct kept_files *, kept_files_free);

/* As the functions of cgroup-files.h; @file is a constant. */
int kept_read_u64(struct kept_files *kept, int dir, const char *file, uint64_t *ret);
int kept_read_keys(struct kept_files *kept, int dir, const char *file, struct cgroup_key keys[],
		   size_t count);
int kept_count_pids(struct kept_files *kept, int dir, const char *file, uint32_t *ret);

#endif
