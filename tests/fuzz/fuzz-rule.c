/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules against the text of /proc/PID/cgroup: no bytes crash the parser. */
#include <json-c/json.h>
#include <stdint.h>
#include <string.h>

#include "policy/rule-match.h"
#include "policy/rule-text.h"
#include "policy/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is a pattern up to the first newline, then the control groups. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	struct rule rule = { 0 };
	struct rule_subject subject = { 0 };
	char *end = text ? strchr(text, '\n') : NULL;

	/* Only root writes patterns, so a slow match of many wildcards is not a fault. */
	if (!end || end - text > 24)
		return 0;
	*end = '\0';
	subject.cgroups = end + 1;
	subject.command = subject.executable = end + 1;
	for (int i = 0; i < RULE_CONDITIONS; i++) {
		cleanup_free char *line = NULL;

		memset(&rule, 0, sizeof(rule));
		rule.values[i] = text;
		(void)rule_matches(&rule, &subject);
		line = rule_format(&rule);
		if (!line)
			abort();
	}
	return 0;
}
