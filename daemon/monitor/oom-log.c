/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs OOMs and kills by rssd: see oom-log.h. */
#include "monitor/oom-log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/message-ids.h"
#include "container/manager.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "shared/size.h"

/* "NAME=value" for each fact that is known. */
struct fields {
	const char *prefix; /* "RSSD_OOM" or "RSSD_KILL" */
	struct log_field_list known;
};

static void fields_done(struct fields *fields)
{
	log_field_list_done(&fields->known);
}

static void add_text(struct fields *fields, const char *name, const char *value)
{
	if (value)
		log_field_add(&fields->known, "%s_%s=%s", fields->prefix, name, value);
}

static void add_number(struct fields *fields, const char *name, uint64_t value)
{
	if (value != OOM_ABSENT)
		log_field_add(&fields->known, "%s_%s=%" PRIu64, fields->prefix, name, value);
}

static void describe_largest(const struct oom_processes *processes, char *text, size_t room)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < processes->count && at < room; i++) {
		const struct oom_process *p = &processes->list[i];
		char size[SIZE_TEXT_MAX];

		at += (size_t)snprintf(text + at, room - at, "%s%d (%s) %s",
				       i ? ", " : "; the largest were ", (int)p->pid, p->command,
				       size_format(p->resident, size));
	}
}

/* Adds the facts that both kinds of records have. */
static void add_facts(struct fields *fields, const struct oom_record *oom)
{
	cleanup_free char *json = oom_format(oom);

	/* A line of a file, without its end. */
	if (json)
		json[strcspn(json, "\n")] = '\0';
	add_number(fields, "ID", oom->id);
	add_text(fields, "LIMIT_CONTAINER", oom->container);
	add_text(fields, "LIMIT_OWNER", oom->limit_owner);
	add_text(fields, "VICTIM_CONTAINER", oom->victim_container);
	add_text(fields, "VICTIM_COMMAND", oom->victim_command);
	if (oom->victim_pid > 0)
		add_number(fields, "VICTIM_PID", (uint64_t)oom->victim_pid);
	add_number(fields, "USAGE", oom->usage);
	add_number(fields, "LIMIT", oom->limit);
	add_number(fields, "RECLAIMED", oom->snapshot.reclaimed);
	add_text(fields, "RECORD", json);
}

static void log_oom(const char *container, const struct oom_record *oom)
{
	cleanup_(fields_done) struct fields fields = { .prefix = "RSSD_OOM" };
	char usage[SIZE_TEXT_MAX] = "?", limit[SIZE_TEXT_MAX] = "?", largest[640];

	if (oom->usage != OOM_ABSENT)
		size_format(oom->usage, usage);
	if (oom->limit != OOM_ABSENT)
		size_format(oom->limit, limit);
	describe_largest(&oom->snapshot.processes, largest, sizeof(largest));
	add_facts(&fields, oom);
	log_fields(
		LOG_WARNING, MESSAGE_OOM, container, fields.known.list,
		"out of memory: killed process %d (%s) of %s; the limit was that of %s, usage %s, "
		"limit %s%s",
		(int)oom->victim_pid, oom->victim_command ? oom->victim_command : "unknown",
		oom->victim_container ? oom->victim_container : "?",
		oom->container ? oom->container
			       : (oom->limit_owner ? oom->limit_owner : "an unknown cgroup"),
		usage, limit, largest);
}

static void log_kill(const char *container, const struct oom_record *kill)
{
	cleanup_(fields_done) struct fields fields = { .prefix = "RSSD_KILL" };
	char largest[640], requester[64] = "rssd itself";

	if (kill->requester_uid != (uid_t)-1) {
		(void)snprintf(requester, sizeof(requester), "user %u (process %d)",
			       (unsigned int)kill->requester_uid, (int)kill->requester_pid);
		add_number(&fields, "REQUESTER_UID", kill->requester_uid);
		add_number(&fields, "REQUESTER_PID", (uint64_t)kill->requester_pid);
	}
	describe_largest(&kill->snapshot.processes, largest, sizeof(largest));
	add_facts(&fields, kill);
	add_text(&fields, "CAUSE", kill->cause);
	add_number(&fields, "COUNT", kill->killed);
	log_fields(LOG_WARNING, MESSAGE_KILLED, container, fields.known.list,
		   "killed %" PRIu64 " process%s (%s) for %s%s", kill->killed,
		   kill->killed == 1 ? "" : "es", kill->cause, requester, largest);
}

static void on_event(const struct event *event, void *userdata)
{
	if (event->kind == EVENT_OOM)
		log_oom(event->container->name, event->oom);
	else if (event->kind == EVENT_KILL)
		log_kill(event->container->name, event->oom);
}

static const struct manager_listener listener = { .event = on_event };

int oom_log_open(struct manager *m)
{
	return manager_listen(m, &listener, NULL);
}
