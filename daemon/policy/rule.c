/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing, formatting and sorting rules: see rule.h. */
#include "policy/rule.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shared/file.h"

#define VALUE_MAX 1024
/* The kernel keeps this many characters of a process name. */
#define COMMAND_MAX 15

const char *const rule_condition_names[RULE_CONDITIONS] = {
	[RULE_UNIT] = "unit",	    [RULE_EXECUTABLE] = "executable", [RULE_USER] = "user",
	[RULE_COMMAND] = "command", [RULE_CGROUP] = "cgroup",	      [RULE_POD] = "pod",
};

/* --- parsing and formatting ------------------------------------------------- */

static bool has_wildcard(const char *text)
{
	return strpbrk(text, "*?[");
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static const char *unit_problem(const char *value)
{
	if (strchr(value, '/'))
		return "must be the name of a unit, without a slash";
	if (!strchr(value, '.') && !has_wildcard(value))
		return "must be the whole name of a unit, such as nginx.service";
	return NULL;
}

static const char *user_problem(const char *value)
{
	if (is_number(value) && (strlen(value) > 10 || strtoull(value, NULL, 10) >= UINT32_MAX))
		return "is not a user ID";
	if (has_wildcard(value))
		return "must be a name or a number; it takes no wildcards";
	return NULL;
}

static const char *command_problem(const char *value)
{
	if (!has_wildcard(value) && strlen(value) > COMMAND_MAX)
		return "is longer than the 15 characters that the kernel keeps of a command's name; "
		       "end it with * or use executable";
	return NULL;
}

static const char *pod_problem(const char *value)
{
	size_t digits = 0;

	for (const char *c = value; *c; c++) {
		if (!isxdigit((unsigned char)*c) && *c != '-')
			return "must be the UID of a pod, as "
			       "8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55";
		digits += *c != '-';
	}
	return digits == 32 ? NULL : "must be the UID of a pod: 32 hexadecimal digits";
}

/* Returns what is wrong with a value, as the end of a sentence, or NULL if it is valid. */
static const char *value_problem(enum rule_condition condition, const char *value, size_t length)
{
	if (!length)
		return "must not be empty";
	if (strlen(value) != length)
		return "contains a NUL byte";
	if (length > VALUE_MAX)
		return "is longer than 1024 bytes";
	switch (condition) {
	case RULE_UNIT:
		return unit_problem(value);
	case RULE_EXECUTABLE:
	case RULE_CGROUP:
		return value[0] == '/' ? NULL : "must be a path that starts with /";
	case RULE_USER:
		return user_problem(value);
	case RULE_COMMAND:
		return command_problem(value);
	case RULE_POD:
		return pod_problem(value);
	}
	return NULL;
}

static int find_condition(const char *key, enum rule_condition *ret)
{
	for (int i = 0; i < RULE_CONDITIONS; i++) {
		if (strcmp(rule_condition_names[i], key) == 0) {
			*ret = (enum rule_condition)i;
			return 0;
		}
	}
	return -ENOENT;
}

static int set_problem(const char **ret_key, const char *key, const char **ret_problem,
		       const char *problem)
{
	*ret_key = key;
	*ret_problem = problem;
	return -EINVAL;
}

int rule_set_condition(struct rule *rule, enum rule_condition condition, const char *text,
		       size_t length, const char **ret_problem)
{
	*ret_problem = value_problem(condition, text, length);
	if (*ret_problem)
		return -EINVAL;
	free(rule->values[condition]);
	rule->values[condition] = strdup(text);
	if (!rule->values[condition])
		return -ENOMEM;
	if (condition == RULE_USER) {
		rule->uid_known = is_number(text);
		rule->uid = rule->uid_known ? (uid_t)strtoul(text, NULL, 10) : 0;
	}
	return 0;
}

static int parse_condition(const char *key, struct json_object *value, struct rule *rule,
			   const char **ret_key, const char **ret_problem)
{
	enum rule_condition condition;
	const char *problem;
	int r;

	if (find_condition(key, &condition) < 0)
		return set_problem(
			ret_key, key, ret_problem,
			"is not a condition of a rule; the conditions are unit, executable, user, "
			"command, cgroup and pod");
	if (!json_object_is_type(value, json_type_string))
		return set_problem(ret_key, key, ret_problem, "must be a string");
	r = rule_set_condition(rule, condition, json_object_get_string(value),
			       (size_t)json_object_get_string_len(value), &problem);
	return r == -EINVAL ? set_problem(ret_key, key, ret_problem, problem) : r;
}

static int parse_rule(struct json_object *object, struct rule *rule, const char **ret_key,
		      const char **ret_problem)
{
	if (!json_object_is_type(object, json_type_object))
		return set_problem(
			ret_key, "join", ret_problem,
			"each rule must be an object, such as {\"unit\": \"nginx.service\"}");
	if (json_object_object_length(object) == 0)
		return set_problem(ret_key, "join", ret_problem,
				   "a rule without a condition would match every process");
	json_object_object_foreach(object, key, value)
	{
		int r = parse_condition(key, value, rule, ret_key, ret_problem);

		if (r < 0)
			return r;
	}
	return 0;
}

struct rules *rules_new(size_t count)
{
	struct rules *rules = calloc(1, sizeof(*rules) + count * sizeof(rules->list[0]));

	if (rules) {
		rules->refs = 1;
		rules->count = count;
	}
	return rules;
}

int rules_parse(struct json_object *value, struct rules **ret, const char **ret_key,
		const char **ret_problem)
{
	cleanup_(rules_unref_ptr) struct rules *rules = NULL;
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return set_problem(ret_key, "join", ret_problem, "must be an array of rules");
	count = json_object_array_length(value);
	if (count > RULES_MAX)
		return set_problem(ret_key, "join", ret_problem, "has more than 64 rules");
	rules = rules_new(count);
	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = parse_rule(json_object_array_get_idx(value, i), &rules->list[i], ret_key,
				   ret_problem);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(rules);
	return 0;
}

const char *rules_literal_unit(const struct rules *rules)
{
	const struct rule *rule;

	if (!rules || rules->count != 1)
		return NULL;
	rule = &rules->list[0];
	for (int c = 0; c < RULE_CONDITIONS; c++) {
		if ((c == RULE_UNIT) != (rule->values[c] != NULL))
			return NULL;
	}
	return has_wildcard(rule->values[RULE_UNIT]) ? NULL : rule->values[RULE_UNIT];
}

static int copy_rule(struct rule *to, const struct rule *from)
{
	to->uid_known = from->uid_known;
	to->uid = from->uid;
	for (int c = 0; c < RULE_CONDITIONS; c++) {
		if (!from->values[c])
			continue;
		to->values[c] = strdup(from->values[c]);
		if (!to->values[c])
			return -ENOMEM;
	}
	return 0;
}

struct rules *rules_merge(const struct rules *a, const struct rules *b)
{
	size_t first = a ? a->count : 0, count = first + (b ? b->count : 0);
	cleanup_(rules_unref_ptr) struct rules *both = rules_new(count);

	for (size_t i = 0; both && i < count; i++) {
		if (copy_rule(&both->list[i], i < first ? &a->list[i] : &b->list[i - first]) < 0)
			return NULL;
	}
	return take_ptr(both);
}

struct rules *rules_with_unit(const struct rules *rules, const char *unit)
{
	cleanup_(rules_unref_ptr) struct rules *last = rules_new(1);

	if (last)
		last->list[0].values[RULE_UNIT] = strdup(unit);
	if (!last || !last->list[0].values[RULE_UNIT])
		return NULL;
	return rules_merge(rules, last);
}

struct json_object *rules_to_json(const struct rules *rules)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < rules->count; i++) {
		struct json_object *rule = json_object_new_object();

		for (int c = 0; rule && c < RULE_CONDITIONS; c++) {
			if (rules->list[i].values[c])
				json_object_object_add(
					rule, rule_condition_names[c],
					json_object_new_string(rules->list[i].values[c]));
		}
		json_object_array_add(array, rule);
	}
	return array;
}

struct rules *rules_ref(struct rules *rules)
{
	rules->refs++;
	return rules;
}

struct rules *rules_unref(struct rules *rules)
{
	if (!rules || --rules->refs > 0)
		return NULL;
	for (size_t i = 0; i < rules->count; i++) {
		for (int c = 0; c < RULE_CONDITIONS; c++)
			free(rules->list[i].values[c]);
	}
	free(rules);
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool rules_equal(const struct rules *a, const struct rules *b)
{
	size_t count = a ? a->count : 0;

	if (count != (b ? b->count : 0))
		return false;
	for (size_t i = 0; i < count; i++) {
		for (int c = 0; c < RULE_CONDITIONS; c++) {
			if (!same_text(a->list[i].values[c], b->list[i].values[c]))
				return false;
		}
	}
	return true;
}

bool rules_need(const struct rules *rules, enum rule_condition condition)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->list[i].values[condition])
			return true;
	}
	return false;
}

/* --- sets ----------------------------------------------------------------------- */

static unsigned int depth(const char *name)
{
	unsigned int slashes = 0;

	for (; *name; name++)
		slashes += *name == '/';
	return slashes;
}

int rule_set_compare(const void *a, const void *b)
{
	const struct rule_set *one = a, *other = b;
	unsigned int da = depth(one->container), db = depth(other->container);

	if (da != db)
		return da < db ? 1 : -1;
	return strcmp(one->container, other->container);
}

void rule_sets_free(struct rule_set *sets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(sets[i].container);
		free(sets[i].file);
		rules_unref(sets[i].rules);
	}
	free(sets);
}

int rule_sets_add(struct rule_set *sets, size_t *count, const struct rule_set *set)
{
	cleanup_free char *container = strdup(set->container), *file = strdup(set->file);

	if (!container || !file)
		return -ENOMEM;
	sets[(*count)++] = (struct rule_set){
		.container = take_ptr(container),
		.file = take_ptr(file),
		.rules = rules_ref(set->rules),
	};
	return 0;
}

const struct rule_set *rule_sets_find(const struct rule_set sets[], size_t count,
				      const char *container)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(sets[i].container, container) == 0)
			return &sets[i];
	}
	return NULL;
}
