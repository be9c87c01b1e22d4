/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of OOMs, appended: see oom-entries.h. */
#include "bus/oom-entries.h"

#include "bus/entries.h"
#include "policy/access-policy.h"
#include "policy/oom-record.h"
#include "shared/array.h"

static int append_text(sd_bus_message *message, const char *key, const char *text)
{
	return text ? sd_bus_message_append(message, "{sv}", key, "s", text) : 0;
}

static int append_largest(sd_bus_message *message, const struct oom_processes *processes)
{
	int r = bus_open_entry(message, "Processes", "a(uuts)");

	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(uuts)");
	for (unsigned int i = 0; i < processes->count && r >= 0; i++) {
		const struct oom_process *p = &processes->list[i];

		r = sd_bus_message_append(message, "(uuts)", (uint32_t)p->pid, (uint32_t)p->uid,
					  p->resident, p->command);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r < 0 ? r : bus_close_entry(message);
}

static int append_snapshot(sd_bus_message *message, const struct oom_snapshot *snapshot)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "Failures", snapshot->failures },
		{ "Reclaimed", snapshot->reclaimed },
		{ "Scanned", snapshot->scanned },
		{ "SwapFree", snapshot->swap_free },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && r >= 0; i++)
		r = bus_append_number(message, rows[i].key, rows[i].value);
	if (r >= 0)
		r = bus_append_parts(message, &snapshot->parts);
	if (r >= 0 && snapshot->processes.count)
		r = append_largest(message, &snapshot->processes);
	return r;
}

/* What the record of a kill by rssd has in addition. */
static int append_kill(sd_bus_message *message, const struct oom_record *kill)
{
	int r = append_text(message, "Cause", kill->cause);

	if (r >= 0)
		r = bus_append_number(message, "Killed", kill->killed);
	if (r >= 0 && kill->requester_uid != (uid_t)-1)
		r = sd_bus_message_append(message, "{sv}", "RequesterUID", "u",
					  (uint32_t)kill->requester_uid);
	if (r >= 0 && kill->requester_pid > 0)
		r = sd_bus_message_append(message, "{sv}", "RequesterPID", "u",
					  (uint32_t)kill->requester_pid);
	return r;
}

static int append_oom_entries(sd_bus_message *message, const struct oom_record *oom)
{
	int r = bus_append_number(message, "ID", oom->id);

	if (r >= 0)
		r = bus_append_number(message, "Time", oom->time);
	if (r >= 0)
		r = append_text(message, "Container", oom->container);
	if (r >= 0)
		r = append_text(message, "LimitOwner", oom->limit_owner);
	if (r >= 0)
		r = append_text(message, "VictimContainer", oom->victim_container);
	if (r >= 0 && oom->victim_pid > 0)
		r = sd_bus_message_append(message, "{sv}", "VictimPID", "u",
					  (uint32_t)oom->victim_pid);
	if (r >= 0 && oom->victim_uid != (uid_t)-1)
		r = sd_bus_message_append(message, "{sv}", "VictimUID", "u",
					  (uint32_t)oom->victim_uid);
	if (r >= 0)
		r = append_text(message, "VictimCommand", oom->victim_command);
	if (r >= 0)
		r = sd_bus_message_append(message, "{sv}", "Group", "b", (int)oom->group);
	if (r >= 0)
		r = bus_append_number(message, "Usage", oom->usage);
	if (r >= 0)
		r = bus_append_number(message, "Limit", oom->limit);
	if (r >= 0)
		r = append_snapshot(message, &oom->snapshot);
	return r < 0 || !oom->cause ? r : append_kill(message, oom);
}

int bus_append_oom(sd_bus_message *message, const struct oom_record *oom, uid_t viewer)
{
	struct oom_record seen;
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r >= 0 && oom) {
		seen = access_visible_record(oom, viewer);
		r = append_oom_entries(message, &seen);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int bus_append_oom_entry(sd_bus_message *message, const char *key, const struct oom_record *oom,
			 uid_t viewer)
{
	int r = bus_open_entry(message, key, "a{sv}");

	if (r >= 0)
		r = bus_append_oom(message, oom, viewer);
	return r < 0 ? r : bus_close_entry(message);
}
