/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup of a container of a runtime: see oci-group.h. */
#include "verb/oci-group.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

#define SCOPE ".scope"

/* "ID" with the cgroup driver cgroupfs, "crio-ID.scope" and the like with systemd. */
static bool part_is_of(const char *part, size_t length, const char *id)
{
	size_t id_length = strlen(id);

	if (text_ends_with(part, length, SCOPE))
		length -= strlen(SCOPE);
	if (length < id_length || memcmp(part + length - id_length, id, id_length) != 0)
		return false;
	return length == id_length || part[length - id_length - 1] == '-';
}

bool oci_group_is_of(const char *path, const char *id)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

	return part_is_of(last, strlen(last), id);
}

bool oci_group_is_plain(const char *path)
{
	for (const char *at = path; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("/_.:@+-", *at))
			return false;
	}
	return true;
}

/* A line of /proc/PID/cgroup, "4:cpu,memory:/a": the list of controllers, and the path. */
struct line {
	char *controllers, *path;
};

/* Cuts the next line off *@rest. Returns false at the end. */
static bool next_line(char **rest, struct line *ret)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		(void)strsep(&line, ":");
		ret->controllers = strsep(&line, ":");
		ret->path = line;
		if (ret->path && *ret->path == '/')
			return true;
	}
	return false;
}

static bool has_memory(const char *controllers)
{
	static const char memory[] = "memory";
	const size_t length = sizeof(memory) - 1;

	for (const char *at = controllers; (at = strstr(at, memory)); at += length) {
		if ((at == controllers || at[-1] == ',') && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static bool is_wanted(const struct line *line, enum oci_hierarchy hierarchy)
{
	if (hierarchy == OCI_MEMORY)
		return has_memory(line->controllers);
	return hierarchy == OCI_ANY || !*line->controllers;
}

/* The length of the path up to the part of the container, or 0. */
static size_t length_of_group(const char *path, const char *id)
{
	for (const char *part = path + 1;;) {
		size_t length = strcspn(part, "/");

		if (part_is_of(part, length, id))
			return (size_t)(part - path) + length;
		if (!part[length])
			return 0;
		part += length + 1;
	}
}

/* Returns true if the process with @cgroups is in @path of the hierarchy with these controllers. */
static bool has_process(const char *controllers, const char *path, const char *cgroups, bool *ret)
{
	cleanup_free char *copy = strdup(cgroups);
	char *rest = copy;
	struct line line;
	size_t length = strlen(path);

	*ret = false;
	while (copy && next_line(&rest, &line)) {
		if (strcmp(line.controllers, controllers) == 0 &&
		    strncmp(line.path, path, length) == 0 &&
		    (!line.path[length] || line.path[length] == '/'))
			*ret = true;
	}
	return copy != NULL;
}

int oci_group_find(const char *cgroups, const char *hook, enum oci_hierarchy hierarchy,
		   const char *id, struct oci_group *ret)
{
	cleanup_free char *copy = strdup(cgroups);
	char *rest = copy;
	struct line line;

	*ret = (struct oci_group){ 0 };
	if (!copy)
		return -ENOMEM;
	while (next_line(&rest, &line)) {
		size_t length = is_wanted(&line, hierarchy) ? length_of_group(line.path, id) : 0;
		bool shared;
		char *last;

		if (!length)
			continue;
		line.path[length] = '\0';
		if (!has_process(line.controllers, line.path, hook, &shared))
			return -ENOMEM;
		if (shared)
			continue;
		ret->path = strdup(line.path);
		if (!ret->path)
			return -ENOMEM;
		last = strrchr(ret->path, '/') + 1;
		ret->unit = text_ends_with(last, strlen(last), SCOPE) ? last : NULL;
		return 0;
	}
	return -ENOENT;
}

void oci_group_done(struct oci_group *group)
{
	free(group->path);
	*group = (struct oci_group){ 0 };
}
