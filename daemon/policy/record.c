/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of containers, read from JSON: see record.h. */
#include "policy/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "policy/counters.h"
#include "base/failure.h"
#include "shared/name.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "policy/place.h"
#include "policy/record-json.h"
#include "policy/rule.h"
#include "shared/pressure-trigger.h"
#include "shared/size.h"

/* The text that is read, and where its errors go. */
struct source {
	const char *file;
	const char *text;
	enum record_kind kind;
	struct failure *failure;
};

/* json-c keeps no positions, so the line of a key is that of its first occurrence in quotes. */
static unsigned int line_of_key(const char *text, const char *key)
{
	cleanup_free char *quoted = NULL;
	const char *at;

	if (asprintf(&quoted, "\"%s\"", key) < 0) {
		quoted = NULL;
		return 1;
	}
	at = strstr(text, quoted);
	return at ? record_line_at(text, (size_t)(at - text)) : 1;
}

static int fail_at(const struct source *source, const char *key, const char *problem)
{
	return fail(source->failure, RSS_ERROR_CONFIG, "%s:%u: %s: %s", source->file,
		    line_of_key(source->text, key), key, problem);
}

static int read_bool(const struct source *source, const char *key, struct json_object *value,
		     bool *ret)
{
	if (!json_object_is_type(value, json_type_boolean))
		return fail_at(source, key, "must be true or false");
	*ret = json_object_get_boolean(value);
	return 0;
}

static int read_number(const struct source *source, const char *key, struct json_object *value,
		       uint64_t *ret)
{
	/* json-c saturates: json_object_get_int64() returns INT64_MAX for larger numbers. */
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return fail_at(source, key, "must be a whole number, not negative");
	*ret = json_object_get_uint64(value);
	return 0;
}

static int read_text(const struct source *source, const char *key, struct json_object *value,
		     char **ret)
{
	char *text;

	if (!json_object_is_type(value, json_type_string))
		return fail_at(source, key, "must be a string");
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return fail_at(source, key, "contains a NUL byte");
	text = strdup(json_object_get_string(value));
	if (!text)
		return -ENOMEM;
	free(*ret);
	*ret = text;
	return 0;
}

/* Newer versions of json-c parse a whole number past 2^64 as a double. */
static bool is_large_double(struct json_object *value)
{
	return json_object_is_type(value, json_type_double) &&
	       json_object_get_double(value) >= 0x1p63;
}

static int read_size(const struct source *source, const char *key, struct json_object *value,
		     uint64_t *ret)
{
	int r;

	if (!json_object_is_type(value, json_type_string)) {
		uint64_t bytes = 0;
		bool too_large = is_large_double(value);

		r = too_large ? 0 : read_number(source, key, value, &bytes);
		if (r < 0)
			return fail_at(source, key,
				       "must be a number of bytes, or a size like \"512M\" or "
				       "\"infinity\"");
		/* Older versions of json-c parse larger numbers as 2^64-1. */
		if (too_large || (bytes > INT64_MAX && source->kind == RECORD_DECLARATION))
			return fail_at(source, key,
				       "is above the largest size, 2^63-1; write \"infinity\" for "
				       "none");
		*ret = bytes;
		return 0;
	}
	r = size_parse(json_object_get_string(value), ret);
	if (r < 0)
		return fail_at(source, key, size_parse_reason(r));
	return 0;
}

static int read_pressure(const struct source *source, const char *key, struct json_object *value,
			 uint64_t *ret)
{
	const char *problem = "must be a string like \"some:150ms/2s\"";

	if (json_object_is_type(value, json_type_string))
		problem = pressure_trigger_parse(json_object_get_string(value), ret);
	return problem ? fail_at(source, key, problem) : 0;
}

/* Reads a key of the settings. Returns 1 if it is one, 0 if it is another key, or an error. */
static int read_setting(const struct source *source, const char *key, struct json_object *value,
			struct settings *settings)
{
	const struct setting *setting = setting_by_key(key);
	uint64_t size = 0;
	bool flag = false;
	int r;

	if (!setting)
		return 0;
	if (setting->type == SETTING_PRESSURE_TRIGGER)
		r = read_pressure(source, key, value, &size);
	else
		r = setting->type == SETTING_FLAG ? read_bool(source, key, value, &flag)
						  : read_size(source, key, value, &size);
	if (r < 0)
		return r;
	setting_put(setting, settings,
		    setting_canonical(setting, setting->type == SETTING_FLAG ? flag : size));
	return 1;
}

static int read_settings(const struct source *source, const char *outer, struct json_object *object,
			 struct settings *ret)
{
	*ret = settings_default();
	if (!json_object_is_type(object, json_type_object))
		return fail_at(source, outer, "must be an object");
	json_object_object_foreach(object, key, value)
	{
		int r = read_setting(source, key, value, ret);

		if (r < 0)
			return r;
		if (r == 0)
			return fail_at(source, key, "is not a known key");
	}
	return 0;
}

static int read_oom(const struct source *source, const char *outer, struct json_object *object,
		    struct oom_record **ret)
{
	const char *key;
	int r = oom_from_json(object, ret, &key);

	return r == -EBADMSG ? fail_at(source, *key ? key : outer, "is unknown or has a bad value")
			     : r;
}

/* Reads "unit" or "cgroup". Returns 1 if it is one of them, 0 if it is another key, or an error. */
static int read_place(const struct source *source, const char *key, struct json_object *value,
		      struct record *record)
{
	enum place_kind kind = strcmp(key, "unit") == 0 ? PLACE_UNIT : PLACE_CGROUP;
	cleanup_free char *text = NULL;
	int r;

	if (kind != PLACE_UNIT && strcmp(key, "cgroup") != 0)
		return 0;
	r = read_text(source, key, value, &text);
	if (r < 0)
		return r;
	if (record->place)
		return fail_at(source, key, "a container is one unit or one cgroup");
	record->place = place_new(kind, text);
	return record->place ? 1 : -ENOMEM;
}

/* Reads the names of the settings that rssd has set. */
static int read_managed(const struct source *source, const char *outer, struct json_object *names,
			unsigned int *ret)
{
	if (!json_object_is_type(names, json_type_array))
		return fail_at(source, outer, "must be an array");
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		struct json_object *name = json_object_array_get_idx(names, i);
		const struct setting *setting =
			json_object_is_type(name, json_type_string)
				? setting_by_key(json_object_get_string(name))
				: NULL;

		if (!setting)
			return fail_at(source, outer, "has a name that is not of a setting");
		*ret |= setting->bit;
	}
	return 0;
}

/* The members of "place": what rssd keeps of it. */
static int read_place_state(const struct source *source, struct json_object *object,
			    struct record *record)
{
	struct place *place = record->place;
	struct earlier_counters *earlier = &record->earlier;
	int r = 0;

	if (!place || !json_object_is_type(object, json_type_object))
		return fail_at(source, "place", "must be an object, after \"unit\" or \"cgroup\"");
	json_object_object_foreach(object, key, value)
	{
		if (strcmp(key, "path") == 0)
			r = read_text(source, key, value, &place->cgroup);
		else if (strcmp(key, "found_limit") == 0)
			r = read_size(source, key, value, &place->found.limit);
		else if (strcmp(key, "found") == 0)
			r = read_settings(source, key, value, &place->found);
		else if (strcmp(key, "managed") == 0)
			r = read_managed(source, key, value, &place->managed);
		else if (strcmp(key, "found_dropins") == 0)
			r = read_text(source, key, value, &place->found_dropins);
		else if (strcmp(key, "runtime") == 0)
			r = read_bool(source, key, value, &place->runtime);
		else if (strcmp(key, "unfinished") == 0)
			r = read_bool(source, key, value, &place->unfinished);
		else if (strcmp(key, "failures") == 0)
			r = read_number(source, key, value, &earlier->failures);
		else if (strcmp(key, "reclaimed") == 0)
			r = read_number(source, key, value, &earlier->reclaimed);
		else if (strcmp(key, "oom_events") == 0)
			r = read_number(source, key, value, &earlier->oom_events);
		else if (strcmp(key, "oom_kills") == 0)
			r = read_number(source, key, value, &earlier->oom_kills);
		else if (strcmp(key, "peak") == 0)
			r = read_number(source, key, value, &earlier->peak);
		else
			r = fail_at(source, key, "is not a key that rssd knows");
		if (r < 0)
			return r;
	}
	return place->cgroup ? 0 : fail_at(source, "place", "has no path");
}

/* A user, who is not -1: that is none. */
static int read_uid(const struct source *source, const char *key, struct json_object *value,
		    uid_t *ret)
{
	uint64_t number = 0;
	int r = read_number(source, key, value, &number);

	if (r == 0 && number >= (uid_t)-1)
		return fail_at(source, key, "is not a user ID");
	*ret = (uid_t)number;
	return r;
}

/* Reads a key that only rssd writes. Returns 1 if it is one, 0 if it is unknown, or an error. */
static int read_state_key(const struct source *source, const char *key, struct json_object *value,
			  struct record *record)
{
	uint64_t version = 0;
	int r;

	if (source->kind != RECORD_STATE)
		return 0;
	if (strcmp(key, "version") == 0) {
		r = read_number(source, key, value, &version);
		if (r == 0 && version != RECORD_VERSION)
			r = fail_at(source, key, "is unknown to this version of rssd");
	} else if (strcmp(key, "transient") == 0) {
		r = read_bool(source, key, value, &record->transient);
	} else if (strcmp(key, "declared") == 0) {
		if (!record->declaration)
			record->declaration = malloc(sizeof(*record->declaration));
		r = record->declaration ? read_settings(source, key, value, record->declaration)
					: -ENOMEM;
	} else if (strcmp(key, "oom_events") == 0) {
		r = read_number(source, key, value, &record->oom_events);
	} else if (strcmp(key, "inner_oom_kills") == 0) {
		r = read_number(source, key, value, &record->inner_oom_kills);
	} else if (strcmp(key, "owner") == 0) {
		r = read_uid(source, key, value, &record->owner.uid);
	} else if (strcmp(key, "delegated") == 0) {
		r = read_bool(source, key, value, &record->owner.delegated);
	} else if (strcmp(key, "joined_unit") == 0) {
		r = read_text(source, key, value, &record->joined_unit);
	} else if (strcmp(key, "place") == 0) {
		r = read_place_state(source, value, record);
	} else if (strcmp(key, "last_oom") == 0) {
		oom_record_free(record->last_oom);
		record->last_oom = NULL;
		r = read_oom(source, key, value, &record->last_oom);
	} else {
		return 0;
	}
	return r < 0 ? r : 1;
}

/* Returns 1, or an error. */
static int read_hook(const struct source *source, const char *key, struct json_object *value,
		     struct record *record)
{
	int r = read_text(source, key, value, &record->oom_hook);

	if (r < 0)
		return r;
	if (record->oom_hook[0] != '/')
		return fail_at(source, key, "must be the path of a program, which starts with /");
	return 1;
}

/* A user ID or a name. Returns 1, or an error. */
static int read_declared_owner(const struct source *source, const char *key,
			       struct json_object *value, struct record *record)
{
	int r;

	record->owner.delegated = true;
	if (!json_object_is_type(value, json_type_string))
		return read_uid(source, key, value, &record->owner.uid) ?: 1;
	r = read_text(source, key, value, &record->owner_name);
	if (r < 0)
		return r;
	return *record->owner_name ? 1 : fail_at(source, key, "must be a user");
}

/* Returns 1, or an error. */
static int read_rules(const struct source *source, struct json_object *value, struct record *record)
{
	const char *bad_key, *problem;
	struct rules *rules;
	int r = rules_parse(value, &rules, &bad_key, &problem);

	if (r == -EINVAL)
		return fail_at(source, bad_key, problem);
	if (r < 0)
		return r;
	rules_unref(record->join);
	record->join = rules;
	return 1;
}

static int read_record(const struct source *source, struct json_object *object,
		       struct record *record)
{
	const char *problem;

	json_object_object_foreach(object, key, value)
	{
		int r;

		if (strcmp(key, "name") == 0)
			r = read_text(source, key, value, &record->name) ?: 1;
		else
			r = read_setting(source, key, value, &record->settings);
		if (r == 0)
			r = read_place(source, key, value, record);
		if (r == 0)
			r = read_state_key(source, key, value, record);
		if (r == 0)
			r = source->kind == RECORD_DECLARATION && strcmp(key, "oom_hook") == 0
				    ? read_hook(source, key, value, record)
				    : 0;
		if (r == 0 && source->kind == RECORD_DECLARATION && strcmp(key, "owner") == 0)
			r = read_declared_owner(source, key, value, record);
		if (r == 0 && strcmp(key, "join") == 0)
			r = read_rules(source, value, record);
		if (r == 0)
			return fail_at(source, key, "is not a known key");
		if (r < 0)
			return r;
	}

	if (!record->name)
		return fail(source->failure, RSS_ERROR_CONFIG, "%s:1: the key \"name\" is missing",
			    source->file);
	problem = name_problem(record->name);
	if (problem)
		return fail_at(source, "name", problem);
	if (record->place && record->join)
		return fail_at(source, "join",
			       "is not for a unit or a cgroup: its members are the processes in "
			       "it");
	if (record->place && (record->owner.uid || record->owner_name))
		return fail_at(source, "owner", "is not for a unit or a cgroup of another program");
	if (record->place && source->kind == RECORD_STATE && !record->place->cgroup)
		return fail_at(source, "unit", "needs the key \"place\"");
	return 0;
}

int record_parse(const char *text, size_t length, const char *file, enum record_kind kind,
		 struct record **ret, struct failure *failure)
{
	struct source source = { .file = file, .text = text, .kind = kind, .failure = failure };
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	cleanup_(record_free_ptr) struct record *record = calloc(1, sizeof(*record));
	int r;

	if (!record)
		return -ENOMEM;
	record->settings = settings_default();

	r = record_parse_json(text, length, file, &object, failure);
	if (r < 0)
		return r;
	r = read_record(&source, object, record);
	if (r < 0)
		return r;
	record->file = strdup(file);
	if (!record->file)
		return -ENOMEM;

	*ret = take_ptr(record);
	return 0;
}

struct record *record_free(struct record *record)
{
	if (!record)
		return NULL;
	free(record->name);
	oom_record_free(record->last_oom);
	place_free(record->place);
	free(record->joined_unit);
	rules_unref(record->join);
	free(record->oom_hook);
	free(record->owner_name);
	free(record->declaration);
	free(record->file);
	free(record);
	return NULL;
}
