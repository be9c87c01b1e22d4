/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit and the other settings of a place, and the look-up of a place before its container is
 * created. All functions block: they are for workers.
 */
#ifndef RSSD_PLACE_LIMIT_H
#define RSSD_PLACE_LIMIT_H

#include <stdint.h>

struct controller;
struct failure;
struct group;
struct place;
struct settings;
struct worker;

/**
 * place_look_up() - find the unit or the cgroup, and read what a removal restores
 * @place: checked by place_check(); its other members are set
 *
 * Return: 0, or a failure that says why it cannot be a container.
 */
int place_look_up(struct place *place, struct controller *controller, struct failure *failure);

/**
 * place_write_limit() - set the limit
 *
 * The limit of a unit is set through systemd, even if the unit is not running. The limit of a
 * cgroup that does not exist is not written. Return: 0, a failure, or an errno of
 * group_write_limit().
 */
int place_write_limit(const struct place *place, struct group *group, uint64_t limit,
		      struct worker *worker, struct failure *failure);

/**
 * place_write_settings() - set other settings, in the same way
 * @which: a mask of SETTING_*; a limit in it is ignored
 * @from: the settings now, which are set again if systemd does not write the control files
 */
int place_write_settings(const struct place *place, struct group *group, unsigned int which,
			 const struct settings *from, const struct settings *to,
			 struct worker *worker, struct failure *failure);

/* Restores the settings that were found at the creation and that rssd has set. Return: 0, or a failure. */
int place_restore(const struct place *place, struct group *group, struct worker *worker,
		  struct failure *failure);

#endif
