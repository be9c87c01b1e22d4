/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes the rules of rule.h want. Pure: all that is known of a process is given. */
#ifndef RSSD_RULE_MATCH_H
#define RSSD_RULE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/rule.h"

/* What is known of a process. NULL is not known, and meets no condition. */
struct rule_subject {
	const char *command;
	const char *executable; /* a path, without " (deleted)" */
	uid_t uid;
	const char *cgroups; /* the text of /proc/PID/cgroup */
};

/* Returns true if the process meets all conditions of the rule. */
bool rule_matches(const struct rule *rule, const struct rule_subject *subject);

/**
 * rules_choose() - the container that a process joins
 * @sets: in the order of rule_set_compare()
 * @ret: the index in @sets
 * @ret_rule: the rule that it meets
 *
 * The first set with a matching rule wins. A process in an init.scope of systemd
 * joins none: it is a manager of units, or about to become one.
 *
 * Return: false if there is none.
 */
bool rules_choose(const struct rule_set sets[], size_t count, const struct rule_subject *subject,
		  size_t *ret, const struct rule **ret_rule);

#endif
