/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as text, on D-Bus and for users: "unit=nginx.service user=www-data". Pure. */
#ifndef RSSD_RULE_TEXT_H
#define RSSD_RULE_TEXT_H

struct failure;
struct rule;
struct rules;

/* Formats a rule, to be freed; NULL when out of memory. */
char *rule_format(const struct rule *rule);

/*
 * Parses rules, NULL-terminated: a condition begins with its name and "=", at the start or after a
 * blank, and its value ends before the next condition. Return: 0, or a failure.
 */
int rules_parse_texts(const char *const texts[], struct rules **ret, struct failure *failure);

#endif
