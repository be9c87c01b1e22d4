/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What brings a process into a container by itself. A container has rules; a
 * rule has conditions, all of which a process must meet. Pure: what is known
 * of a process is given, nothing is looked up.
 */
#ifndef RSSD_RULE_H
#define RSSD_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct json_object;

enum rule_condition {
	RULE_UNIT,	 /* a unit of systemd, or a slice around it */
	RULE_EXECUTABLE, /* the path of the program */
	RULE_USER,	 /* a name or a number */
	RULE_COMMAND,	 /* the name that the process has */
	RULE_CGROUP,	 /* a control group or one around it, in any hierarchy */
	RULE_POD,	 /* the UID of a Kubernetes pod */
};
#define RULE_CONDITIONS 6

struct rule {
	char *values[RULE_CONDITIONS]; /* NULL: any will do */
	bool uid_known;		       /* RULE_USER was looked up: see rules_need() */
	uid_t uid;
};

/* The rules of one container. */
struct rules {
	unsigned int refs; /* counted by the loop alone */
	size_t count;
	struct rule list[];
};

/* What is known of a process; what is not is NULL and meets no condition. */
struct rule_subject {
	const char *command;
	const char *executable; /* a path, without " (deleted)" */
	uid_t uid;
	const char *cgroups; /* the text of /proc/PID/cgroup */
};

/**
 * rules_parse() - read the value of "join"
 * @ret_key: the key to blame, and
 * @ret_problem: what is wrong with it, as the end of a sentence; both static,
 * or part of @value
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

/* Do both say the same? NULL has no rules. */
bool rules_equal(const struct rules *a, const struct rules *b);

/* Does any of them have this condition? What nobody asks for need not be read. */
bool rules_need(const struct rules *rules, enum rule_condition condition);

/* Does the process meet all conditions of the rule? */
bool rule_matches(const struct rule *rule, const struct rule_subject *subject);

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
 * The order in which rule sets have the say, for qsort(): the most nested
 * container comes first, then names by the alphabet.
 */
int rule_set_compare(const void *a, const void *b);

/**
 * rules_choose() - the container that a process joins
 * @sets: in the order of rule_set_compare()
 * @ret: the place in @sets
 * @ret_rule: the rule that it meets
 *
 * The first set with a matching rule has it. What is in an init.scope of systemd
 * joins nowhere: it is a manager of units, or on its way into one.
 * Return: false where there is none.
 */
bool rules_choose(const struct rule_set sets[], size_t count, const struct rule_subject *subject,
		  size_t *ret, const struct rule **ret_rule);

#endif
