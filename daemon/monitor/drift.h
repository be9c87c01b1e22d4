/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Detects that another program changed the cgroup of a container, and emits an event for each
 * DRIFT_* and SETTING_* bit that differs. inotify reports writes to control files and removed
 * directories, so rssd does not poll. inotify reports rssd's own writes as well: a difference is a
 * drift only if two checks in a row find it while no operation on the container is under way.
 */
#ifndef RSSD_DRIFT_H
#define RSSD_DRIFT_H

struct container;
struct manager;

/* Containers are watched from when they are added. Return: 0 or a negative errno. */
int drift_open(struct manager *manager);
void drift_close(struct manager *manager);

/* Watches the new cgroup of a container whose group was replaced. */
void drift_watch_again(struct container *container);

#endif
