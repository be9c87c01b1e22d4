/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit of a place, and the look-up of a place before its container is created. All functions
 * block: they are for workers.
 */
#ifndef RSSD_PLACE_LIMIT_H
#define RSSD_PLACE_LIMIT_H

#include <stdint.h>

struct controller;
struct failure;
struct group;
struct place;
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

/* Restores the limit that was found at the creation. Return: 0, or a failure. */
int place_restore_limit(const struct place *place, struct group *group, struct worker *worker,
			struct failure *failure);

#endif
