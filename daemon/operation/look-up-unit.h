/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first step of creating a container to which a rule attaches the processes of a unit: the rss
 * controller has a hierarchy of its own, in which units have no cgroups.
 */
#ifndef RSSD_LOOK_UP_UNIT_H
#define RSSD_LOOK_UP_UNIT_H

struct container;
struct failure;
struct manager;
struct place;
struct settings_change;

typedef void (*look_up_unit_done_fn)(int error, const struct failure *failure,
				     struct container *container, void *userdata);

/* Creates the container. @unit: the name that systemd gives it */
typedef int (*look_up_unit_next_fn)(struct manager *manager, const char *name, const char *unit,
				    const struct settings_change *settings,
				    look_up_unit_done_fn done, void *userdata,
				    struct failure *failure);

/**
 * look_up_unit_start() - ask systemd about a unit, then create the container
 * @place: the unit
 * @next: called if the unit can be a container
 *
 * As manager_create().
 */
int look_up_unit_start(struct manager *manager, const char *name, const struct place *place,
		       const struct settings_change *settings, look_up_unit_next_fn next,
		       look_up_unit_done_fn done, void *userdata, struct failure *failure);

#endif
