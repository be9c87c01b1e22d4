/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether /proc hides processes: see proc-visibility.h. */
#include "host/proc-visibility.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"

#define HIDEPID "hidepid"

static bool has_hidepid(const struct mntent *entry)
{
	const char *option = hasmntopt(entry, HIDEPID), *value;
	size_t length;

	if (!option || option[strlen(HIDEPID)] != '=')
		return false;
	value = option + strlen(HIDEPID "=");
	length = strcspn(value, ",");
	return !(length == 1 && *value == '0') && !(length == 3 && !strncmp(value, "off", 3));
}

bool proc_hides_processes(const char *mounts)
{
	cleanup_fclose FILE *in = fmemopen((char *)mounts, strlen(mounts), "r");
	struct mntent entry;
	char buf[4096];
	bool hides = true;

	/* The last mount on a directory covers those before it. */
	while (in && getmntent_r(in, &entry, buf, sizeof(buf))) {
		if (strcmp(entry.mnt_dir, "/proc") == 0 && strcmp(entry.mnt_type, "proc") == 0)
			hides = has_hidepid(&entry);
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
