/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures as replies, and whom and what a call is about. */
#ifndef RSSD_BUS_MESSAGE_H
#define RSSD_BUS_MESSAGE_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "shared/cleanup.h"

struct failure;

/*
 * Replies with an error. Without a reply the caller would wait until its timeout, so a send that
 * fails for a passing reason is repeated once, and then logged. @container: for the log, or NULL
 */
void bus_send_failure(sd_bus_message *message, const char *container,
		      const struct failure *failure);

/*
 * The return value of a method that failed, which is not negative: the reply is sent here, because
 * sd-bus ignores that its own could not be sent. An error of sd-bus itself (@r, such as a wrong
 * signature) is passed on.
 */
int bus_answer_failure(sd_bus_message *message, int r, const struct failure *failure);

static inline void bus_message_unref(sd_bus_message *message)
{
	sd_bus_message_unref(message);
}
DEFINE_CLEANUP(sd_bus_message *, bus_message_unref);

/*
 * The name of the container that a method call is about: of its object, or its first argument; ""
 * if it is about none. To be freed; NULL if out of memory.
 */
char *bus_container_of_call(sd_bus_message *message);

/* Asks the bus for the caller's uid and pid. */
int bus_read_caller(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid);

#endif
