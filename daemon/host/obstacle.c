/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a killed process has not ended: see obstacle.h. */
#include "host/obstacle.h"

#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/process.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

static void mounts_close(FILE **mounts)
{
	if (*mounts)
		(void)endmntent(*mounts);
}

/* Finds the mount point of the v1 freezer hierarchy. */
static bool find_freezer(char mount[PATH_MAX])
{
	cleanup_(mounts_close) FILE *mounts = setmntent("/proc/self/mounts", "re");
	char buf[PATH_MAX + 512];
	struct mntent entry;

	while (mounts && getmntent_r(mounts, &entry, buf, sizeof(buf))) {
		if (strcmp(entry.mnt_type, "cgroup") == 0 && hasmntopt(&entry, "freezer")) {
			(void)snprintf(mount, PATH_MAX, "%s", entry.mnt_dir);
			return true;
		}
	}
	return false;
}

/* Finds the process's path in that hierarchy, from the line "7:freezer:/jobs" of its cgroup file. */
static bool find_path(pid_t pid, char path[PATH_MAX])
{
	cleanup_free char *text = NULL;
	char file[40];
	const char *at;

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (read_file_at(AT_FDCWD, file, FILE_FOREIGN_MAX, &text, NULL) < 0)
		return false;
	for (at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		const char *list = strchr(at, ':'), *end = strchrnul(at, '\n'), *colon;
		const char *freezer = list ? strstr(list, "freezer") : NULL;

		colon = list ? strchr(list + 1, ':') : NULL;
		if (!freezer || !colon || freezer > colon || colon > end)
			continue;
		(void)snprintf(path, PATH_MAX, "%.*s", (int)(end - colon - 1), colon + 1);
		return true;
	}
	return false;
}

static bool is_frozen(pid_t pid, char group[PATH_MAX])
{
	char mount[PATH_MAX], path[PATH_MAX], file[2 * PATH_MAX + 32];
	cleanup_free char *state = NULL;

	if (!find_freezer(mount) || !find_path(pid, path))
		return false;
	(void)snprintf(file, sizeof(file), "%s%s/freezer.state", mount, path);
	if (read_file_at(AT_FDCWD, file, FILE_FOREIGN_MAX, &state, NULL) < 0 ||
	    strncmp(state, "THAWED", strlen("THAWED")) == 0)
		return false;
	(void)snprintf(group, PATH_MAX, "%.*s%.*s", PATH_MAX / 2 - 1, mount, PATH_MAX / 2 - 1,
		       path);
	return true;
}

static bool is_sleeping(const struct process *thread)
{
	return thread->state == 'D';
}

/* A thread can be in that state after the main thread has ended. */
static bool has_sleeping_thread(pid_t pid)
{
	pid_t thread;

	return process_find_thread(pid, is_sleeping, &thread) == 0;
}

enum obstacle obstacle_of(pid_t pid, char text[OBSTACLE_TEXT_MAX])
{
	char group[PATH_MAX];
	struct process p;

	text[0] = '\0';
	if (process_read(pid, &p) < 0 || p.ended)
		return OBSTACLE_NONE;
	if (is_frozen(pid, group)) {
		(void)snprintf(text, OBSTACLE_TEXT_MAX, "process %d (%.32s) is frozen by %.160s",
			       (int)pid, p.command, group);
		text_make_safe(text);
		return OBSTACLE_FROZEN;
	}
	if (p.state == 'T' || p.state == 't') {
		(void)snprintf(text, OBSTACLE_TEXT_MAX, "process %d (%.32s) is stopped", (int)pid,
			       p.command);
		return OBSTACLE_STOPPED;
	}
	if (!is_sleeping(&p) && !(p.state == 'Z' && has_sleeping_thread(pid)))
		return OBSTACLE_NONE;
	(void)snprintf(text, OBSTACLE_TEXT_MAX,
		       "process %d (%.32s) is in an uninterruptible sleep, such as disk I/O",
		       (int)pid, p.command);
	return OBSTACLE_SLEEP;
}
