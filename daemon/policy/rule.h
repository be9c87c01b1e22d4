/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which processes join a container: a rule has conditions, and a
 * process that matches all of them joins. rule.h parses and compares rules;
 * rule-match.h matches processes against them. Pure.
 */
#ifndef RSSD_RULE_H
#define RSSD_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct json_object;

enum rule_condition {
	RULE_UNIT,	 /* a systemd unit, or a slice that contains it */
	RULE_EXECUTABLE, /* the path of the program */
	RULE_USER,	 /* a user name or a uid */
	RULE_COMMAND,	 /* the name of the process */
	RULE_CGROUP,	 /* a cgroup or one of its parents, in any hierarchy */
	RULE_POD,	 /* the UID of a Kubernetes pod */
};
#define RULE_CONDITIONS 6

struct rule {
	char *values[RULE_CONDITIONS]; /* NULL: the rule does not have the condition */
	bool uid_known;		       /* RULE_USER is a uid, or its name was found */
	uid_t uid;
};

/* The rules of one container. */
struct rules {
	unsigned int refs; /* used by the event loop only */
	size_t count;
	struct rule list[];
};

/**
 * rules_parse() - parse the value of "join"
 * @ret_key: the invalid key
 * @ret_problem: what is wrong with it, as the end of a sentence
 *
 * Both are static, or part of @value.
 *
 * Return: 0, -ENOMEM, or -EINVAL with *ret_key and *ret_problem set.
 */
int rules_parse(struct json_object *value, struct rules **ret, const char **ret_key,
		const char **ret_problem);

/* Bounded, because each rule is matched against each process that starts. */
#define RULES_MAX 64

/* The names of the conditions in JSON and in text. */
extern const char *const rule_condition_names[RULE_CONDITIONS];

/* With @count empty rules and one reference; NULL if out of memory. */
struct rules *rules_new(size_t count);
/*
 * Sets a condition to @text of @length bytes. Return: 0, -ENOMEM, or -EINVAL with *ret_problem set: the
 * end of a sentence, static.
 */
int rule_set_condition(struct rule *rule, enum rule_condition condition, const char *text,
		       size_t length, const char **ret_problem);

/* The value of "join", or NULL if out of memory. */
struct json_object *rules_to_json(const struct rules *rules);

/*
 * Returns the unit if @rules are one rule with no other condition than one unit, without a wildcard;
 * else NULL. @rules may be NULL.
 */
const char *rules_literal_unit(const struct rules *rules);

/*
 * The rules of both, either of which may be NULL. NULL if out of memory. Their values are shared with
 * no other rules.
 */
struct rules *rules_merge(const struct rules *a, const struct rules *b);
/* A copy of @rules, which may be NULL, with one rule more: the unit @unit. As above. */
struct rules *rules_with_unit(const struct rules *rules, const char *unit);

struct rules *rules_ref(struct rules *rules);
/* @rules may be NULL. Returns NULL. */
struct rules *rules_unref(struct rules *rules);
DEFINE_CLEANUP(struct rules *, rules_unref);

/* Returns true if both have the same rules in the same order. NULL has no rules. */
bool rules_equal(const struct rules *a, const struct rules *b);

/* Returns true if a rule has this condition; otherwise its fact need not be read. */
bool rules_need(const struct rules *rules, enum rule_condition condition);

/* The rules of a container, with its name and the file that declares them. */
struct rule_set {
	char *container, *file;
	struct rules *rules;
};

/* Adds a copy of @set, which takes a reference on its rules. @sets must have room for it. */
int rule_sets_add(struct rule_set sets[], size_t *count, const struct rule_set *set);
const struct rule_set *rule_sets_find(const struct rule_set sets[], size_t count,
				      const char *container);
void rule_sets_free(struct rule_set *sets, size_t count);

/*
 * The order in which rule sets are tried, for qsort(): the most nested container
 * first, then by name.
 */
int rule_set_compare(const void *a, const void *b);

#endif
