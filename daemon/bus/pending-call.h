/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A method call whose reply is pending. It holds the message, counts against the limit of
 * its user, and is notified when the caller leaves the bus.
 */
#ifndef RSSD_BUS_PENDING_CALL_H
#define RSSD_BUS_PENDING_CALL_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "base/log.h"
#include "operation/attach-types.h"
#include "policy/requester.h"
#include "shared/list.h"

struct bus;
struct bus_peer;
struct failure;

struct bus_call {
	struct bus *bus;
	sd_bus_message *message;
	uid_t uid;
	uid_t user; /* the user that it counts against: see struct bus_user */
	pid_t pid;
	bool own;			     /* by the rights of an owner: see own-call.h */
	struct bus_peer *peer;		     /* the caller; NULL once it has left */
	void (*left)(struct bus_call *call); /* called when the caller leaves; may be NULL */
	char *container;		     /* its name; "" if the call is about none */
	char *log_text;			     /* see bus_call_log() */
	const char *log_id;		     /* the MESSAGE_ID of that line, or NULL */
	struct log_field_list log_fields;    /* more fields of that line */
	struct list_link link;		     /* in bus->calls */
};

/* For operations that report their caller. */
static inline struct requester bus_call_requester(const struct bus_call *call)
{
	return (struct requester){ .pid = call->pid, .uid = call->uid };
}

/* Whose processes the caller may see: see access_sees(). */
uid_t bus_call_viewer(const struct bus_call *call);

/**
 * bus_call_new() - keep a call until its reply
 * @container: the name of the container that the call is about, or ""
 * @left: called when the caller leaves the bus, or NULL
 *
 * Return: 0, or TooMany if the user has as many pending calls as it may have.
 */
int bus_call_new(struct bus *bus, sd_bus_message *message, const char *container,
		 void (*left)(struct bus_call *call), struct bus_call **ret,
		 struct failure *failure);
struct bus_call *bus_call_free(struct bus_call *call);
/* Frees all of them, when the bus is closed. */
void bus_calls_free(struct bus *bus);

/*
 * What the method returns after it started its operation. @r >= 0: the reply is
 * pending. Otherwise frees the call and replies with the failure.
 */
int bus_call_begun(struct bus_call *call, int r, const struct failure *failure);

/* Fails: a rule moves processes of all users, so only root may set one, whatever polkit allows. */
int bus_refuse_join(const struct bus_call *call, struct failure *failure);

/* Runs the left() callback of each call of @peer, which has left. */
void bus_calls_leave(const struct bus_peer *peer);

/**
 * bus_call_check_pending() - may a user have one more pending call?
 * @uid: of a struct bus_user
 * @others: calls of the user that wait for polkit
 *
 * Root always may.
 *
 * Return: 0, or TooMany.
 */
int bus_call_check_pending(const struct bus *bus, uid_t uid, unsigned int others,
			   struct failure *failure);

/*
 * Sets the log line of the operation, to which uid and pid are added. If the operation
 * succeeds, it is logged after the reply is sent, so that the caller does not wait for the
 * journal.
 */
void bus_call_log(struct bus_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with a MESSAGE_ID. The caller may add to call->log_fields. */
void bus_call_log_id(struct bus_call *call, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * bus_call_begin_reply() - begin the reply to a call whose operation has ended
 * @error: 0, or negative: then @failure is the reply
 *
 * Return: true if *@ret is to be filled and sent by bus_call_reply(). Otherwise an error was sent
 * and the call is freed.
 */
bool bus_call_begin_reply(struct bus_call *call, int error, const struct failure *failure,
			  sd_bus_message **ret);

/*
 * Logs that a limit was refused, if @error is such an error and the user may fill the log. Called
 * before bus_call_begin_reply().
 */
void bus_call_log_refused(struct bus_call *call, const struct failure *failure);

/* Sends @reply, or the error @r if it could not be built, logs, and frees the call. */
void bus_call_reply(struct bus_call *call, sd_bus_message *reply, int r);
/* The completion of a call that returns nothing: replies, logs, and frees the call. */
void bus_call_reply_empty(struct bus_call *call, int error, const struct failure *failure);

/*
 * The completion of attach and detach: replies with the rows or the failure, logs how
 * many processes were moved (@done: "attached"), and frees the call.
 */
void bus_call_reply_report(struct bus_call *call, const char *done, const struct attach_row rows[],
			   size_t count, const struct failure *failure);

#endif
