/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matches processes against the rules of rule.h. Pure: the caller gives the facts. */
#ifndef RSSD_RULE_MATCH_H
#define RSSD_RULE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/rule.h"

/* What is known of a process. NULL is unknown and matches no condition. */
struct rule_subject {
	const char *command;
	const char *executable; /* a path, without " (deleted)" */
	uid_t uid;
	const char *cgroups; /* the text of /proc/PID/cgroup */
};

/* Returns true if the process matches all conditions of the rule, and there is one. */
bool rule_matches(const struct rule *rule, const struct rule_subject *subject);

/**
 * rules_choose() - find the container that a process joins
 * @sets: in the order of rule_set_compare()
 * @ret: the index in @sets
 * @ret_rule: the rule that matches
 *
 * The first set with a matching rule wins. A process in an init.scope of systemd
 * joins none: it is a systemd manager, or a process that systemd is about to move.
 *
 * Return: true if the process joins a container.
 */
bool rules_choose(const struct rule_set sets[], size_t count, const struct rule_subject *subject,
		  size_t *ret, const struct rule **ret_rule);

#endif
