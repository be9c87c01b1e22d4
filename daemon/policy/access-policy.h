/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access policy, pure. Each method of the API is one kind of operation, named in
 * its row of the vtables in bus/: root may do all of them, any user may query,
 * polkit decides the rest. A method that names none is for root only.
 */
#ifndef RSSD_ACCESS_H
#define RSSD_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

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

/* polkit's answer. */
enum auth_result {
	AUTH_NOT_ASKED,
	AUTH_YES,
	AUTH_NO,
	AUTH_CHALLENGE, /* yes, after authentication with a password */
	AUTH_ABSENT,	/* polkit is not installed or not running */
	AUTH_NO_REPLY,	/* no reply, or one that cannot be parsed */
};

enum access_verdict {
	ACCESS_ALLOW,
	ACCESS_ASK, /* polkit first */
	ACCESS_REFUSE,
};

/**
 * access_decide() - may a caller perform an operation?
 * @caller: its uid
 * @result: polkit's answer, AUTH_NOT_ASKED if there is none yet
 */
enum access_verdict access_decide(enum access_operation operation, uid_t caller,
				  enum auth_result result);

/* Sets the error for ACCESS_REFUSE. Returns the negative errno of fail(). */
int access_refuse(enum access_operation operation, uid_t caller, enum auth_result result,
		  struct failure *failure);

/* May @caller move a process that @owner owns (see process_read_owner())? */
bool access_owns(uid_t caller, uid_t owner);

#endif
