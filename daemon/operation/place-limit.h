/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit of a place, and what a container at a place needs to know before it is created. All
 * functions block: they are for workers.
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
 * @place: checked by place_check(); its members are completed
 *
 * Return: 0, or a failure that says why it cannot be a container.
 */
int place_look_up(struct place *place, struct controller *controller, struct failure *failure);

/**
 * place_write_limit() - set the limit
 *
 * That of a unit through systemd, also if the unit is not running. That of a cgroup that is not
 * there is not written. Return: 0, a failure, or an errno of group_write_limit().
 */
int place_write_limit(const struct place *place, struct group *group, uint64_t limit,
		      struct worker *worker, struct failure *failure);

/* Brings back the limit that was found: 0, or a failure. */
int place_restore_limit(const struct place *place, struct group *group, struct worker *worker,
			struct failure *failure);

#endif
