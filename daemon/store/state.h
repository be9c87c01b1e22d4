/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rssd remembers on disk: one file a container, and the number of the
 * next event. A file is written whole to a temporary one, synced, renamed, and
 * its folder synced, so that a kill or a power cut at any point leaves the old
 * file or the new one. A file that cannot be read is set aside under another
 * name, never deleted, and the others still load.
 *
 * A transient container ends with its processes, so at the latest with the
 * machine: its file is in a folder that does not outlive a boot, and nothing is
 * synced for it.
 *
 * The write functions may block on the disk, so they run on a worker. They
 * touch nothing but the folder's descriptor and the one file, and may run for
 * several containers at a time.
 */
#ifndef RSSD_STATE_H
#define RSSD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"

struct failure;
struct record;
struct state;

/**
 * state_open() - open (or make) the folder and take its lock
 * @path: "/var/lib/rssd"
 * @runtime: "/run/rssd"; where it cannot be used, transient containers are kept in @path
 *
 * Fails where another rssd holds the lock, and where the folder cannot be written.
 */
int state_open(const char *path, const char *runtime, struct state **ret, struct failure *failure);
struct state *state_free(struct state *state);
DEFINE_CLEANUP(struct state *, state_free);

/* A file that is written and synced but not yet in place. */
struct state_write;

/**
 * state_prepare() - write the new file beside the old one
 *
 * Afterwards the disk has room for it: what is left is a rename. So the order
 * of a change is prepare, apply to the kernel, commit.
 */
int state_prepare(struct state *state, const struct record *record, struct state_write **ret);
/* Does writing that wait for a disk? What is not to outlive a boot does not. */
bool state_waits(const struct state *state, const struct record *record);
/* Puts it in place, and frees it whatever the outcome. */
int state_commit(struct state_write *write);
/* Removes it and frees it. Returns NULL. */
struct state_write *state_abort(struct state_write *write);
DEFINE_CLEANUP(struct state_write *, state_abort);

/*
 * Forgets a container: 1 where a power cut may bring it back until
 * state_sync(), 0 where there is nothing (more) to forget, or a negative errno.
 */
int state_forget(struct state *state, const char *name);
int state_sync(struct state *state);

/* Called for each container found. It may take the record by setting *record to NULL. */
typedef int (*state_found_fn)(struct record **record, void *userdata);
/* Called for each file that was set aside: what was wrong with it. */
typedef void (*state_aside_fn)(const char *reason, void *userdata);

/* Reads all of it, once, at the start; removes temporary files that a crash left. */
int state_load(struct state *state, state_found_fn found, state_aside_fn aside, void *userdata);

/* The event numbers below this one may have been used; 1 where nothing is known. */
int state_read_sequence(struct state *state, uint64_t *ret);
int state_write_sequence(struct state *state, uint64_t sequence);

/* Other files of the folder, whole: synced texts, -ENOENT where there is none. */
int state_write_text(struct state *state, const char *file, const char *text);
int state_read_text(struct state *state, const char *file, char **ret, size_t *ret_length);
int state_remove_text(struct state *state, const char *file);

#endif
