/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The properties of org.rssd1.Container, except settings, which settings-properties.c
 * has. The vtable is at the bottom.
 */

#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/oom-entries.h"
#include "bus/peer.h"
#include "bus/settings-properties.h"
#include "cgroup/subtree.h"
#include "container/manager.h"
#include "container/usage.h"
#include "operation/join.h"
#include "policy/place.h"

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	if (strcmp(property, "Transient") == 0)
		return sd_bus_message_append(reply, "b", (int)c->transient);
	if (strcmp(property, "Declared") == 0)
		return sd_bus_message_append(reply, "b", (int)(c->declaration != NULL));
	if (strcmp(property, "Delegated") == 0)
		return sd_bus_message_append(reply, "b", (int)c->owner.delegated);
	if (strcmp(property, "Running") == 0)
		return sd_bus_message_append(reply, "b", (int)group_is_bound(c->group));
	return -EINVAL;
}

static int get_owner(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	return sd_bus_message_append(reply, "u", (uint32_t)c->owner.uid);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;
	cleanup_free char *control_group = NULL;

	if (strcmp(property, "Name") == 0)
		return sd_bus_message_append(reply, "s", c->name);
	if (strcmp(property, "Place") == 0)
		return sd_bus_message_append(reply, "s", place_kind_name(container_place_kind(c)));
	if (strcmp(property, "Unit") == 0)
		return sd_bus_message_append(reply, "s", container_unit(c));
	control_group = group_control_group(c->group);
	return control_group ? sd_bus_message_append(reply, "s", control_group) : -ENOMEM;
}

/* The counters, read once in an iteration of the loop; absent if they cannot be read. */
static const struct counters *counters_now(sd_bus *bus, struct container *c)
{
	struct bus *b = bus_from_slot(bus);
	uint64_t iteration = 0;

	(void)sd_event_get_iteration(b->event, &iteration);
	if (b->seen.of != c || b->seen.iteration != iteration) {
		/* A group that something else removed has none. */
		if (container_read_counters(c, &b->seen.counters) < 0)
			memset(&b->seen.counters, 0xff, sizeof(b->seen.counters));
		container_note_look(c, &b->seen.counters);
		b->seen.of = c;
		b->seen.iteration = iteration;
	}
	return &b->seen.counters;
}

static int get_counter(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct counters *now = counters_now(bus, userdata);

	for (size_t i = 0; i < BUS_COUNTERS; i++) {
		if (strcmp(property, bus_counters[i].property) == 0)
			return sd_bus_message_append(reply, "t", bus_counter(now, i));
	}
	return -EINVAL;
}

/* The parts of the usage, read once in an iteration of the loop. */
static const struct memory_parts *parts_now(sd_bus *bus, struct container *c)
{
	struct bus *b = bus_from_slot(bus);
	uint64_t iteration = 0;

	(void)sd_event_get_iteration(b->event, &iteration);
	if (b->seen_parts.of != c || b->seen_parts.iteration != iteration) {
		group_read_parts(c->group, &b->seen_parts.parts);
		b->seen_parts.of = c;
		b->seen_parts.iteration = iteration;
	}
	return &b->seen_parts.parts;
}

static int get_part(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct memory_parts *now = parts_now(bus, userdata);

	for (size_t i = 0; i < BUS_PARTS; i++) {
		if (strcmp(property, bus_parts[i].property) == 0)
			return sd_bus_message_append(reply, "t", bus_part(now, i));
	}
	return -EINVAL;
}

static int get_refaults(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "t", parts_now(bus, userdata)->refaults);
}

static int get_frozen(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	bool frozen = false;

	(void)group_read_frozen(c->group, &frozen);
	return sd_bus_message_append(reply, "b", (int)frozen);
}

static int get_processes(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct container *c = userdata;
	struct subtree tree = { .group = c->group };
	uint32_t count = 0, inner = 0;

	if (!c->fresh) {
		(void)group_count_processes(c->group, &count);
		(void)subtree_count_inner(&tree, 0, &inner);
	}
	return sd_bus_message_append(reply, "u", count + inner);
}

static int get_last_oom(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	return bus_append_oom(reply, c->last_oom,
			      bus_viewer(bus_from_slot(bus), sd_bus_get_current_message(bus)));
}

static int get_rules(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct container *c = userdata;

	return bus_append_rules(reply, join_find(c->manager, c->name));
}

static int get_supported(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return bus_append_supported(reply, container_supported(userdata));
}

const sd_bus_vtable bus_container_properties[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Name", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Transient", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Declared", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Owner", "u", get_owner, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Delegated", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Place", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Unit", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Running", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("ControlGroup", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Processes", "u", get_processes, 0, 0),
	SD_BUS_PROPERTY("Usage", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Peak", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Failures", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Reclaimed", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("OOMEvents", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("OOMKills", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Scanned", "t", get_counter, 0, 0),
	SD_BUS_PROPERTY("Anonymous", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("File", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Shmem", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Kernel", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Mapped", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Locked", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Swap", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureSome", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureFull", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureSomeAvg10", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureFullAvg10", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureSomeAvg60", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureFullAvg60", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureSomeAvg300", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("PressureFullAvg300", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("ZSwap", "t", get_part, 0, 0),
	SD_BUS_PROPERTY("Refaults", "t", get_refaults, 0, 0),
	SD_BUS_PROPERTY("Frozen", "b", get_frozen, 0, 0),
	SD_BUS_PROPERTY("LastOOM", "a{sv}", get_last_oom, 0, 0),
	SD_BUS_PROPERTY("Rules", "as", get_rules, 0, 0),
	SD_BUS_PROPERTY("Settings", "as", get_supported, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};
