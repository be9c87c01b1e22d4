/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A method call whose answer is on its way. It holds the message, counts
 * against its caller's bound, and knows when the caller has left.
 */
#ifndef RSSD_BUS_CALL_H
#define RSSD_BUS_CALL_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

struct bus;
struct bus_peer;
struct failure;

struct bus_call {
	struct bus *bus;
	sd_bus_message *message;
	uid_t uid;
	pid_t pid;
	struct bus_peer *peer;		     /* who called, as long as it is there */
	void (*left)(struct bus_call *call); /* the caller is gone; may be NULL */
	char *container;		     /* its name; "" where it is about no one */
	char *deed;			     /* what the log is to say; see bus_call_log() */
	struct bus_call *next;
};

/**
 * bus_call_new() - remember a call
 * @container: the name of what it is about
 * @left: called when its caller leaves the bus
 *
 * TooMany where its caller has as many calls waiting as the configuration allows.
 */
int bus_call_new(struct bus *bus, sd_bus_message *message, const char *container,
		 void (*left)(struct bus_call *call), struct bus_call **ret,
		 struct failure *failure);
struct bus_call *bus_call_free(struct bus_call *call);

/*
 * What the method returns once what it asked for was begun, @r >= 0: the
 * answer is on its way. Otherwise the call is freed and the failure answered.
 */
int bus_call_begun(struct bus_call *call, int r, const struct failure *failure,
		   sd_bus_error *error);

/* Tells the calls of @peer that it has left. */
void bus_calls_leave(const struct bus_peer *peer);

/* How many calls of a user have their answer on its way, and the refusal of one too many. */
unsigned int bus_calls_of_uid(const struct bus *bus, uid_t uid);
int bus_call_too_many(const struct bus *bus, uid_t uid, struct failure *failure);

/*
 * What was done, for the log, which adds for whom: logged once the answer is sent, as
 * whoever waits for that need not wait for the journal.
 */
void bus_call_log(struct bus_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Answers with an error and frees the call. */
void bus_call_fail(struct bus_call *call, const struct failure *failure);

/* Sends @reply, or the error of @r where it could not be made, logs, and frees the call. */
void bus_call_reply(struct bus_call *call, sd_bus_message *reply, int r);

#endif
