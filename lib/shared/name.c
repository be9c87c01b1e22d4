/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names: see name.h. A name has exactly one object path and one file name. The
 * reverse functions refuse every other spelling, so that two paths never mean
 * one container.
 */
#include "shared/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "shared/cleanup.h"

#define FILE_SUFFIX ".json"
#define FILE_SLASH  '%'
/* A part cannot exceed the kernel's 255 bytes of a file name: the whole name is shorter. */
#define WITH_DEPTH_MAX_(n)  "has more than " #n " parts"
#define WITH_DEPTH_MAX(n)   WITH_DEPTH_MAX_(n)
#define WITH_LENGTH_MAX_(n) "is longer than " #n " bytes"
#define WITH_LENGTH_MAX(n)  WITH_LENGTH_MAX_(n)

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_part_char(char c)
{
	return is_alnum(c) || (c && strchr(":_.@-", c));
}

/* The control files of every cgroup directory: no part can have their names. */
static bool is_kernel_file(const char *part, size_t length)
{
	static const char *const prefixes[] = { "memory.", "rss.", "cgroup." };
	static const char *const files[] = {
		"tasks",	  "notify_on_release", "release_agent", "cpu.stat",	"io.stat",
		"cpu.stat.local", "cpu.pressure",      "io.pressure",	"irq.pressure",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (length >= strlen(prefixes[i]) &&
		    !memcmp(part, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (length == strlen(files[i]) && !memcmp(part, files[i], length))
			return true;
	return false;
}

static const char *part_problem(const char *part, size_t length)
{
	if (!length)
		return "has an empty part";
	for (size_t i = 0; i < length; i++)
		if (!is_part_char(part[i]))
			return "has a character other than letters, digits and : _ . @ -";
	if (!is_alnum(part[0]) && part[0] != '_')
		return "has a part that does not start with a letter, a digit or an underscore";
	if (is_kernel_file(part, length))
		return "has a part that is the name of a control file";
	return NULL;
}

const char *name_problem(const char *name)
{
	size_t depth = 0;

	if (!name || !*name)
		return "is empty";
	if (strnlen(name, NAME_LENGTH_MAX + 1) > NAME_LENGTH_MAX)
		return WITH_LENGTH_MAX(NAME_LENGTH_MAX);
	if (name[0] == '/')
		return "starts with a slash";

	for (const char *part = name;; part++) {
		size_t length = strcspn(part, "/");
		const char *problem = part_problem(part, length);

		if (problem)
			return problem;
		if (++depth > NAME_DEPTH_MAX)
			return WITH_DEPTH_MAX(NAME_DEPTH_MAX);
		part += length;
		if (!*part)
			return NULL;
	}
}

bool name_is_inside(const char *name, const char *ancestor)
{
	size_t length = strlen(ancestor);

	return length && !strncmp(name, ancestor, length) && name[length] == '/';
}

char *name_parent(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? strndup(name, slash - name) : NULL;
}

/* Characters that sd-bus does not escape in a path; a digit is escaped if it is the first. */
static bool is_plain(char c, bool first)
{
	/* Not isalnum(), which depends on the locale. */
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9' && !first);
}

char *name_put_object_path(char *to, const char *name)
{
	cleanup_free char *path = NULL;
	const char *c = name;
	char *at = stpcpy(to, NAME_OBJECT_ROOT "/");

	/* The fast path: nearly every name needs no escape. */
	while (is_plain(*c, c == name))
		*at++ = *c++;
	*at = '\0';
	if (c > name && !*c)
		return at;
	return sd_bus_path_encode(NAME_OBJECT_ROOT, name, &path) < 0 ? NULL : stpcpy(to, path);
}

char *name_to_object_path(const char *name)
{
	cleanup_free char *path = malloc(NAME_OBJECT_PATH_SIZE(strlen(name)));

	return path && name_put_object_path(path, name) ? take_ptr(path) : NULL;
}

/* Takes *@name over if it is good and @encode spells it as @spelled, otherwise -ENOENT. */
static int name_take_canonical(char **name, char *(*encode)(const char *), const char *spelled,
			       char **ret)
{
	cleanup_free char *again = NULL;

	if (name_problem(*name))
		return -ENOENT;
	again = encode(*name);
	if (!again)
		return -ENOMEM;
	if (strcmp(again, spelled))
		return -ENOENT;
	*ret = take_ptr(*name);
	return 0;
}

int name_from_object_path(const char *path, char **ret)
{
	cleanup_free char *name = NULL;
	int r;

	r = sd_bus_path_decode(path, NAME_OBJECT_ROOT, &name);
	if (r == -ENOMEM)
		return r;
	if (r <= 0)
		return -ENOENT;
	return name_take_canonical(&name, name_to_object_path, path, ret);
}

char *name_to_file(const char *name)
{
	size_t length = strlen(name);
	char *file = malloc(length + sizeof(FILE_SUFFIX));

	if (!file)
		return NULL;
	memcpy(file, name, length);
	memcpy(file + length, FILE_SUFFIX, sizeof(FILE_SUFFIX));
	for (size_t i = 0; i < length; i++)
		if (file[i] == '/')
			file[i] = FILE_SLASH;
	return file;
}

int name_from_file(const char *file, char **ret)
{
	cleanup_free char *name = NULL;
	size_t length = strlen(file), suffix = strlen(FILE_SUFFIX);

	if (length <= suffix || strcmp(file + length - suffix, FILE_SUFFIX))
		return -ENOENT;
	name = strndup(file, length - suffix);
	if (!name)
		return -ENOMEM;
	for (char *c = name; *c; c++)
		if (*c == FILE_SLASH)
			*c = '/';
	return name_take_canonical(&name, name_to_file, file, ret);
}
