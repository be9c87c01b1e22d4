/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places of containers: see place.h. */
#include "policy/place.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/failure.h"
#include "policy/counters.h"
#include "policy/unit.h"
#include "shared/text.h"

/* The longest path of a cgroup that is accepted. */
#define PATH_LENGTH_MAX 2048

static const char *const kind_names[] = {
	[PLACE_OWN] = "own",
	[PLACE_UNIT] = "unit",
	[PLACE_CGROUP] = "cgroup",
};

static const char *const suffixes[] = { ".service", ".scope", ".slice" };

const char *place_kind_name(enum place_kind kind)
{
	return kind_names[kind];
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

struct place *place_new(enum place_kind kind, const char *what)
{
	cleanup_(place_free_ptr) struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->kind = kind;
	place->found = settings_default();
	place->managed = SETTING_LIMIT;
	if (!copy_text(kind == PLACE_UNIT ? &place->unit : &place->cgroup, what))
		return NULL;
	return take_ptr(place);
}

struct place *place_copy(const struct place *place)
{
	cleanup_(place_free_ptr) struct place *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->kind = place->kind;
	copy->found = place->found;
	copy->managed = place->managed;
	copy->runtime = place->runtime;
	copy->unfinished = place->unfinished;
	if (!copy_text(&copy->unit, place->unit) || !copy_text(&copy->cgroup, place->cgroup) ||
	    !copy_text(&copy->found_dropins, place->found_dropins))
		return NULL;
	return take_ptr(copy);
}

struct place *place_free(struct place *place)
{
	if (!place)
		return NULL;
	free(place->unit);
	free(place->cgroup);
	free(place->found_dropins);
	free(place);
	return NULL;
}

const char *place_target(const struct place *place)
{
	return place->kind == PLACE_UNIT ? place->unit : place->cgroup;
}

bool place_is_same(const struct place *a, const struct place *b)
{
	if (!a || !b || a->kind != b->kind)
		return !a && !b;
	return strcmp(place_target(a), place_target(b)) == 0;
}

static bool has_suffix(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (text_ends_with(name, strlen(name), suffixes[i]))
			return true;
	}
	return false;
}

static bool has_unit_characters(const char *name)
{
	for (const char *at = name; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr(":-_.\\@", *at))
			return false;
	}
	return *name && strlen(name) < UNIT_NAME_SIZE;
}

static int check_unit(const char *unit, struct failure *failure)
{
	const char *at = strchr(unit, '@');

	if (!has_unit_characters(unit))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.64s\" is not the name of a systemd unit", unit);
	if (!has_suffix(unit))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.255s\" cannot be a container: only a service, a scope or a slice "
			    "can; its name ends with .service, .scope or .slice",
			    unit);
	if (at && at[1] == '.')
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.255s\" is a template, not a unit; name one of its instances, "
			    "such as %.*s@1%s",
			    unit, (int)(at - unit), unit, at + 1);
	if (strcmp(unit, "init.scope") == 0 || strcmp(unit, "-.slice") == 0)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%s\" cannot be a container: it has the processes of systemd itself",
			    unit);
	return 0;
}

static bool has_bad_part(const char *path)
{
	for (const char *part = path + 1;;) {
		size_t length = strcspn(part, "/");

		if (length == 0 || length > NAME_MAX || (length == 1 && part[0] == '.') ||
		    (length == 2 && strncmp(part, "..", 2) == 0))
			return true;
		if (!part[length])
			return false;
		part += length + 1;
	}
}

static bool has_control_character(const char *path)
{
	for (const char *at = path; *at; at++) {
		if (iscntrl((unsigned char)*at))
			return true;
	}
	return false;
}

bool place_contains(const char *cgroup, const char *path)
{
	size_t length = strlen(cgroup);

	return strncmp(path, cgroup, length) == 0 && (!path[length] || path[length] == '/');
}

static bool is_slice(const char *unit)
{
	return text_ends_with(unit, strlen(unit), ".slice");
}

static int check_cgroup(const char *cgroup, const char *root, struct failure *failure)
{
	cleanup_free char *own = NULL;
	struct unit_place unit;

	if (*cgroup != '/' || strlen(cgroup) > PATH_LENGTH_MAX || has_control_character(cgroup) ||
	    has_bad_part(cgroup))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.128s\" is not the path of a cgroup; it begins with / at the root "
			    "of the hierarchy, as in /proc/PID/cgroup",
			    cgroup);
	if (asprintf(&own, "/%s", root) < 0) {
		own = NULL;
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	}
	if (place_contains(own, cgroup) || place_contains(cgroup, own))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.128s\" cannot be a container: it is a cgroup of rssd itself, or "
			    "contains them",
			    cgroup);
	unit_of_cgroup(cgroup, &unit);
	if (unit.user_manager)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.128s\" is delegated to the manager of user %u; use its unit "
			    "user@%u.service instead, which has all of the user's units",
			    cgroup, (unsigned int)unit.manager_uid, (unsigned int)unit.manager_uid);
	/* What is inside the cgroup of a unit belongs to its program; systemd sets no limits there. */
	if (unit.kind != UNIT_NONE && !cgroup[unit.length])
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.128s\" belongs to the systemd unit %s; use the unit instead",
			    cgroup, unit.name);
	/* A slice has processes in its units, so unit_of_cgroup() does not return it. */
	if (is_slice(strrchr(cgroup, '/') + 1))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.128s\" is a slice of systemd; use the unit %.128s instead", cgroup,
			    strrchr(cgroup, '/') + 1);
	return 0;
}

int place_check(const struct place *place, const char *root, struct failure *failure)
{
	return place->kind == PLACE_UNIT ? check_unit(place->unit, failure)
					 : check_cgroup(place->cgroup, root, failure);
}

/* systemd prefixes "_" to a name that could be the name of a control file. */
static bool needs_escape(const char *name)
{
	static const char *const prefixes[] = { "cgroup.", "cpu.",    "cpuacct.", "cpuset.", "io.",
						"blkio.",  "memory.", "devices.", "pids." };

	if (*name == '_' || *name == '.')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* Appends "/a.slice/a-b.slice" for "a-b.slice"; nothing for "-.slice". */
static void append_slice(char *path, size_t size, const char *slice)
{
	size_t stem = strlen(slice) - strlen(".slice");

	if (strcmp(slice, "-.slice") == 0)
		return;
	for (size_t end = 1; end <= stem; end++) {
		size_t at = strlen(path);

		if (end == stem || slice[end] == '-')
			(void)snprintf(path + at, size - at, "/%s%.*s.slice",
				       needs_escape(slice) ? "_" : "", (int)end, slice);
	}
}

/* The slice that "a-b.slice" is in: "a.slice". */
static void parent_slice(const char *slice, char *ret, size_t size)
{
	const char *dash = strrchr(slice, '-');

	if (!dash || dash == slice)
		(void)snprintf(ret, size, "-.slice");
	else
		(void)snprintf(ret, size, "%.*s.slice", (int)(dash - slice), slice);
}

char *place_cgroup_of_unit(const char *unit, const char *slice)
{
	char path[8 * 1024] = "", above[UNIT_NAME_SIZE];
	size_t at;

	if (is_slice(unit)) {
		parent_slice(unit, above, sizeof(above));
		slice = above;
	}
	if (strlen(slice) <= strlen(".slice") || strlen(slice) >= UNIT_NAME_SIZE)
		return NULL;
	append_slice(path, sizeof(path), slice);
	at = strlen(path);
	(void)snprintf(path + at, sizeof(path) - at, "/%s%s", needs_escape(unit) ? "_" : "", unit);
	return strdup(path);
}
