/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches the cgroups of places. systemd removes the cgroup of a unit when the unit stops, and
 * creates a new one when it starts. inotify reports both for the directory above.
 */
#ifndef RSSD_PLACE_WATCH_H
#define RSSD_PLACE_WATCH_H

struct container;

/**
 * place_watch() - watch the directory above the cgroup of a container with a place
 *
 * Return: 0, or a negative errno; without the watch the container would not be bound again.
 */
int place_watch(struct container *container);

/*
 * Binds a container that is a unit to the cgroup that the unit has now, or will have, and watches
 * that. Nothing may be under way that uses its place. Return: 0, or a negative errno.
 */
int place_move(struct container *container, const char *cgroup);

#endif
