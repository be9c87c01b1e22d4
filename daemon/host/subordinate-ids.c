/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of subordinate uids: see subordinate-ids.h. */
#include "host/subordinate-ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"

/* Parses a decimal number that must be followed by @end. Return: 0, or -EINVAL. */
static int parse_number(const char *text, char end, uint64_t *ret, const char **ret_next)
{
	char *next;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &next, 10);
	if (errno || (*next != end && !(end == '\n' && *next == '\0')))
		return -EINVAL;
	*ret_next = next;
	return 0;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* Finds the uid of a name in /etc/passwd: "NAME:x:UID:...". */
static int find_passwd(const char *passwd, const char *name, size_t length, uint64_t *ret)
{
	for (const char *line = passwd; *line; line = next_line(line)) {
		const char *field = line + length, *end;

		if (strncmp(line, name, length) != 0 || *field != ':')
			continue;
		field = strchr(field + 1, ':');
		if (field && parse_number(field + 1, ':', ret, &end) == 0)
			return 0;
	}
	return -ENOENT;
}

static int read_owner(const char *field, size_t length, const char *passwd, uint64_t *ret)
{
	const char *end;

	if (parse_number(field, ':', ret, &end) == 0)
		return 0;
	return find_passwd(passwd, field, length, ret);
}

uid_t subordinate_owner(uid_t uid, const char *subuid, const char *passwd)
{
	for (const char *line = subuid; *line; line = next_line(line)) {
		size_t length = strcspn(line, ":\n");
		uint64_t first, count, owner;
		const char *at = line + length;

		if (*at != ':' || parse_number(at + 1, ':', &first, &at) < 0 ||
		    parse_number(at + 1, '\n', &count, &at) < 0)
			continue;
		if (uid < first || uid - first >= count)
			continue;
		if (read_owner(line, length, passwd, &owner) == 0 && owner > 0 && owner < (uid_t)-1)
			return (uid_t)owner;
	}
	return uid;
}

uid_t subordinate_owner_here(uid_t uid)
{
	cleanup_free char *subuid = NULL, *passwd = NULL;

	if (uid == 0 || read_file_at(AT_FDCWD, "/etc/subuid", FILE_FOREIGN_MAX, &subuid, NULL) < 0)
		return uid;
	if (read_file_at(AT_FDCWD, "/etc/passwd", FILE_FOREIGN_MAX, &passwd, NULL) < 0)
		return uid;
	return subordinate_owner(uid, subuid, passwd);
}
