/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one writer of files that rssd keeps: whole, and durable once it says so.
 *
 * The new text goes to a temporary file, which is synced and renamed, and then
 * its directory is synced. A kill or a power cut at any point leaves the old
 * file or the new one. If the last sync fails, the old file is written back in
 * the same way, so that what is reported as failed is not found after a restart.
 *
 * These functions block on the disk. They touch nothing but the directory's
 * descriptor and the one file; several threads may write different files.
 */
#ifndef RSSD_DURABLE_FILE_H
#define RSSD_DURABLE_FILE_H

#include <errno.h>
#include <stdbool.h>

#include "shared/cleanup.h"

/* The names of temporary files begin with this. A start removes those that a crash left. */
#define DURABLE_TEMPORARY ".new-"

/* The error of a write whose outcome on disk is unknown: neither the new nor the old is certain. */
#define DURABLE_UNKNOWN (-ENOTRECOVERABLE)

/* A file that is written but not in place yet. */
struct durable_file;

/**
 * durable_prepare() - write @text beside the file that it will replace
 * @dirfd: the directory; borrowed until the commit
 * @synced: false for a file that a power cut may take: nothing is synced
 *
 * Afterwards the disk has room for it: what is left is a rename.
 */
int durable_prepare(int dirfd, bool synced, const char *file, const char *text,
		    struct durable_file **ret);

/**
 * durable_commit() - put the file in place, and free it whatever the outcome
 *
 * Return: 0, DURABLE_UNKNOWN, or another negative errno: then the old file, or
 * none, is in place and durable.
 */
int durable_commit(struct durable_file *file);

/* Removes the temporary file and frees it. Returns NULL. */
struct durable_file *durable_abort(struct durable_file *file);
DEFINE_CLEANUP(struct durable_file *, durable_abort);

/* Both steps in one. */
int durable_write(int dirfd, bool synced, const char *file, const char *text);

/*
 * Removes a file for good. 0, also if there was none; DURABLE_UNKNOWN if it is
 * removed but a power cut may bring it back; another error if it is still there.
 */
int durable_remove(int dirfd, const char *file);

#endif
