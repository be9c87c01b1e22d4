/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether /proc hides processes: see proc-visibility.h. */
#include "host/proc-visibility.h"

#include <fcntl.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"

#define PROC	" /proc proc "
#define HIDEPID "hidepid="

/* @options: "rw,nosuid,hidepid=invisible 0 0", up to @end. */
static bool has_hidepid(const char *options, const char *end)
{
	for (const char *at = options; at < end && *at != ' '; at++) {
		size_t length = strcspn(at, ", \n");

		if (!strncmp(at, HIDEPID, strlen(HIDEPID))) {
			const char *value = at + strlen(HIDEPID);

			length -= strlen(HIDEPID);
			return !(length == 1 && *value == '0') &&
			       !(length == 3 && !strncmp(value, "off", 3));
		}
		at += length;
		if (*at != ',')
			break;
	}
	return false;
}

bool proc_hides_processes(const char *mounts)
{
	bool hides = true;

	/* The last mount on a directory covers those before it. */
	for (const char *line = mounts; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *type = strchr(line, ' ');

		if (type && !strncmp(type, PROC, strlen(PROC)))
			hides = has_hidepid(type + strlen(PROC), end);
		line = *end ? end + 1 : end;
	}
	return hides;
}

bool proc_hides_processes_here(void)
{
	cleanup_free char *mounts = NULL;

	if (read_file_at(AT_FDCWD, "/proc/self/mounts", FILE_OWN_MAX, &mounts, NULL) < 0)
		return true;
	return proc_hides_processes(mounts);
}
