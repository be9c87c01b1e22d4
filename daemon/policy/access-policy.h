/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access policy, pure. Each method of the API has one kind of operation, set in its
 * row of the vtables in bus/. Root may call all methods, any user may query, and
 * polkit decides the rest. A method without a kind is for root only.
 *
 * A container may have an owner other than root, who may do some of this with it and
 * below it; polkit is asked about another action then. See access_role().
 */
#ifndef RSSD_ACCESS_H
#define RSSD_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/oom-record.h"

struct failure;
struct settings_change;

enum access_operation {
	ACCESS_ROOT,   /* root only: the default */
	ACCESS_QUERY,  /* reads what any user may read */
	ACCESS_MANAGE, /* creates, changes and removes containers */
	ACCESS_ATTACH, /* moves the caller's own processes */
	ACCESS_SIGNAL, /* kills and freezes the members */
	ACCESS_RELOAD, /* reloads the configuration */
	ACCESS_OWN,    /* any of these, by an owner: see access_owner_may() */
};

/* The polkit action that allows @operation, or NULL if there is none. */
const char *access_polkit_action(enum access_operation operation);

/* The authorization result of polkit. */
enum auth_result {
	AUTH_NOT_ASKED,
	AUTH_YES,
	AUTH_NO,
	AUTH_CHALLENGE, /* only after authentication with a password */
	AUTH_ABSENT,	/* polkit is not installed or not running */
	AUTH_NO_REPLY,	/* no reply, or one that cannot be parsed */
};

enum access_verdict {
	ACCESS_ALLOW,
	ACCESS_ASK, /* ask polkit first */
	ACCESS_REFUSE,
};

/**
 * access_decide() - decide if a caller may perform an operation
 * @caller: its uid
 * @result: the result of polkit, or AUTH_NOT_ASKED if there is none yet
 */
enum access_verdict access_decide(enum access_operation operation, uid_t caller,
				  enum auth_result result);

/* Sets the error for ACCESS_REFUSE. Returns the negative errno of fail(). */
int access_refuse(enum access_operation operation, uid_t caller, enum auth_result result,
		  struct failure *failure);

/* --- owners ------------------------------------------------------------------------ */

/* Who a container belongs to. All zero: root. */
struct access_owner {
	uid_t uid;
	bool delegated; /* by root, not created by the owner */
};

/* What a user may do with a container. */
enum access_role {
	ROLE_NONE,
	ROLE_DELEGATE, /* create below it and attach its own processes; settings are root's */
	ROLE_OWNER,    /* it has created it below a container that root delegated to it */
};

/* A container, or an ancestor of it. */
struct access_link {
	struct access_owner owner;
	bool elsewhere; /* a unit or a cgroup of another program */
};

/**
 * access_role() - the role of a user for a container
 * @links: the container, its parent, and so on to the top
 *
 * All containers up to the one that root delegated must belong to @caller. So a user has no right
 * in a container that it created if root has given one above it to another user.
 */
enum access_role access_role(uid_t caller, const struct access_link links[], size_t count);

/* Returns true if @role is enough for @method: of the parent for CreateContainer. */
bool access_owner_may(const char *method, enum access_role role);

/*
 * Returns true if an owner may send a signal to a process with this real uid, or freeze it. As in
 * kill(2): also to a setuid program that it started, until that changes its real uid.
 */
bool access_may_signal(uid_t owner, uid_t real);

/* The most pending calls of one user by the rights of an owner: each may reclaim on a worker. */
#define ACCESS_OWN_PENDING_MAX 4

/* The most containers that one user may have created. */
#define ACCESS_OWNED_MAX 256

/*
 * Settings that an owner wants: only a limit and watermarks, none above @above, the limit of what
 * is around it; infinity is always allowed, since that limit holds. Return: 0 or AccessDenied.
 */
int access_check_settings(const struct settings_change *change, uint64_t above,
			  struct failure *failure);

/* Returns true if @caller may move a process of @owner (see process_read_owner()). */
bool access_owns(uid_t caller, uid_t owner);

/* Sees all processes, as root does, and sees none. */
#define VIEWER_ALL  ((uid_t)0)
#define VIEWER_NONE ((uid_t)-1)

/* Returns true if @viewer may see a process of @owner, which is (uid_t)-1 if it is not known. */
bool access_sees(uid_t viewer, uid_t owner);

/*
 * Returns @record without the processes that @viewer may not see: the victim, the largest
 * processes, and the requester. Its strings are those of @record.
 */
struct oom_record access_visible_record(const struct oom_record *record, uid_t viewer);

#endif
