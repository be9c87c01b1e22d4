/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units, and which processes may leave them: see unit.h. */
#include "policy/unit.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

/* The unit types that have processes. */
static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

static bool starts_with(const char *part, size_t length, const char *prefix)
{
	return length > strlen(prefix) && strncmp(part, prefix, strlen(prefix)) == 0;
}

/* Returns the first part of the path that is no slice; *ret_slice is its slice, or NULL. */
static const char *skip_slices(const char *path, const char **ret_slice)
{
	*ret_slice = NULL;
	for (;;) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!text_ends_with(path, length, ".slice"))
			return path;
		*ret_slice = path;
		path += length;
	}
}

static bool is_unit(const char *part, size_t length)
{
	if (length >= UNIT_NAME_SIZE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (text_ends_with(part, length, suffixes[i]))
			return true;
	}
	return false;
}

/* systemd prefixes "_" to a name that could be the name of a control file. */
static void copy_name(char name[UNIT_NAME_SIZE], const char *part, size_t length)
{
	if (*part == '_') {
		part++;
		length--;
	}
	memcpy(name, part, length);
	name[length] = '\0';
}

/* Parses the uid of "user-1000.slice" or "user@1000.service"; false if it is neither. */
static bool parse_uid(const char *part, const char *prefix, const char *suffix, uid_t *ret)
{
	size_t length = strcspn(part, "/");
	unsigned long uid;
	char *end;

	if (!starts_with(part, length, prefix) || !isdigit((unsigned char)part[strlen(prefix)]))
		return false;
	errno = 0;
	uid = strtoul(part + strlen(prefix), &end, 10);
	if (errno != 0 || uid >= (uid_t)-1 || end != part + length - strlen(suffix) ||
	    strncmp(end, suffix, strlen(suffix)) != 0)
		return false;
	*ret = (uid_t)uid;
	return true;
}

/* logind creates "session-3.scope" in the slice of the user. */
static bool is_session(const char *part, const char *slice)
{
	size_t length = strcspn(part, "/");
	uid_t uid;

	return slice && parse_uid(slice, "user-", ".slice", &uid) &&
	       starts_with(part, length, "session-") && text_ends_with(part, length, ".scope");
}

void unit_of_cgroup(const char *cgroup, struct unit_place *ret)
{
	const char *slice, *part = skip_slices(cgroup, &slice);
	size_t length = strcspn(part, "/");
	struct unit_place unit = { .kind = UNIT_NONE };

	if (*cgroup == '/' && is_unit(part, length)) {
		unit.kind = is_session(part, slice) ? UNIT_SESSION : UNIT_OTHER;
		unit.length = (size_t)(part + length - cgroup);
		copy_name(unit.name, part, length);
		unit.user_manager = parse_uid(part, "user@", ".service", &unit.manager_uid);
	}
	if (unit.user_manager) {
		part = skip_slices(part + length, &slice);
		length = strcspn(part, "/");
		if (is_unit(part, length))
			copy_name(unit.name, part, length);
	}
	*ret = unit;
}

enum unit_verdict unit_decide(const struct unit_place *unit, uid_t caller, bool own, bool leave,
			      bool delegated)
{
	if (caller == 0)
		return unit->kind != UNIT_OTHER || own || leave ? UNIT_MAY_LEAVE : UNIT_STAYS;
	if (unit->kind == UNIT_OTHER && !(unit->user_manager && unit->manager_uid == caller))
		return UNIT_STAYS;
	return delegated ? UNIT_MAY_LEAVE : UNIT_NOT_DELEGATED;
}

bool unit_keeps_from_rules(const struct unit_place *unit)
{
	return unit->kind == UNIT_OTHER;
}
