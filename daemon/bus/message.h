/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bus methods have in common in reading and writing messages. */
#ifndef RSSD_BUS_CODEC_H
#define RSSD_BUS_CODEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "operation/attach.h"
#include "policy/limit-policy.h"
#include "shared/cleanup.h"

struct failure;
struct oom_record;

/*
 * What a method returns when it failed: a failure of ours becomes its D-Bus
 * error, one of sd-bus itself (@r: a wrong signature) goes as it is.
 */
int bus_answer_failure(int r, const struct failure *failure, sd_bus_error *error);

static inline void bus_message_unref(sd_bus_message *message)
{
	sd_bus_message_unref(message);
}
DEFINE_CLEANUP(sd_bus_message *, bus_message_unref);

/*
 * One key of an a{sv} that is being read: how to read its value, and where to.
 * @seen tells afterwards that it was there.
 */
struct bus_option {
	const char *key;
	char type; /* SD_BUS_TYPE_UINT64, _BOOLEAN (into an int), _STRING */
	void *value;
	bool seen;
};

/*
 * Reads an a{sv} whose keys are those of @options, ended by one without a key.
 * A key that is unknown, given twice or of a wrong type is refused, before
 * anything was done.
 */
int bus_read_options(sd_bus_message *message, struct bus_option options[], struct failure *failure);

/* How a limit is set: @text may be NULL, then *ret stays. */
int bus_read_mode(const char *text, enum limit_mode *ret, struct failure *failure);

/* The options mode, timeout and, where that is not NULL, progress; what is not given stays. */
int bus_read_limit_options(sd_bus_message *message, enum limit_mode *ret_mode,
			   uint64_t *ret_timeout, int *ret_progress, struct failure *failure);

/* Reads an "ah"; the descriptors stay the message's. *ret to be freed. */
int bus_read_fds(sd_bus_message *message, int **ret, size_t *ret_count, struct failure *failure);

/* Appends an entry of an a{sv}; nothing where @number is COUNTER_ABSENT. */
int bus_append_number(sd_bus_message *message, const char *key, uint64_t number);

/* Appends an OOM as a{sv}; @oom may be NULL. */
int bus_append_oom(sd_bus_message *message, const struct oom_record *oom);
/* The same as an entry of an a{sv}. */
int bus_append_oom_entry(sd_bus_message *message, const char *key, const struct oom_record *oom);

/* How many of the rows say moved. */
size_t bus_count_moved(const struct attach_row rows[], size_t count);

/* Appends a(uss). */
int bus_append_report(sd_bus_message *message, const struct attach_row rows[], size_t count);

/* The caller's uid and pid, for ownership and the log. */
int bus_read_caller(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid);

#endif
