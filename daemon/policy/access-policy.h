/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access policy, pure. Each method of the API has one kind of operation, set in its
 * row of the vtables in bus/. Root may call all methods, any user may query, and
 * polkit decides the rest. A method without a kind is for root only.
 */
#ifndef RSSD_ACCESS_H
#define RSSD_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy/oom-record.h"

struct failure;

enum access_operation {
	ACCESS_ROOT,   /* root only: the default */
	ACCESS_QUERY,  /* reads what any user may read */
	ACCESS_MANAGE, /* creates, changes and removes containers */
	ACCESS_ATTACH, /* moves the caller's own processes */
	ACCESS_SIGNAL, /* kills and freezes the members */
	ACCESS_RELOAD, /* reloads the configuration */
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
