/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes all files that rssd keeps, atomically and durably.
 *
 * The new text is written to a temporary file, which is synced and renamed; then
 * the directory is synced. A kill or a power cut at any point leaves the old file
 * or the new one. If the last sync fails, the old file is written back in the same
 * way, so that a failed write does not reappear after a restart.
 *
 * These functions block on the disk. They use only the directory's descriptor and
 * the one file; several threads may write different files.
 */
#ifndef RSSD_DURABLE_FILE_H
#define RSSD_DURABLE_FILE_H

#include <errno.h>
#include <stdbool.h>

#include "shared/cleanup.h"

/* The prefix of temporary files. state_load() removes files that a crash left. */
#define DURABLE_TEMPORARY ".new-"

/* The outcome of a write on disk is unknown: the old file or the new one may be in place. */
#define DURABLE_UNKNOWN (-ENOTRECOVERABLE)

/* A file that is written but not yet in place. */
struct durable_file;

/**
 * durable_prepare() - write @text to a temporary file next to @file
 * @dirfd: the directory; borrowed until the commit
 * @synced: false for a file that a power cut may lose: nothing is synced
 *
 * After this the disk has space for the file: the commit only renames it.
 */
int durable_prepare(int dirfd, bool synced, const char *file, const char *text,
		    struct durable_file **ret);

/* The same in @temporary, an empty file of the caller: only a commit takes it away. */
int durable_prepare_in(int dirfd, bool synced, const char *temporary, const char *file,
		       const char *text, struct durable_file **ret);

/**
 * durable_commit() - put the file in place, and free it in any case
 *
 * Return: 0, DURABLE_UNKNOWN, or another negative errno: then the old file is in
 * place and durable, or there is none if there was none.
 */
int durable_commit(struct durable_file *file);

/* Removes the temporary file and frees it. Returns NULL. */
struct durable_file *durable_abort(struct durable_file *file);
DEFINE_CLEANUP(struct durable_file *, durable_abort);

/* Prepares and commits. */
int durable_write(int dirfd, bool synced, const char *file, const char *text);

/*
 * Removes a file durably. Return: 0, also if there was none; DURABLE_UNKNOWN if it is
 * removed but a power cut may restore it; another negative errno if it still exists.
 */
int durable_remove(int dirfd, const char *file);

#endif
