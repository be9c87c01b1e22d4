/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as text: see rule-text.h. */
#include "policy/rule-text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/failure.h"
#include "policy/rule.h"
#include "shared/file.h"

char *rule_format(const struct rule *rule)
{
	char *text = NULL;
	size_t size = 0;
	const char *gap = "";
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int i = 0; i < RULE_CONDITIONS; i++) {
		if (!rule->values[i])
			continue;
		fprintf(out, "%s%s=%s", gap, rule_condition_names[i], rule->values[i]);
		gap = " ";
	}
	if (close_text(out, &text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Returns the length of "NAME=" if @text begins with a condition, or 0. */
static size_t condition_length(const char *text, enum rule_condition *ret)
{
	for (int i = 0; i < RULE_CONDITIONS; i++) {
		size_t length = strlen(rule_condition_names[i]);

		if (strncmp(text, rule_condition_names[i], length) == 0 && text[length] == '=') {
			*ret = (enum rule_condition)i;
			return length + 1;
		}
	}
	return 0;
}

/* The end of a value: the blank before the next condition, or the end of the text. */
static const char *value_end(const char *text)
{
	enum rule_condition next;

	for (; *text; text++) {
		if (*text == ' ' && condition_length(text + 1, &next))
			break;
	}
	return text;
}

static int parse_text(const char *text, struct rule *rule, struct failure *failure)
{
	const char *at = text, *end, *problem;

	do {
		cleanup_free char *value = NULL;
		enum rule_condition condition;
		size_t length = condition_length(at, &condition);
		int r;

		if (!length)
			return fail(
				failure, RSS_ERROR_INVALID_ARGUMENT,
				"Invalid rule \"%.100s\": write CONDITION=VALUE; the "
				"conditions are unit, executable, user, command, cgroup and pod",
				text);
		at += length;
		end = value_end(at);
		value = strndup(at, (size_t)(end - at));
		if (!value)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
		if (rule->values[condition])
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "Invalid rule \"%.100s\": %s is given twice", text,
				    rule_condition_names[condition]);
		r = rule_set_condition(rule, condition, value, (size_t)(end - at), &problem);
		if (r == -EINVAL)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "Invalid rule \"%.100s\": %s %s", text,
				    rule_condition_names[condition], problem);
		if (r < 0)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
		at = *end ? end + 1 : end;
	} while (*at);
	return 0;
}

int rules_parse_texts(const char *const texts[], struct rules **ret, struct failure *failure)
{
	cleanup_(rules_unref_ptr) struct rules *rules = NULL;
	size_t count = 0;

	while (texts && texts[count])
		count++;
	if (count > RULES_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "More than %d rules for one container", RULES_MAX);
	rules = rules_new(count);
	if (!rules)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < count; i++) {
		int r = parse_text(texts[i], &rules->list[i], failure);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(rules);
	return 0;
}
