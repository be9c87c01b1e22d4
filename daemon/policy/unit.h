/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units of systemd as the unified cgroup tree shows them, and whether a
 * process may be taken out of its unit. In that tree an attach is a move: the
 * device and IP filters and the limits of the unit bind the process no longer,
 * and systemd and the journal lose it. Pure: the paths are those of
 * /proc/PID/cgroup, the other facts are given.
 */
#ifndef RSSD_POLICY_UNIT_H
#define RSSD_POLICY_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define UNIT_NAME_SIZE 256 /* as systemd has it */

enum unit_kind {
	UNIT_NONE,    /* no unit: a slice, a cgroup of another program, or there is no systemd */
	UNIT_SESSION, /* the scope of a login session */
	UNIT_OTHER,   /* a service, any other scope, or another unit that has processes */
};

/* Which unit a control group belongs to. */
struct unit_place {
	enum unit_kind kind;
	char name[UNIT_NAME_SIZE]; /* the innermost unit, unescaped; "" for UNIT_NONE */
	bool user_manager;	   /* it is user@UID.service, or a unit of that manager... */
	uid_t manager_uid;	   /* ...of this user */
	size_t length;		   /* of the path up to the unit of the system manager, or 0 */
};

/**
 * unit_of_cgroup() - the unit that a control group belongs to
 * @cgroup: a path from the top of the tree, "/system.slice/web.service/workers"
 *
 * systemd puts a unit below slices; what is below the unit is the unit's own,
 * but for that of user@UID.service, which is a manager of units itself.
 */
void unit_of_cgroup(const char *cgroup, struct unit_place *ret);

enum unit_verdict {
	UNIT_MAY_LEAVE,
	UNIT_STAYS,	    /* only root may take it out, and must say so */
	UNIT_NOT_DELEGATED, /* the caller is not root, and the cgroup is not the caller's */
};

/**
 * unit_decide() - may the caller take a process out of its cgroup?
 * @caller: the uid that asks
 * @own: the process is the caller itself, or its child
 * @leave: the caller said that the process may leave its unit
 * @delegated: the process's cgroup is delegated to the caller
 *
 * Root may, except out of a unit, and out of that one for itself and its
 * children (rssctl run) and if it says so. Another user may take a process
 * only out of a cgroup that is delegated to it, and out of no unit of the system
 * manager except its own user@UID.service.
 */
enum unit_verdict unit_decide(const struct unit_place *unit, uid_t caller, bool own, bool leave,
			      bool delegated);

/* Rules take no process out of a unit; a login session's scope is none for this. */
bool unit_keeps_from_rules(const struct unit_place *unit);

#endif
