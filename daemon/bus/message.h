/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and appending of types that several methods use. */
#ifndef RSSD_BUS_CODEC_H
#define RSSD_BUS_CODEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "operation/attach.h"
#include "policy/limit-policy.h"
#include "shared/cleanup.h"

struct counters;
struct memory_parts;
struct failure;
struct rules;
struct oom_record;

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
 * One key of an a{sv}: the type of its value and where the value is stored. @seen is
 * set if the key was present.
 */
struct bus_option {
	const char *key;
	/*
	 * SD_BUS_TYPE_UINT64, _BOOLEAN (into an int), _STRING, or _ARRAY: an "as" into a const char **,
	 * which ends with NULL and is freed by the caller; its strings are the message's.
	 */
	char type;
	void *value;
	bool seen;
};

/*
 * Reads an a{sv} whose keys are those of @options, which ends with an entry without
 * a key. Unknown keys, duplicate keys and wrong types are refused. For _UINT64 any type of
 * integer is accepted, and a negative value is refused.
 */
int bus_read_options(sd_bus_message *message, struct bus_option options[], struct failure *failure);

/* Parses a limit mode. If @text is NULL, *ret is unchanged. */
int bus_read_mode(const char *text, enum limit_mode *ret, struct failure *failure);

/* Reads the options mode, timeout and progress (may be NULL). Those not given are unchanged. */
int bus_read_limit_options(sd_bus_message *message, enum limit_mode *ret_mode,
			   uint64_t *ret_timeout, int *ret_progress, struct failure *failure);

/* Reads an "ah". The message keeps owning the descriptors; the caller frees *ret. */
int bus_read_fds(sd_bus_message *message, int **ret, size_t *ret_count, struct failure *failure);

/* Appends an entry of an a{sv}, or nothing if @number is COUNTER_ABSENT. */
int bus_append_number(sd_bus_message *message, const char *key, uint64_t number);

/* The counters that are properties of a container, in the order of ListCounters. */
#define BUS_COUNTERS 7
extern const struct bus_counter {
	const char *property;
	size_t offset; /* in struct counters */
} bus_counters[BUS_COUNTERS];

/* The value of bus_counters[@i]. */
uint64_t bus_counter(const struct counters *counters, size_t i);

/* The parts of usage, as properties of a container and entries of a{sv}. */
#define BUS_PARTS 16
/* Those in the record of an OOM are the first ones. */
#define BUS_OOM_PARTS 6
extern const struct bus_counter bus_parts[BUS_PARTS]; /* the offset is in struct memory_parts */

/* The value of bus_parts[@i]. */
uint64_t bus_part(const struct memory_parts *parts, size_t i);
/* Appends the parts that are known as entries of an a{sv}. */
int bus_append_parts(sd_bus_message *message, const struct memory_parts *parts);

/* Appends the rules as "as"; @rules may be NULL. */
int bus_append_rules(sd_bus_message *message, const struct rules *rules);

/*
 * Appends an OOM record as a{sv}, which is empty if @oom is NULL, with the processes that @viewer
 * may see: see bus_viewer().
 */
int bus_append_oom(sd_bus_message *message, const struct oom_record *oom, uid_t viewer);
/* The same as an entry of an a{sv}. */
int bus_append_oom_entry(sd_bus_message *message, const char *key, const struct oom_record *oom,
			 uid_t viewer);

/* The number of rows whose process was moved. */
size_t bus_count_moved(const struct attach_row rows[], size_t count);

/*
 * Appends a string from other programs, such as a path or the name of a cgroup. Bytes that are
 * not UTF-8 become question marks, because D-Bus would refuse the message.
 */
int bus_append_text(sd_bus_message *message, const char *text);

/* Appends the rows as a(uss). */
int bus_append_report(sd_bus_message *message, const struct attach_row rows[], size_t count);

/*
 * The name of the container that a method call is about: of its object, or its first argument; ""
 * if it is about none. To be freed; NULL if out of memory.
 */
char *bus_container_of_call(sd_bus_message *message);

/* Asks the bus for the caller's uid and pid. */
int bus_read_caller(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid);

#endif
