/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All containers at once: see list-methods.h. */
#include "bus/list-methods.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/failure.h"
#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/message.h"
#include "bus/oom-entries.h"
#include "bus/pending-call.h"
#include "bus/settings-properties.h"
#include "container/container.h"
#include "container/manager.h"
#include "monitor/collect.h"
#include "operation/join.h"
#include "policy/place.h"
#include "shared/name.h"

/* --- dictionaries -------------------------------------------------------------- */

static int append_counters(sd_bus_message *reply, const struct counters *counters)
{
	int r = 0;

	for (size_t i = 0; i < BUS_COUNTERS && r >= 0; i++)
		r = bus_append_number(reply, bus_counters[i].property, bus_counter(counters, i));
	return r;
}

/* The properties that ListContainers and GetManagedObjects have in common. */
static int append_common(sd_bus_message *reply, const struct collect_row *row)
{
	const struct container *c = row->container;
	cleanup_free char *control_group = group_control_group(c->group);
	int r;

	if (!control_group)
		return -ENOMEM;
	r = bus_append_settings(reply, SETTINGS_ALL, &c->settings);
	if (r >= 0)
		r = bus_append_unlimited(reply, container_supported(c), &c->settings);
	if (r >= 0)
		r = bus_append_supported_entry(reply, container_supported(c));
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "Place", "s",
					  place_kind_name(container_place_kind(c)), "Unit", "s",
					  container_unit(c), "Running", "b",
					  (int)group_is_bound(c->group));
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}", "Owner", "u", (uint32_t)c->owner.uid,
					  "Delegated", "b", (int)c->owner.delegated);
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "Transient", "b",
					  (int)c->transient, "Declared", "b",
					  (int)(c->declaration != NULL), "ControlGroup", "s",
					  control_group, "Processes", "u", row->processes);
	return r;
}

/* The entries of ListContainers: what the controller does not have is left out. */
static int append_entries(sd_bus_message *reply, const struct collect_row *row)
{
	int r = append_common(reply, row);

	if (r >= 0)
		r = append_counters(reply, &row->counters);
	if (r >= 0 && controller_can(row->container->group->controller, FEATURE_FREEZE))
		r = sd_bus_message_append(reply, "{sv}", "Frozen", "b", (int)row->frozen);
	return r;
}

/* Appends one (soa{sv}), without absent counters. */
static int append_container(sd_bus_message *reply, const struct collect_row *row)
{
	cleanup_free char *path = name_to_object_path(row->container->name);
	int r;

	if (!path)
		return -ENOMEM;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "soa{sv}");
	if (r >= 0)
		r = sd_bus_message_append(reply, "so", row->container->name, path);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = append_entries(reply, row);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_containers(sd_bus_message *reply, const struct controller *controller,
			     uid_t viewer, const struct collect_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(soa{sv})");

	for (size_t i = 0; i < count && r >= 0; i++)
		r = append_container(reply, &rows[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* --- columns ------------------------------------------------------------------- */

/* Higher bits belong to settings: see settings_table. */
enum {
	FLAG_TRANSIENT = 1 << 1,
	FLAG_DECLARED = 1 << 2,
	FLAG_FROZEN = 1 << 3,
};

/* One string for all names, because sd-bus and the bus take time for each member of an array. */
static int append_names(sd_bus_message *reply, const struct collect_row rows[], size_t count)
{
	size_t size = 0;
	char *at;
	int r;

	for (size_t i = 0; i < count; i++)
		size += strlen(rows[i].container->name) + 1;
	r = sd_bus_message_append_string_space(reply, size, &at);
	for (size_t i = 0; i < count && r >= 0; i++) {
		at = stpcpy(at, rows[i].container->name);
		*at++ = '\n';
	}
	return r;
}

/* Getters of one column: from the settings, and from the counters that were read. */
static uint64_t setting_of(const struct collect_row *row, size_t offset)
{
	return *(const uint64_t *)((const char *)&row->container->settings + offset);
}

static uint64_t counter_of(const struct collect_row *row, size_t offset)
{
	return *(const uint64_t *)((const char *)&row->counters + offset);
}

static uint64_t flags_of(const struct collect_row *row, size_t offset)
{
	const struct container *c = row->container;
	unsigned int flags = (c->transient ? FLAG_TRANSIENT : 0) |
			     (c->declaration ? FLAG_DECLARED : 0) | (row->frozen ? FLAG_FROZEN : 0);
	unsigned int supported = container_supported(c);

	for_each_setting(setting) {
		uint64_t on = setting->type == SETTING_FLAG ? setting_get(setting, &c->settings)
							    : supported & setting->bit;

		if (on)
			flags |= setting->list_flag;
	}
	return flags;
}

static uint64_t processes_of(const struct collect_row *row, size_t offset)
{
	return row->processes;
}

typedef uint64_t (*number_fn)(const struct collect_row *row, size_t offset);

/*
 * The number of values that are sent: one if all are equal. This and append_numbers() are inlined
 * with each getter, because ten thousand containers have 200,000 numbers.
 */
static inline __attribute__((always_inline)) size_t
column_length(const struct collect_row rows[], size_t count, number_fn number, size_t offset)
{
	uint64_t first = count ? number(&rows[0], offset) : 0;

	for (size_t i = 1; i < count; i++)
		if (number(&rows[i], offset) != first)
			return count;
	return count ? 1 : 0;
}

/* Appends a column of 64 or 32 bit numbers; @number reads one from a row. */
static inline __attribute__((always_inline)) int append_numbers(sd_bus_message *reply,
								const struct collect_row rows[],
								size_t count, char type,
								number_fn number, size_t offset)
{
	size_t size = type == SD_BUS_TYPE_UINT64 ? sizeof(uint64_t) : sizeof(uint32_t);
	void *space;
	int r;

	count = column_length(rows, count, number, offset);
	r = sd_bus_message_append_array_space(reply, type, count * size, &space);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (type == SD_BUS_TYPE_UINT64)
			((uint64_t *)space)[i] = number(&rows[i], offset);
		else
			((uint32_t *)space)[i] = (uint32_t)number(&rows[i], offset);
	}
	return r;
}

/* Appends a column for each size in the mask @which. */
static int append_sizes(sd_bus_message *reply, const struct collect_row rows[], size_t count,
			unsigned int which)
{
	int r = 0;

	for_each_setting(setting) {
		if (r >= 0 && (which & setting->bit) && setting->type == SETTING_SIZE)
			r = append_numbers(reply, rows, count, 't', setting_of, setting->offset);
	}
	return r;
}

/* The sizes of the first version of the list; later ones are appended at its end. */
#define FIRST_SIZES (unsigned int)(SETTING_LIMIT | SETTING_WMARK_HIGH | SETTING_WMARK_LOW)

/* The places: the index of the row, whether it is running, the unit and the cgroup. */
static int append_places(sd_bus_message *reply, const struct collect_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ubss)");

	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct container *c = rows[i].container;
		cleanup_free char *control_group = NULL;

		if (!container_is_elsewhere(c))
			continue;
		control_group = group_control_group(c->group);
		r = control_group ? sd_bus_message_append(reply, "(ubss)", (uint32_t)i,
							  (int)group_is_bound(c->group),
							  container_unit(c), control_group)
				  : -ENOMEM;
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The owners other than root: the index of the row, the user, and whether it is delegated. */
static int append_owners(sd_bus_message *reply, const struct collect_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(uub)");

	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct access_owner *owner = &rows[i].container->owner;

		if (owner->uid)
			r = sd_bus_message_append(reply, "(uub)", (uint32_t)i, (uint32_t)owner->uid,
						  (int)owner->delegated);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_columns(sd_bus_message *reply, const struct controller *controller, uid_t viewer,
			  const struct collect_row rows[], size_t count)
{
	cleanup_free char *root = NULL;
	int r = asprintf(&root, "/%s", controller->root);

	if (r < 0) {
		root = NULL;
		return -ENOMEM;
	}
	r = sd_bus_message_append(reply, "s", root);
	if (r >= 0)
		r = append_names(reply, rows, count);
	if (r >= 0)
		r = append_numbers(reply, rows, count, 'u', flags_of, 0);
	if (r >= 0)
		r = append_sizes(reply, rows, count, FIRST_SIZES);
	if (r >= 0)
		r = append_numbers(reply, rows, count, 'u', processes_of, 0);
	for (size_t i = 0; i < BUS_COUNTERS && r >= 0; i++)
		r = append_numbers(reply, rows, count, 't', counter_of, bus_counters[i].offset);
	if (r >= 0)
		r = append_places(reply, rows, count);
	if (r >= 0)
		r = append_owners(reply, rows, count);
	return r < 0 ? r : append_sizes(reply, rows, count, ~FIRST_SIZES);
}

/* --- managed objects -------------------------------------------------------------- */

/* The interfaces that sd-bus itself serves on every object. */
static const char *const standard_interfaces[] = {
	"org.freedesktop.DBus.Peer",
	"org.freedesktop.DBus.Introspectable",
	"org.freedesktop.DBus.Properties",
};

int bus_append_properties(sd_bus_message *reply, const struct collect_row *row, uid_t viewer)
{
	const struct container *c = row->container;
	uint64_t refaults = row->takes_totals ? row->refaults : COUNTER_ABSENT;
	int r = sd_bus_message_append(reply, "{sv}{sv}{sv}", "Name", "s", c->name, "Frozen", "b",
				      (int)row->frozen, "Refaults", "t", refaults);

	if (r >= 0)
		r = append_common(reply, row);
	for (size_t i = 0; i < BUS_COUNTERS && r >= 0; i++)
		r = sd_bus_message_append(reply, "{sv}", bus_counters[i].property, "t",
					  bus_counter(&row->counters, i));
	for (size_t i = 0; i < BUS_PARTS && r >= 0; i++)
		r = sd_bus_message_append(reply, "{sv}", bus_parts[i].property, "t",
					  bus_part(row->parts, i));
	if (r >= 0)
		r = bus_append_oom_entry(reply, "LastOOM", c->last_oom, viewer);
	if (r >= 0)
		r = bus_open_entry(reply, "Rules", "as");
	if (r >= 0)
		r = bus_append_rules(reply, join_find(c->manager, c->name));
	return r < 0 ? r : bus_close_entry(reply);
}

static int append_interface(sd_bus_message *reply, const struct collect_row *row, uid_t viewer)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", BUS_CONTAINER);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = bus_append_properties(reply, row, viewer);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Appends one {oa{sa{sv}}}. */
static int append_object(sd_bus_message *reply, const struct collect_row *row, uid_t viewer)
{
	cleanup_free char *path = name_to_object_path(row->container->name);
	int r;

	if (!path)
		return -ENOMEM;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "oa{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_append(reply, "o", path);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
	for (size_t i = 0; i < ARRAY_SIZE(standard_interfaces) && r >= 0; i++)
		r = sd_bus_message_append(reply, "{sa{sv}}", standard_interfaces[i], 0);
	if (r >= 0)
		r = append_interface(reply, row, viewer);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_objects(sd_bus_message *reply, const struct controller *controller, uid_t viewer,
			  const struct collect_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{oa{sa{sv}}}");

	for (size_t i = 0; i < count && r >= 0; i++)
		r = append_object(reply, &rows[i], viewer);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* --- the methods ----------------------------------------------------------------- */

static void reply_with(struct bus_call *call, int error, const struct failure *failure,
		       const struct collect_row rows[], size_t count,
		       int (*append)(sd_bus_message *, const struct controller *, uid_t,
				     const struct collect_row[], size_t))
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	if (bus_call_begin_reply(call, error, failure, &reply))
		bus_call_reply(call, reply,
			       append(reply, call->bus->manager->controller, bus_call_viewer(call),
				      rows, count));
}

static void containers_read(int error, const struct failure *failure,
			    const struct collect_row rows[], size_t count, void *userdata)
{
	reply_with(userdata, error, failure, rows, count, append_containers);
}

static void columns_read(int error, const struct failure *failure, const struct collect_row rows[],
			 size_t count, void *userdata)
{
	reply_with(userdata, error, failure, rows, count, append_columns);
}

static int begin(struct bus *bus, sd_bus_message *message, enum collect_what what,
		 collect_done_fn done)
{
	struct failure failure = { 0 };
	struct bus_call *call;
	int r = bus_call_new(bus, message, "", NULL, &call, &failure);

	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = collect_start(bus->manager, what, done, call, &failure);
	return bus_call_begun(call, r, &failure);
}

static void objects_read(int error, const struct failure *failure, const struct collect_row rows[],
			 size_t count, void *userdata)
{
	reply_with(userdata, error, failure, rows, count, append_objects);
}

int bus_managed_objects_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.ObjectManager",
					  "GetManagedObjects") <= 0 ||
	    strcmp(sd_bus_message_get_path(message), BUS_PATH) != 0 ||
	    !sd_bus_message_has_signature(message, ""))
		return 0;
	return begin(userdata, message, COLLECT_PARTS, objects_read);
}

int bus_list_containers(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return begin(userdata, message, COLLECT_COUNTERS, containers_read);
}

int bus_list_counters(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return begin(userdata, message, COLLECT_COUNTERS, columns_read);
}
