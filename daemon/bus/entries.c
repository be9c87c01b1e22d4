/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of dictionaries, appended: see entries.h. */
#include "bus/entries.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cgroup/controller.h"
#include "operation/attach-policy.h"
#include "policy/rule-text.h"
#include "policy/rule.h"
#include "shared/cleanup.h"
#include "shared/text.h"

int bus_open_entry(sd_bus_message *message, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");

	if (r >= 0)
		r = sd_bus_message_append(message, "s", key);
	return r < 0 ? r : sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, type);
}

int bus_close_entry(sd_bus_message *message)
{
	int r = sd_bus_message_close_container(message);

	return r < 0 ? r : sd_bus_message_close_container(message);
}

int bus_append_text(sd_bus_message *message, const char *text)
{
	cleanup_free char *safe = strdup(text);

	if (!safe)
		return -ENOMEM;
	text_make_safe(safe);
	return sd_bus_message_append(message, "s", safe);
}

int bus_append_number(sd_bus_message *message, const char *key, uint64_t number)
{
	return number != COUNTER_ABSENT ? sd_bus_message_append(message, "{sv}", key, "t", number)
					: 0;
}

const struct bus_counter bus_counters[BUS_COUNTERS] = {
	{ "Usage", offsetof(struct counters, usage) },
	{ "Peak", offsetof(struct counters, peak) },
	{ "Failures", offsetof(struct counters, failures) },
	{ "Reclaimed", offsetof(struct counters, reclaimed) },
	{ "OOMEvents", offsetof(struct counters, oom_events) },
	{ "OOMKills", offsetof(struct counters, oom_kills) },
	{ "Scanned", offsetof(struct counters, scanned) },
};

uint64_t bus_counter(const struct counters *counters, size_t i)
{
	assert(i < BUS_COUNTERS);
	return *(const uint64_t *)((const char *)counters + bus_counters[i].offset);
}

const struct bus_counter bus_parts[BUS_PARTS] = {
	{ "Anonymous", offsetof(struct memory_parts, anon) },
	{ "File", offsetof(struct memory_parts, file) },
	{ "Shmem", offsetof(struct memory_parts, shmem) },
	{ "Kernel", offsetof(struct memory_parts, kernel) },
	{ "Mapped", offsetof(struct memory_parts, mapped) },
	{ "Locked", offsetof(struct memory_parts, locked) },
	{ "Swap", offsetof(struct memory_parts, swap) },
	{ "PressureSome", offsetof(struct memory_parts, pressure_some) },
	{ "PressureFull", offsetof(struct memory_parts, pressure_full) },
	{ "PressureSomeAvg10", offsetof(struct memory_parts, pressure_some_avg10) },
	{ "PressureFullAvg10", offsetof(struct memory_parts, pressure_full_avg10) },
	{ "PressureSomeAvg60", offsetof(struct memory_parts, pressure_some_avg60) },
	{ "PressureFullAvg60", offsetof(struct memory_parts, pressure_full_avg60) },
	{ "PressureSomeAvg300", offsetof(struct memory_parts, pressure_some_avg300) },
	{ "PressureFullAvg300", offsetof(struct memory_parts, pressure_full_avg300) },
	{ "ZSwap", offsetof(struct memory_parts, zswap) },
};

uint64_t bus_part(const struct memory_parts *parts, size_t i)
{
	assert(i < BUS_PARTS);
	return *(const uint64_t *)((const char *)parts + bus_parts[i].offset);
}

int bus_append_parts(sd_bus_message *message, const struct memory_parts *parts)
{
	int r = 0;

	for (size_t i = 0; i < BUS_OOM_PARTS && r >= 0; i++)
		r = bus_append_number(message, bus_parts[i].property, bus_part(parts, i));
	return r;
}

int bus_append_rules(sd_bus_message *message, const struct rules *rules)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "s");

	for (size_t i = 0; rules && i < rules->count && r >= 0; i++) {
		cleanup_free char *text = rule_format(&rules->list[i]);

		r = text ? bus_append_text(message, text) : -ENOMEM;
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int bus_append_report(sd_bus_message *message, const struct attach_row rows[], size_t count)
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(uss)");

	for (size_t i = 0; i < count && r >= 0; i++) {
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_STRUCT, "uss");
		if (r >= 0)
			r = sd_bus_message_append(message, "us", (uint32_t)rows[i].pid,
						  attach_outcome_name(rows[i].outcome));
		if (r >= 0)
			r = bus_append_text(message, rows[i].reason);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}
