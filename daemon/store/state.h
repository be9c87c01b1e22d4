/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of rssd on disk: a file per container, the number of the next event, and
 * a few texts. Each file is written by durable-file.h. A file with invalid content is
 * renamed, never deleted, and the others still load. A file that cannot be read now
 * (EMFILE, EIO) is left alone, and the start of rssd fails, because the container
 * would otherwise lose its limit.
 *
 * An acknowledged operation is durable, and a failed operation has changed nothing,
 * in the kernel and on disk, also after a restart. These are the steps:
 *
 *   operation  | steps in order                          | a kill between steps leaves
 *   -----------|-----------------------------------------|-----------------------------
 *   create     | mark the creation; create the cgroup;   | a marked cgroup, which the
 *              | write the new file; set the limits;     | next start removes, unless
 *              | put the file in place; remove the mark; | its file is in place
 *              | reply                                   |
 *              | (a transient container's mark becomes   |
 *              | its file)                               |
 *   set, limit | write the new file; set the kernel's    | the old file, to which the
 *              | values; put the file in place; reply    | next start resets the kernel
 *   apply      | write the transaction log; change each  | the log, with which the next
 *              | container; remove the log, or mark      | start undoes or finishes
 *              | it as done; reply                       | the transaction
 *   attach     | record the origin; move the process;    | an unused origin
 *              | reply                                   |
 *   detach     | record it as detached; move the process | a process that no rule
 *              | to its origin; reply                    | attaches again
 *   remove     | remove the cgroup; remove the file,     | the file, from which the next
 *              | nested containers first; reply          | start creates it again, empty
 *
 * If a step fails, the steps before it are undone in reverse order, and the reply is
 * an error. If undoing fails on disk, the reply says that the outcome is unknown
 * (DURABLE_UNKNOWN).
 *
 * A transient container is removed when its processes have ended, and does not survive
 * a reboot: its file is in a directory that a reboot empties, and is not synced.
 *
 * The write functions may block on the disk, so they run on a worker. They use only
 * the directory's descriptor and the one file, and may run for several containers at
 * a time.
 */
#ifndef RSSD_STATE_H
#define RSSD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "store/record-directory.h"

struct failure;
struct record;
struct state;

/**
 * state_open() - open or create the directory, and lock it
 * @path: "/var/lib/rssd"
 * @runtime: "/run/rssd"; if it cannot be used, transient containers are stored in @path
 *
 * Fails if another rssd holds the lock, and if the directory cannot be written.
 */
int state_open(const char *path, const char *runtime, struct state **ret, struct failure *failure);
struct state *state_free(struct state *state);
DEFINE_CLEANUP(struct state *, state_free);

/* A container's file that is written and synced but not yet in place. */
struct state_write;

/**
 * state_prepare() - write the new file next to the old one
 *
 * After this the disk has space for the file: the commit only renames it. So the
 * order of a change is prepare, apply to the kernel, commit.
 */
int state_prepare(struct state *state, const struct record *record, struct state_write **ret);
/*
 * The same for a container whose creation is marked: the mark of a transient one becomes its file.
 */
int state_prepare_new(struct state *state, const struct record *record, struct state_write **ret);
/* Returns true if writing @record waits for the disk; a transient record does not. */
bool state_waits(const struct state *state, const struct record *record);
/* Puts the file in place and frees it in any case, as durable_commit(). */
int state_commit(struct state_write *write);
/* Removes the new file and frees it. Returns NULL. */
struct state_write *state_abort(struct state_write *write);
DEFINE_CLEANUP(struct state_write *, state_abort);

/*
 * Removes a container's file. Return: 1 if a power cut may restore it until
 * state_sync(), 0 if there is nothing to sync, or a negative errno.
 */
int state_forget(struct state *state, const char *name);
/* Renames the file of a container that is not transient; *ret is its new name, to be freed. */
int state_set_aside(struct state *state, const char *name, char **ret);
int state_sync(struct state *state);

/*
 * Reads all containers, once, at the start, and removes temporary files that a crash
 * left. Fails if a file cannot be read now; a file with invalid content is set aside.
 */
int state_load(struct state *state, record_found_fn found, record_aside_fn aside, void *userdata,
	       struct failure *failure);

/*
 * Marks @name as being created, before its cgroup exists, until the container is listed
 * or the creation is undone. The mark is in the directory that a reboot empties, as it
 * does cgroups, so it is not synced and may be set from the event loop.
 */
int state_begin_creation(struct state *state, const char *name);
void state_end_creation(struct state *state, const char *name);

/* Returns true if the creation is finished or undone, false to keep its mark for the next start. */
typedef bool (*state_creation_fn)(const char *name, void *userdata);
/* At the start: calls @fn for each creation that was interrupted. */
int state_each_creation(struct state *state, state_creation_fn fn, void *userdata);

/* The stored event number: lower numbers may have been used. 1 if there is no file. */
int state_read_sequence(struct state *state, uint64_t *ret);
int state_write_sequence(struct state *state, uint64_t sequence);

/* Write and read a whole file of the directory, durably; -ENOENT if there is none. */
int state_write_text(struct state *state, const char *file, const char *text);
int state_read_text(struct state *state, const char *file, char **ret, size_t *ret_length);
/* As durable_remove(). */
int state_remove_text(struct state *state, const char *file);
/* Renames a file with invalid content; *ret is its new name, to be freed. */
int state_set_text_aside(struct state *state, const char *file, char **ret);

#endif
