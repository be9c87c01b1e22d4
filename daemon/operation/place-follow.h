/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows a unit into another slice: its next start makes its cgroup at another path, which inotify
 * does not report. systemd is asked for the path when it reports that the unit has changed.
 */
#ifndef RSSD_PLACE_FOLLOW_H
#define RSSD_PLACE_FOLLOW_H

struct container;

/*
 * The unit of the container may have another cgroup. Does nothing if the container is no unit, or
 * a process is in its cgroup. Calls that come while one is under way share one more.
 */
void place_follow(struct container *container);

#endif
