/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reply has, appended: entries of dictionaries, and the names of counters in them. */
#ifndef RSSD_BUS_ENTRIES_H
#define RSSD_BUS_ENTRIES_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "operation/attach.h"

struct counters;
struct memory_parts;
struct rules;

/*
 * Opens an entry of an a{sv} for a value of the D-Bus type @type, which the caller appends, and
 * closes it.
 */
int bus_open_entry(sd_bus_message *message, const char *key, const char *type);
int bus_close_entry(sd_bus_message *message);

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
 * Appends a string from other programs, such as a path or the name of a cgroup. Bytes that are
 * not UTF-8 become question marks, because D-Bus would refuse the message.
 */
int bus_append_text(sd_bus_message *message, const char *text);

/* Appends the rows as a(uss). */
int bus_append_report(sd_bus_message *message, const struct attach_row rows[], size_t count);

#endif
