/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes a container at a place: restores the limit that was found, and removes the state. The
 * unit or the cgroup and its processes stay.
 */
#ifndef RSSD_RELEASE_H
#define RSSD_RELEASE_H

struct container;
struct failure;

typedef void (*release_done_fn)(int error, const struct failure *failure, void *userdata);

/**
 * release_start() - remove a container at a place
 *
 * Waits for operations under way. If the limit cannot be restored, the container stays.
 * Return: 0 (then @done is called), or a failure at once.
 */
int release_start(struct container *container, release_done_fn done, void *userdata,
		  struct failure *failure);

/**
 * release_unfinished() - undo a creation that was not acknowledged
 * @container: not in the list of the manager
 * @done: called with the failure; if the limit could not be restored, the state is kept and the
 *	  next start of rssd tries again
 */
int release_unfinished(struct container *container, release_done_fn done, void *userdata,
		       struct failure *failure);

#endif
