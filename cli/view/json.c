/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON: see json.h. */
#include "view/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "librss/rss.h"
#include "view/output.h"
#include "view/status.h"

void json_add_value(struct json_object *object, const char *key, struct json_object *value)
{
	if (!object || json_object_object_add(object, key, value) < 0)
		json_object_put(value);
}

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_add_value(object, key, text ? json_object_new_string(text) : NULL);
}

void json_add_texts(struct json_object *object, const char *key, const char *const *texts)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && texts && texts[i]; i++)
		json_object_array_add(array, json_object_new_string(texts[i]));
	json_add_value(object, key, array);
}

void json_add_flag(struct json_object *object, const char *key, bool flag)
{
	json_add_value(object, key, json_object_new_boolean(flag));
}

void json_add_limit(struct json_object *object, const char *key, uint64_t bytes)
{
	json_add_value(object, key,
		       bytes == RSS_INFINITY ? json_object_new_string("infinity")
					     : json_object_new_uint64(bytes));
}

void json_add_count(struct json_object *object, const char *key, uint64_t count)
{
	json_add_value(object, key, count == RSS_ABSENT ? NULL : json_object_new_uint64(count));
}

void json_add_percent(struct json_object *object, const char *key, uint64_t hundredths)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64 ".%02" PRIu64, hundredths / 100,
		       hundredths % 100);
	json_add_value(object, key,
		       hundredths == RSS_ABSENT
			       ? NULL
			       : json_object_new_double_s((double)hundredths / 100, text));
}

/* What the record of a kill by rssd has in addition. */
static void add_kill(struct json_object *record, const struct rss_oom *oom)
{
	json_add_text(record, "cause", oom->cause);
	json_add_count(record, "killed", oom->killed);
	json_add_count(record, "requester_uid",
		       oom->requester_uid != (uint32_t)-1 ? oom->requester_uid : RSS_ABSENT);
	json_add_count(record, "requester_pid", oom->requester_pid ?: RSS_ABSENT);
}

struct json_object *oom_to_json(const struct rss_oom *oom)
{
	struct json_object *record = json_object_new_object(), *processes = NULL;

	if (!record)
		return NULL;
	json_add_count(record, "id", oom->id ?: RSS_ABSENT);
	json_add_count(record, "time", oom->time ?: RSS_ABSENT);
	json_add_text(record, "container", oom->container);
	json_add_text(record, "limit_owner", oom->limit_owner);
	json_add_text(record, "victim_container", oom->victim_container);
	json_add_count(record, "victim_pid", oom->victim_pid ?: RSS_ABSENT);
	/* 0 is root. */
	json_add_count(record, "victim_uid",
		       oom->victim_uid != (uint32_t)-1 ? oom->victim_uid : RSS_ABSENT);
	json_add_text(record, "victim_command", oom->victim_command);
	json_add_flag(record, "group", oom->group);
	json_add_count(record, "usage", oom->usage);
	json_add_count(record, "limit", oom->limit);
	json_add_count(record, "failures", oom->failures);
	json_add_count(record, "reclaimed", oom->reclaimed);
	json_add_count(record, "scanned", oom->scanned);
	json_add_count(record, "anonymous", oom->anonymous);
	json_add_count(record, "file", oom->file);
	json_add_count(record, "shmem", oom->shmem);
	json_add_count(record, "mapped", oom->mapped);
	json_add_count(record, "kernel", oom->kernel);
	json_add_count(record, "locked", oom->locked);
	json_add_count(record, "swap_free", oom->swap_free);
	processes = json_object_new_array();
	for (size_t i = 0; processes && i < oom->n_processes; i++) {
		const struct rss_process *p = &oom->processes[i];
		struct json_object *process = json_object_new_object();

		json_add_count(process, "pid", (uint64_t)p->pid);
		json_add_count(process, "uid", p->uid == (uid_t)-1 ? RSS_ABSENT : (uint64_t)p->uid);
		json_add_count(process, "resident", p->resident);
		json_add_text(process, "command", p->command);
		json_object_array_add(processes, process);
	}
	json_add_value(record, "processes", processes);
	if (oom->cause)
		add_kill(record, oom);
	return record;
}

void json_add_oom(struct json_object *object, const char *key, const struct rss_oom *oom)
{
	json_add_value(object, key, oom ? oom_to_json(oom) : NULL);
}

static int print_text(struct json_object *object, int flags)
{
	const char *text = object ? json_object_to_json_string_ext(
					    object, flags | JSON_C_TO_STRING_NOSLASHESCAPE)
				  : NULL;

	if (!text)
		return fail_memory();
	puts(text);
	return STATUS_DONE;
}

int print_json(const struct output *out, struct json_object *object)
{
	return print_text(object, out->json == JSON_PRETTY
					  ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
					  : JSON_C_TO_STRING_PLAIN);
}

int print_json_line(struct json_object *object)
{
	int status = print_text(object, JSON_C_TO_STRING_PLAIN);

	fflush(stdout);
	return status;
}
