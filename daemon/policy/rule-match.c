/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matching processes against rules: see rule-match.h. */
#include "policy/rule-match.h"

#include <fnmatch.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/pod.h"
#include "shared/text.h"

/*
 * A backslash in a pattern is literal, because systemd uses it to escape unit names
 * ("dev-disk\x2did.swap").
 */

/* --- cgroups ------------------------------------------------------------------ */

/* A line of /proc/PID/cgroup: "4:memory:/system.slice". */
struct cgroup_line {
	const char *controllers, *path;
	size_t controllers_length, path_length;
};

/* Reads the next line of @text and moves @text past it. Returns false at the end. */
static bool next_line(const char **text, struct cgroup_line *ret)
{
	while (**text) {
		const char *line = *text, *end = line + strcspn(line, "\n");
		const char *first = memchr(line, ':', (size_t)(end - line));
		const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1))
					   : NULL;

		*text = *end ? end + 1 : end;
		if (!second)
			continue;
		ret->controllers = first + 1;
		ret->controllers_length = (size_t)(second - first - 1);
		ret->path = second + 1;
		ret->path_length = (size_t)(end - second - 1);
		return true;
	}
	return false;
}

/* Returns true if it is the hierarchy in which systemd has its units. */
static bool is_systemd(const struct cgroup_line *line)
{
	static const char name[] = "name=systemd";

	return line->controllers_length == 0 ||
	       (line->controllers_length == strlen(name) &&
		memcmp(line->controllers, name, strlen(name)) == 0);
}

static bool is_unit(const char *name)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (text_ends_with(name, strlen(name), kinds[i]))
			return true;
	}
	return false;
}

typedef bool (*part_fn)(const char *part, const char *value, bool *stop);

/* Calls @fn for each part of a path from the top down, until @fn returns true or sets *stop. */
static bool any_part(const struct cgroup_line *line, const char *value, part_fn fn)
{
	cleanup_free char *path = strndup(line->path, line->path_length);
	char *rest = path;
	bool stop = false;

	while (rest && !stop) {
		const char *part = strsep(&rest, "/");

		if (*part && fn(part, value, &stop))
			return true;
	}
	return false;
}

/* Slices nest. Cgroups below any other unit are not units: stop there. */
static bool part_is_unit(const char *part, const char *pattern, bool *stop)
{
	/* systemd prefixes "_" to a name that could be the name of a control file. */
	const char *name = part[0] == '_' ? part + 1 : part;

	*stop = is_unit(name);
	return (*stop || text_ends_with(name, strlen(name), ".slice")) &&
	       fnmatch(pattern, name, FNM_NOESCAPE) == 0;
}

static bool in_unit(const char *pattern, const char *cgroups)
{
	struct cgroup_line line;

	while (next_line(&cgroups, &line)) {
		if (is_systemd(&line) && any_part(&line, pattern, part_is_unit))
			return true;
	}
	return false;
}

/*
 * A systemd manager runs in its init.scope. A process that it forks to start a unit is
 * there too, until systemd moves it.
 */
static bool in_init_scope(const char *cgroups)
{
	static const char scope[] = "/init.scope";
	const size_t length = sizeof(scope) - 1;
	struct cgroup_line line;

	while (next_line(&cgroups, &line)) {
		if (is_systemd(&line) && line.path_length >= length &&
		    memcmp(line.path + line.path_length - length, scope, length) == 0)
			return true;
	}
	return false;
}

static bool part_is_pod(const char *part, const char *uid, bool *stop)
{
	return pod_owns_cgroup(uid, part);
}

static bool in_pod(const char *uid, const char *cgroups)
{
	struct cgroup_line line;

	while (next_line(&cgroups, &line)) {
		if (any_part(&line, uid, part_is_pod))
			return true;
	}
	return false;
}

static bool in_cgroup(const char *pattern, const char *cgroups)
{
	struct cgroup_line line;

	while (next_line(&cgroups, &line)) {
		cleanup_free char *path = strndup(line.path, line.path_length);

		/* Every cgroup is in the root, which fnmatch() with FNM_LEADING_DIR does not match. */
		if (path &&
		    (strcmp(pattern, "/") == 0 ||
		     fnmatch(pattern, path, FNM_NOESCAPE | FNM_PATHNAME | FNM_LEADING_DIR) == 0))
			return true;
	}
	return false;
}

/* --- matching -------------------------------------------------------------------- */

static bool condition_matches(enum rule_condition condition, const struct rule *rule,
			      const struct rule_subject *subject)
{
	const char *value = rule->values[condition];

	switch (condition) {
	case RULE_UNIT:
		return subject->cgroups && in_unit(value, subject->cgroups);
	case RULE_EXECUTABLE:
		return subject->executable &&
		       fnmatch(value, subject->executable, FNM_NOESCAPE | FNM_PATHNAME) == 0;
	case RULE_USER:
		return rule->uid_known && rule->uid == subject->uid;
	case RULE_COMMAND:
		return subject->command && fnmatch(value, subject->command, FNM_NOESCAPE) == 0;
	case RULE_CGROUP:
		return subject->cgroups && in_cgroup(value, subject->cgroups);
	case RULE_POD:
		return subject->cgroups && in_pod(value, subject->cgroups);
	}
	return false;
}

bool rule_matches(const struct rule *rule, const struct rule_subject *subject)
{
	bool any = false;

	for (int i = 0; i < RULE_CONDITIONS; i++) {
		if (!rule->values[i])
			continue;
		if (!condition_matches((enum rule_condition)i, rule, subject))
			return false;
		any = true;
	}
	return any;
}

bool rules_choose(const struct rule_set sets[], size_t count, const struct rule_subject *subject,
		  size_t *ret, const struct rule **ret_rule)
{
	if (subject->cgroups && in_init_scope(subject->cgroups))
		return false;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < sets[i].rules->count; j++) {
			const struct rule *rule = &sets[i].rules->list[j];

			if (!rule_matches(rule, subject))
				continue;
			*ret = i;
			*ret_rule = rule;
			return true;
		}
	}
	return false;
}
