/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one writer of JSON. */
#include <stdio.h>

#include "output.h"

#include "rss.h"
#include "status.h"

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

void json_add_texts(struct json_object *object, const char *key, const char *const *texts)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && texts && texts[i]; i++)
		json_object_array_add(array, json_object_new_string(texts[i]));
	json_object_object_add(object, key, array);
}

void json_add_flag(struct json_object *object, const char *key, bool flag)
{
	json_object_object_add(object, key, json_object_new_boolean(flag));
}

void json_add_limit(struct json_object *object, const char *key, uint64_t bytes)
{
	json_object_object_add(object, key,
			       bytes == RSS_INFINITY ? json_object_new_string("infinity")
						     : json_object_new_uint64(bytes));
}

void json_add_count(struct json_object *object, const char *key, uint64_t count)
{
	json_object_object_add(object, key,
			       count == RSS_ABSENT ? NULL : json_object_new_uint64(count));
}

void json_add_oom(struct json_object *object, const char *key, const struct rss_oom *oom)
{
	struct json_object *record = NULL;

	if (oom && (record = json_object_new_object())) {
		json_add_count(record, "sequence", oom->sequence ?: RSS_ABSENT);
		json_add_count(record, "time", oom->time ?: RSS_ABSENT);
		json_add_text(record, "container", oom->container);
		json_add_text(record, "limit_owner", oom->limit_owner);
		json_add_text(record, "victim_container", oom->victim_container);
		json_add_count(record, "victim_pid", oom->victim_pid ?: RSS_ABSENT);
		/* 0 is root: only a record without a victim lacks its user. */
		json_add_count(record, "victim_uid",
			       oom->victim_pid ? oom->victim_uid : RSS_ABSENT);
		json_add_text(record, "victim_command", oom->victim_command);
		json_add_count(record, "usage", oom->usage);
		json_add_count(record, "limit", oom->limit);
	}
	json_object_object_add(object, key, record);
}

static int print(struct json_object *object, int flags)
{
	const char *text = object ? json_object_to_json_string_ext(
					    object, flags | JSON_C_TO_STRING_NOSLASHESCAPE)
				  : NULL;

	if (!text)
		return fail_memory();
	puts(text);
	return STATUS_DONE;
}

int print_json(const struct cli *cli, struct json_object *object)
{
	return print(object, cli->json == JSON_PRETTY
				     ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
				     : JSON_C_TO_STRING_PLAIN);
}

int print_json_line(struct json_object *object)
{
	int status = print(object, JSON_C_TO_STRING_PLAIN);

	fflush(stdout);
	return status;
}
