/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which processes join a container: a rule has conditions, and a
 * process that meets all of them joins. This reads and compares rules;
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
	RULE_UNIT,	 /* a systemd unit, or a slice around it */
	RULE_EXECUTABLE, /* the path of the program */
	RULE_USER,	 /* a name or a number */
	RULE_COMMAND,	 /* the name of the process */
	RULE_CGROUP,	 /* a control group or one around it, in any hierarchy */
	RULE_POD,	 /* the UID of a Kubernetes pod */
};
#define RULE_CONDITIONS 6

struct rule {
	char *values[RULE_CONDITIONS]; /* NULL: no such condition */
	bool uid_known;		       /* RULE_USER is a uid, or a name that was looked up */
	uid_t uid;
};

/* The rules of one container. */
struct rules {
	unsigned int refs; /* counted by the loop alone */
	size_t count;
	struct rule list[];
};

/**
 * rules_parse() - read the value of "join"
 * @ret_key: the key that is wrong
 * @ret_problem: what is wrong with it, as the end of a sentence
 *
 * Both are static, or part of @value.
 *
 * Return: 0, -EINVAL with the above set, -ENOMEM.
 */
int rules_parse(struct json_object *value, struct rules **ret, const char **ret_key,
		const char **ret_problem);

/* "unit=nginx.service user=www-data"; to be freed, NULL when out of memory. */
char *rule_format(const struct rule *rule);

struct rules *rules_ref(struct rules *rules);
/* NULL is allowed. Returns NULL. */
struct rules *rules_unref(struct rules *rules);
DEFINE_CLEANUP(struct rules *, rules_unref);

/* Returns true if both have the same conditions. NULL has no rules. */
bool rules_equal(const struct rules *a, const struct rules *b);

/* Returns true if any rule has this condition; others need not be read of a process. */
bool rules_need(const struct rules *rules, enum rule_condition condition);

/* The rules of a container, by its name, and the file that declares them. */
struct rule_set {
	char *container, *file;
	struct rules *rules;
};

/* Adds a copy of @set, whose rules get a reference. @sets has room for it. */
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
