/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hierarchy of plain files in a temporary directory, instead of hierarchy.o:
 * a test that includes this defines each of its symbols, so the archive's
 * member is left out. It does what the kernel does when a directory is made or
 * removed; the meaning of a written file is up to the test.
 */
#ifndef FAKE_HIERARCHY_H
#define FAKE_HIERARCHY_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "cgroup/controller.h"
#include "cgroup/hierarchy.h"

/* The state of the fake: a test sets it, hierarchy_find() returns it. */
static struct {
	char mount[64];
	int version; /* 0: no memory controller anywhere */
	int create;  /* what hierarchy_create() returns; 0: do it */
	bool old;    /* a kernel before 5.2: without newer files */
	bool rss;    /* a kernel with the rss controller */
	int rss_at;  /* the version that it is mounted in; 0: nowhere */
	int mounts;  /* what hierarchy_mount() returns; 0: do it */
	bool freezer_busy;
	char mounted[64]; /* the controllers of the last mount */
} fake;

static inline void fake_write(int dir, const char *file, const char *text)
{
	cleanup_close int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
}

/* A file of the tree, by its path below the mount. */
static inline void fake_set(const char *path, const char *text)
{
	cleanup_close int dir = open(fake.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

	fake_write(dir, path, text);
}

/* Its content, in a buffer that the next call reuses; "(none)" if there is no such file. */
static inline const char *fake_get(const char *path)
{
	static char text[4096];
	cleanup_close int dir = open(fake.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return "(none)";
	text[n] = '\0';
	return text;
}

static inline bool fake_exists(const char *path)
{
	cleanup_close int dir = open(fake.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return faccessat(dir, path, F_OK, 0) == 0;
}

static inline void fake_fill_v1(int dir)
{
	fake_write(dir, "cgroup.procs", "");
	fake_write(dir, "cgroup.event_control", "");
	fake_write(dir, "memory.use_hierarchy", fake.old ? "0\n" : "1\n");
	fake_write(dir, "memory.usage_in_bytes", "0\n");
	fake_write(dir, "memory.max_usage_in_bytes", "0\n");
	fake_write(dir, "memory.failcnt", "0\n");
	fake_write(dir, "memory.limit_in_bytes", "9223372036854771712\n");
	fake_write(dir, "memory.oom_control",
		   fake.old ? "oom_kill_disable 0\nunder_oom 0\n"
			    : "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	fake_write(dir, "memory.pressure_level", "");
}

static inline void fake_fill_v2(int dir, bool memory)
{
	fake_write(dir, "cgroup.procs", "");
	fake_write(dir, "cgroup.subtree_control", "");
	if (!memory)
		return;
	fake_write(dir, "memory.current", "0\n");
	fake_write(dir, "memory.max", "max\n");
	fake_write(dir, "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
	fake_write(dir, "memory.stat",
		   fake.old ? "anon 0\nfile 0\n" : "anon 0\npgsteal 0\nfile 0\n");
	if (fake.old)
		return;
	fake_write(dir, "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
	fake_write(dir, "memory.oom.group", "0\n");
	fake_write(dir, "memory.peak", "0\n");
	fake_write(dir, "memory.reclaim", "");
	fake_write(dir, "memory.swap.current", "0\n");
	fake_write(dir, "memory.swap.max", "max\n");
	fake_write(dir, "memory.high", "max\n");
	fake_write(dir, "memory.low", "0\n");
	fake_write(dir, "memory.min", "0\n");
	fake_write(dir, "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
}

#define RSS_NO_EVENTS "max 0\nwmark_high 0\nwmark_low 0\nreclaim 0\noom 0\noom_kill 0\n"

static inline void fake_fill_rss_v1(int dir)
{
	fake_write(dir, "cgroup.procs", "");
	fake_write(dir, "rss.usage_in_bytes", "0\n");
	fake_write(dir, "rss.limit_in_bytes", "9223372036854771712\n");
	fake_write(dir, "rss.wmark_high_in_bytes", "9223372036854771712\n");
	fake_write(dir, "rss.wmark_low_in_bytes", "9223372036854771712\n");
	fake_write(dir, "rss.low_in_bytes", "0\n");
	fake_write(dir, "rss.max_usage_in_bytes", "0\n");
	fake_write(dir, "rss.reclaim", "");
	fake_write(dir, "rss.failcnt", "0\n");
	fake_write(dir, "rss.reclaimed", "0\n");
	fake_write(dir, "rss.oom_group", "0\n");
	fake_write(dir, "rss.events", RSS_NO_EVENTS);
	fake_write(dir, "rss.events_local", RSS_NO_EVENTS);
	fake_write(dir, "rss.stat", "anon 0\nfile 0\npgscan 0\npgsteal 0\n");
	if (!strstr(fake.mounted, "freezer"))
		return;
	fake_write(dir, "freezer.state", "THAWED\n");
	fake_write(dir, "freezer.self_freezing", "0\n");
}

static inline void fake_fill_rss_v2(int dir)
{
	fake_write(dir, "rss.current", "0\n");
	fake_write(dir, "rss.max", "max\n");
	fake_write(dir, "rss.wmark_high", "max\n");
	fake_write(dir, "rss.wmark_low", "max\n");
	fake_write(dir, "rss.low", "0\n");
	fake_write(dir, "rss.peak", "0\n");
	fake_write(dir, "rss.reclaim", "");
	fake_write(dir, "rss.oom.group", "0\n");
	fake_write(dir, "rss.events", RSS_NO_EVENTS);
	fake_write(dir, "rss.events.local", RSS_NO_EVENTS);
	fake_write(dir, "rss.stat", "anon 0\nfile 0\npgscan 0\npgsteal 0\n");
}

/* A directory of v2 has a controller if its parent enables it for children. */
static inline int fake_make(int parent, const char *name)
{
	cleanup_close int dir = -1;
	char control[64] = "";
	bool memory, rss;

	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fake.rss_at == 1) {
		fake_fill_rss_v1(dir);
		return 0;
	}
	if (fake.version == 1) {
		fake_fill_v1(dir);
		return 0;
	}
	{
		cleanup_close int fd =
			openat(parent, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);

		memory = fd >= 0 && read(fd, control, sizeof(control) - 1) > 0 &&
			 strstr(control, "memory");
		rss = strstr(control, "rss");
	}
	fake_fill_v2(dir, memory);
	if (!fake.old)
		fake_write(dir, "cgroup.freeze", "0\n");
	if (rss)
		fake_fill_rss_v2(dir);
	return 0;
}

static inline int fake_remove(int parent, const char *name)
{
	cleanup_close int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	struct stat st;
	int r = 0;
	DIR *list;

	if (dir < 0)
		return -errno;
	if (fstatat(dir, "cgroup.procs", &st, 0) == 0 && st.st_size > 0)
		return -EBUSY;
	list = fdopendir(dup(dir));
	while ((entry = readdir(list)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = -EBUSY;
	rewinddir(list);
	while (r == 0 && (entry = readdir(list)))
		if (entry->d_type != DT_DIR)
			(void)unlinkat(dir, entry->d_name, 0);
	closedir(list);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

/* An empty mount of that version. */
static inline void fake_begin(int version)
{
	memset(&fake, 0, sizeof(fake));
	strcpy(fake.mount, "/tmp/rssd-unit-XXXXXX");
	if (!mkdtemp(fake.mount))
		abort();
	fake.version = version;
	if (version == 2) {
		cleanup_close int dir = open(fake.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		fake_fill_v2(dir, false);
	}
}

static inline void fake_end(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", fake.mount);
	if (fake.mount[0] && system(command) != 0)
		abort();
	fake.mount[0] = '\0';
}

int hierarchy_find(const char *controller, char **ret_mount, int *ret_version)
{
	bool rss = !strcmp(controller, "rss");

	if (rss ? !fake.rss_at : strcmp(controller, "memory") || !fake.version)
		return -ENOENT;
	*ret_version = rss ? fake.rss_at : fake.version;
	*ret_mount = strdup(fake.mount);
	return *ret_mount ? 0 : -ENOMEM;
}

int hierarchy_knows(const char *controller)
{
	return fake.rss && !strcmp(controller, "rss");
}

/* The tests have one directory for all hierarchies. */
int hierarchy_mount(const char *controllers, const char *name, const char *where)
{
	if (fake.mounts)
		return fake.mounts;
	if (fake.freezer_busy && strstr(controllers, "freezer"))
		return -EBUSY;
	(void)snprintf(fake.mounted, sizeof(fake.mounted), "%s", controllers);
	fake.rss_at = 1;
	return 0;
}

/* controller_open() with defaults for the other choices. */
static inline int fake_open(const char *wanted, const char *root, struct controller **ret,
			    struct failure *failure)
{
	struct controller_choice choice = {
		.name = wanted,
		.root = root,
		.mount_point = "/nowhere",
	};

	return controller_open(&choice, ret, failure);
}

int hierarchy_create(const char *mount, const char *controller, const char *path)
{
	cleanup_close int dir = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *copy = strdup(path);
	char *slash = strrchr(copy, '/');

	if (fake.create)
		return fake.create;
	if (!slash)
		return fake_make(dir, copy);
	*slash = '\0';
	{
		cleanup_close int parent = openat(dir, copy, O_PATH | O_DIRECTORY | O_CLOEXEC);

		return parent < 0 ? -errno : fake_make(parent, slash + 1);
	}
}

int hierarchy_remove(const char *mount, const char *controller, const char *path)
{
	cleanup_close int dir = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fake_remove(dir, path);
}

int hierarchy_create_leaf(int dir, const char *name)
{
	return fake_make(dir, name);
}

int hierarchy_remove_leaf(int dir, const char *name)
{
	return fake_remove(dir, name);
}

#endif
