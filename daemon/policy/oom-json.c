/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM records as JSON: see oom-json.h. */
#include "policy/oom-json.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "policy/oom-record.h"
#include "shared/text.h"

enum field_type {
	FIELD_NUMBER, /* OOM_ABSENT: no key */
	FIELD_COUNT,  /* 0: no key */
	FIELD_PID,    /* 0: no key */
	FIELD_UID,    /* (uid_t)-1: no key */
	FIELD_TEXT,
	FIELD_FLAG, /* false: no key */
};

#define FIELD(key, type, member)                               \
	{                                                      \
		key, type, offsetof(struct oom_record, member) \
	}

static const struct field {
	const char *key;
	enum field_type type;
	size_t offset;
} fields[] = {
	FIELD("id", FIELD_COUNT, id),
	FIELD("time", FIELD_COUNT, time),
	FIELD("container", FIELD_TEXT, container),
	FIELD("limit_owner", FIELD_TEXT, limit_owner),
	FIELD("victim_container", FIELD_TEXT, victim_container),
	FIELD("victim_pid", FIELD_PID, victim_pid),
	FIELD("victim_uid", FIELD_UID, victim_uid),
	FIELD("victim_command", FIELD_TEXT, victim_command),
	FIELD("group", FIELD_FLAG, group),
	FIELD("usage", FIELD_NUMBER, usage),
	FIELD("limit", FIELD_NUMBER, limit),
	FIELD("failures", FIELD_NUMBER, snapshot.failures),
	FIELD("reclaimed", FIELD_NUMBER, snapshot.reclaimed),
	FIELD("scanned", FIELD_NUMBER, snapshot.scanned),
	FIELD("anonymous", FIELD_NUMBER, snapshot.parts.anon),
	FIELD("file", FIELD_NUMBER, snapshot.parts.file),
	FIELD("shmem", FIELD_NUMBER, snapshot.parts.shmem),
	FIELD("kernel", FIELD_NUMBER, snapshot.parts.kernel),
	FIELD("mapped", FIELD_NUMBER, snapshot.parts.mapped),
	FIELD("locked", FIELD_NUMBER, snapshot.parts.locked),
	FIELD("swap_free", FIELD_NUMBER, snapshot.swap_free),
	FIELD("cause", FIELD_TEXT, cause),
	FIELD("killed", FIELD_COUNT, killed),
	FIELD("requester_uid", FIELD_UID, requester_uid),
	FIELD("requester_pid", FIELD_PID, requester_pid),
};

#define PROCESSES "processes"

/* --- writing ------------------------------------------------------------------ */

static bool is_absent(const struct field *field, const void *at)
{
	switch (field->type) {
	case FIELD_NUMBER:
		return *(const uint64_t *)at == OOM_ABSENT;
	case FIELD_COUNT:
		return *(const uint64_t *)at == 0;
	case FIELD_PID:
		return *(const pid_t *)at <= 0;
	case FIELD_UID:
		return *(const uid_t *)at == (uid_t)-1;
	case FIELD_TEXT:
		return !*(char *const *)at;
	case FIELD_FLAG:
		return !*(const bool *)at;
	}
	return true;
}

static struct json_object *value_of(const struct field *field, const void *at)
{
	switch (field->type) {
	case FIELD_NUMBER:
	case FIELD_COUNT:
		return json_object_new_uint64(*(const uint64_t *)at);
	case FIELD_PID:
		return json_object_new_uint64((uint64_t) * (const pid_t *)at);
	case FIELD_UID:
		return json_object_new_uint64(*(const uid_t *)at);
	case FIELD_TEXT:
		return json_object_new_string(*(char *const *)at);
	case FIELD_FLAG:
		return json_object_new_boolean(*(const bool *)at);
	}
	return NULL;
}

static struct json_object *processes_to_json(const struct oom_processes *processes)
{
	struct json_object *array = json_object_new_array();

	for (unsigned int i = 0; array && i < processes->count; i++) {
		const struct oom_process *p = &processes->list[i];
		struct json_object *object = json_object_new_object();

		if (!object)
			break;
		json_object_object_add(object, "pid", json_object_new_uint64((uint64_t)p->pid));
		if (p->uid != (uid_t)-1)
			json_object_object_add(object, "uid", json_object_new_uint64(p->uid));
		json_object_object_add(object, "resident", json_object_new_uint64(p->resident));
		json_object_object_add(object, "command", json_object_new_string(p->command));
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *oom_to_json(const struct oom_record *record)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const void *at = (const char *)record + fields[i].offset;

		if (!is_absent(&fields[i], at))
			json_object_object_add(object, fields[i].key, value_of(&fields[i], at));
	}
	if (record->snapshot.processes.count)
		json_object_object_add(object, PROCESSES,
				       processes_to_json(&record->snapshot.processes));
	return object;
}

char *oom_format(const struct oom_record *record)
{
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	const char *text = NULL;
	char *line;

	json_watch_memory();
	object = oom_to_json(record);
	if (object)
		text = json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text && !json_lacked_memory() && asprintf(&line, "%s\n", text) >= 0 ? line : NULL;
}

/* --- reading -------------------------------------------------------------------- */

static int read_number(struct json_object *value, uint64_t max, uint64_t *ret)
{
	/* json-c saturates: json_object_get_int64() returns INT64_MAX for larger numbers. */
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
	    json_object_get_uint64(value) > max)
		return -EBADMSG;
	*ret = json_object_get_uint64(value);
	return 0;
}

static int read_text(struct json_object *value, char **ret)
{
	const char *text = json_object_get_string(value);
	char *copy;

	if (!json_object_is_type(value, json_type_string) ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return -EBADMSG;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 0;
}

static int read_field(const struct field *field, struct json_object *value, void *at)
{
	uint64_t number = 0;
	int r = 0;

	switch (field->type) {
	case FIELD_NUMBER:
	case FIELD_COUNT:
		return read_number(value, UINT64_MAX, at);
	case FIELD_PID:
		r = read_number(value, INT32_MAX, &number);
		*(pid_t *)at = (pid_t)number;
		break;
	case FIELD_UID:
		r = read_number(value, UINT32_MAX, &number);
		*(uid_t *)at = (uid_t)number;
		break;
	case FIELD_TEXT:
		return read_text(value, at);
	case FIELD_FLAG:
		*(bool *)at = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean) ? 0 : -EBADMSG;
	}
	return r;
}

static int read_process(struct json_object *object, struct oom_processes *processes)
{
	struct oom_process p = { .uid = (uid_t)-1 };
	uint64_t pid = 0, uid = UINT32_MAX;
	int r = 0;

	if (!json_object_is_type(object, json_type_object) || processes->count == OOM_PROCESSES)
		return -EBADMSG;
	json_object_object_foreach(object, key, value)
	{
		if (strcmp(key, "pid") == 0)
			r = read_number(value, INT32_MAX, &pid);
		else if (strcmp(key, "uid") == 0)
			r = read_number(value, UINT32_MAX, &uid);
		else if (strcmp(key, "resident") == 0)
			r = read_number(value, UINT64_MAX, &p.resident);
		else if (strcmp(key, "command") == 0 &&
			 json_object_is_type(value, json_type_string))
			(void)snprintf(p.command, sizeof(p.command), "%s",
				       json_object_get_string(value));
		else
			r = -EBADMSG;
		if (r < 0)
			return r;
	}
	p.pid = (pid_t)pid;
	p.uid = (uid_t)uid;
	text_make_safe(p.command);
	processes->list[processes->count++] = p;
	return 0;
}

static int read_processes(struct json_object *array, struct oom_processes *processes)
{
	int r = 0;

	if (!json_object_is_type(array, json_type_array))
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(array) && r == 0; i++)
		r = read_process(json_object_array_get_idx(array, i), processes);
	return r;
}

static int read_key(const char *key, struct json_object *value, struct oom_record *record)
{
	if (strcmp(key, PROCESSES) == 0)
		return read_processes(value, &record->snapshot.processes);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(key, fields[i].key) == 0)
			return read_field(&fields[i], value, (char *)record + fields[i].offset);
	}
	return -EBADMSG;
}

int oom_from_json(struct json_object *object, struct oom_record **ret, const char **ret_key)
{
	cleanup_(oom_record_free_ptr) struct oom_record *record = oom_record_new();

	if (!record)
		return -ENOMEM;
	*ret_key = "";
	if (!json_object_is_type(object, json_type_object))
		return -EBADMSG;
	json_object_object_foreach(object, key, value)
	{
		int r = read_key(key, value, record);

		if (r < 0) {
			*ret_key = key;
			return r;
		}
	}
	*ret = take_ptr(record);
	return 0;
}
