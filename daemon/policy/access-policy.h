/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what: the policy, pure. Each method of the API is one kind of
 * deed; root may do all of them, everybody may look, and for the rest polkit
 * is asked. A method without a row is for root alone.
 */
#ifndef RSSD_ACCESS_H
#define RSSD_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct failure;

enum access_deed {
	ACCESS_ROOT,   /* for root alone: what has no row */
	ACCESS_LOOK,   /* tells what everybody may read */
	ACCESS_MANAGE, /* makes, changes and removes containers */
	ACCESS_ATTACH, /* moves processes of the caller's own */
	ACCESS_SIGNAL, /* kills and stops whatever is inside */
	ACCESS_RELOAD, /* reads the configuration again */
};

/* What kind of deed the method @member is. */
enum access_deed access_deed_of(const char *member);

/* The polkit action that allows @deed, or NULL where none can. */
const char *access_action(enum access_deed deed);

/* What polkit thinks of it. */
enum access_opinion {
	ACCESS_NOT_ASKED,
	ACCESS_YES,
	ACCESS_NO,
	ACCESS_CHALLENGE, /* yes, once somebody has given a password */
	ACCESS_ABSENT,	  /* there is no polkit here */
	ACCESS_SILENT,	  /* it did not answer, or not what can be understood */
};

enum access_verdict {
	ACCESS_ALLOW,
	ACCESS_ASK, /* polkit first */
	ACCESS_REFUSE,
};

/**
 * access_decide() - may this caller do it?
 * @caller: its uid
 * @opinion: polkit's, as far as it is known
 */
enum access_verdict access_decide(enum access_deed deed, uid_t caller, enum access_opinion opinion);

/* The sentence for ACCESS_REFUSE. Returns the negative errno of fail(). */
int access_explain(enum access_deed deed, uid_t caller, enum access_opinion opinion,
		   struct failure *failure);

/*
 * Is a process whose owner is @owner (process_read_owner()) one that @caller
 * may have moved?
 */
bool access_owns(uid_t caller, uid_t owner);

#endif
