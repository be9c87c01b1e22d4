/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the systemd unit of a cgroup in the unified tree, and decides if a process
 * may leave its unit. In that tree an attach is a move: the unit's device and IP
 * filters and its limits no longer apply to the process, and systemd and the journal
 * no longer associate it with the unit. Pure: the paths are those of
 * /proc/PID/cgroup, and the caller gives the other facts.
 */
#ifndef RSSD_POLICY_UNIT_H
#define RSSD_POLICY_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define UNIT_NAME_SIZE 256 /* as in systemd */

enum unit_kind {
	UNIT_NONE,    /* no unit: a slice, a cgroup of another program, or no systemd */
	UNIT_SESSION, /* the scope of a login session */
	UNIT_OTHER,   /* a service, another scope, or another unit with processes */
};

/* The unit that a cgroup belongs to. */
struct unit_place {
	enum unit_kind kind;
	char name[UNIT_NAME_SIZE]; /* the innermost unit, unescaped; "" for UNIT_NONE */
	bool user_manager;	   /* it is user@UID.service, or a unit of that manager */
	uid_t manager_uid;	   /* the UID of user@UID.service */
	size_t length; /* of the path, up to and including the system manager's unit; or 0 */
};

/**
 * unit_of_cgroup() - find the unit that a cgroup belongs to
 * @cgroup: a path from the root of the tree, "/system.slice/web.service/workers"
 *
 * A unit is below slices only. Cgroups below the unit belong to it, except below
 * user@UID.service, which is itself a manager of units.
 */
void unit_of_cgroup(const char *cgroup, struct unit_place *ret);

enum unit_verdict {
	UNIT_MAY_LEAVE,
	UNIT_STAYS,	    /* only root may move it out, and only with @leave */
	UNIT_NOT_DELEGATED, /* the caller is not root, and the cgroup is not delegated to it */
};

/**
 * unit_decide() - decide if a caller may move a process out of its cgroup
 * @caller: the uid of the caller
 * @own: the process is the caller itself, or its child
 * @leave: the caller allows the process to leave its unit
 * @delegated: the process's cgroup is delegated to the caller
 *
 * Root may move any process, except out of a UNIT_OTHER: there it needs @own (rssctl
 * run) or @leave. Another user may move a process only out of a cgroup that is
 * delegated to it, and out of no UNIT_OTHER of the system manager except its own
 * user@UID.service.
 */
enum unit_verdict unit_decide(const struct unit_place *unit, uid_t caller, bool own, bool leave,
			      bool delegated);

/* Returns true if rules must not move a process out of @unit; they may out of a login session. */
bool unit_keeps_from_rules(const struct unit_place *unit);

#endif
