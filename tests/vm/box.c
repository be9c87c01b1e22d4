// SPDX-License-Identifier: GPL-2.0
/* Containers, in the hierarchy of this world. */
#include "vm.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define V1_ROOT	"/cg1"
#define V2_ROOT	"/cg2"

struct world world;

static const struct {
	const char *v1, *v2;
} names[BOX_FILES] = {
	[BOX_USAGE]	= { "rss.usage_in_bytes", "rss.current" },
	[BOX_LIMIT]	= { "rss.limit_in_bytes", "rss.max" },
	[BOX_WMARK_HIGH] = { "rss.wmark_high_in_bytes", "rss.wmark_high" },
	[BOX_WMARK_LOW] = { "rss.wmark_low_in_bytes", "rss.wmark_low" },
	[BOX_LOW]	= { "rss.low_in_bytes", "rss.low" },
	[BOX_PEAK]	= { "rss.max_usage_in_bytes", "rss.peak" },
	[BOX_RECLAIM]	= { "rss.reclaim", "rss.reclaim" },
	[BOX_EVENTS]	= { "rss.events", "rss.events" },
	[BOX_EVENTS_LOCAL] = { "rss.events_local", "rss.events.local" },
	[BOX_STAT]	= { "rss.stat", "rss.stat" },
	[BOX_NUMA_STAT]	= { "rss.numa_stat", "rss.numa_stat" },
	[BOX_OOM_GROUP]	= { "rss.oom_group", "rss.oom.group" },
	[BOX_FAILCNT]	= { "rss.failcnt", NULL },
	[BOX_RECLAIMED]	= { "rss.reclaimed", NULL },
};

static bool listed(const char *path, const char *word)
{
	char buf[4096], *w, *save;

	if (text_read(path, buf, sizeof(buf)) < 0)
		return false;
	for (w = strtok_r(buf, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save))
		if (!strcmp(w, word))
			return true;
	return false;
}

bool world_enter(const char **why)
{
	text_write("/sys/kernel/mm/lru_gen/enabled", world.lru_gen ? "y" : "n");
	if (!listed("/proc/cgroups", "rss")) {
		*why = "this kernel has no rss controller";
		return false;
	}
	if (world.v2) {
		/* the controller comes back once the v1 hierarchy is gone */
		if (!UNTIL(20, listed(V2_ROOT "/cgroup.controllers", "rss"))) {
			*why = "rss is not offered in the v2 hierarchy";
			return false;
		}
		if (text_write(V2_ROOT "/cgroup.subtree_control", "+rss")) {
			*why = "rss cannot be enabled in the v2 hierarchy";
			return false;
		}
		return true;
	}
	if (!UNTIL(20, !mount("rss", V1_ROOT, "cgroup", 0, "rss,freezer"))) {
		*why = strerror(errno);
		return false;
	}
	return true;
}

void world_leave(void)
{
	if (world.v2)
		text_write(V2_ROOT "/cgroup.subtree_control", "-rss");
	else if (UNTIL(60, cgroup_dying() <= 1))
		/* the hierarchy is busy until removed containers are freed */
		umount(V1_ROOT);
}

const char *box_root(void)
{
	return world.v2 ? V2_ROOT : V1_ROOT;
}

/* Returns a static buffer, which the eighth next call reuses. */
const char *box_path(const char *name, const char *file)
{
	static char bufs[8][PATH_MAX];
	static int next;
	char *buf = bufs[next++ % 8];

	snprintf(buf, PATH_MAX, "%s/%s%s%s", box_root(), name ? name : "",
		 name ? "/" : "", file);
	return buf;
}

const char *box_file_name(enum box_file file, bool v2)
{
	return v2 ? names[file].v2 : names[file].v1;
}

const char *box_file(const char *name, enum box_file file)
{
	const char *f = box_file_name(file, world.v2);

	if (!f)
		FAIL("%s has no v2 name", names[file].v1);
	return box_path(name, f);
}

void box_make(const char *name)
{
	const char *slash = strrchr(name, '/');
	char parent[PATH_MAX];

	if (slash && world.v2) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
		if (text_write(box_path(parent, "cgroup.subtree_control"), "+rss"))
			FAIL("cannot enable rss below %s", parent);
	}
	if (mkdir(box_path(name, ""), 0755))
		FAIL("mkdir %s: %s", name, strerror(errno));
}

int mkdir_box(const char *name)
{
	return mkdir(box_path(name, ""), 0755) ? -errno : 0;
}

int box_remove(const char *name)
{
	return rmdir(box_path(name, "")) ? -errno : 0;
}

static int remove_below(const char *path)
{
	char child[PATH_MAX];
	struct dirent *d;
	int left = 0;
	DIR *dir;

	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, d->d_name);
		left += remove_below(child);
		/* a killed task may not have exited yet */
		if (!UNTIL(20, !rmdir(child) || errno == ENOENT))
			left++;
	}
	if (dir)
		closedir(dir);
	return left;
}

int box_remove_all(void)
{
	return remove_below(box_root());
}

long box_get(const char *name, enum box_file file)
{
	long v = text_number(box_file(name, file));

	if (v < 0)
		FAIL("read %s: %s", box_file(name, file), strerror(-v));
	return v;
}

int box_put(const char *name, enum box_file file, long value)
{
	if (value == BOX_MAX)
		return text_write(box_file(name, file), world.v2 ? "max" : "-1");
	return text_writef(box_file(name, file), "%ld", value);
}

long box_usage(const char *name)
{
	return box_get(name, BOX_USAGE);
}

long box_event(const char *name, const char *key)
{
	long v = text_key(box_file(name, BOX_EVENTS), key);

	if (v < 0)
		FAIL("no %s in rss.events of %s", key, name);
	return v;
}

long box_event_local(const char *name, const char *key)
{
	long v = text_key(box_file(name, BOX_EVENTS_LOCAL), key);

	if (v < 0)
		FAIL("no %s in rss.events.local of %s", key, name);
	return v;
}

long box_stat(const char *name, const char *key)
{
	long v = text_key(box_file(name, BOX_STAT), key);

	if (v < 0)
		FAIL("no %s in rss.stat of %s", key, name);
	return v;
}

/* Charged pages are either anonymous or file pages. */
long box_pages(const char *name)
{
	return (box_stat(name, "anon") + box_stat(name, "file")) / (long)PAGE;
}

long box_node_pages(const char *name, int node)
{
	char text[1024], key[16], *at = text;
	long bytes = 0;
	int n = text_read(box_file(name, BOX_NUMA_STAT), text, sizeof(text));

	if (n < 0)
		FAIL("read %s: %s", box_file(name, BOX_NUMA_STAT), strerror(-n));
	snprintf(key, sizeof(key), " N%d=", node);
	/* once in the line of each list */
	while ((at = strstr(at, key))) {
		at += strlen(key);
		bytes += strtol(at, NULL, 10);
	}
	return bytes / (long)PAGE;
}

/*
 * The bounds that kernel/README.md states.  Small pages do not exceed the limit unless they
 * are migrated; a reader may see a batch for each task that is about to be refused.  With
 * huge pages and migration it is one folio for each task.
 */
long box_slack(int tasks)
{
	return tasks * 64L * (long)PAGE;
}

long box_slack_huge(int tasks)
{
	return tasks * (long)HUGE;
}

int box_attach(const char *name, pid_t pid)
{
	return text_writef(box_path(name, "cgroup.procs"), "%d", pid);
}

int box_attach_thread(const char *name, pid_t tid)
{
	return text_writef(box_path(name, "tasks"), "%d", tid);
}

long slab_active(const char *cache)
{
	char path[PATH_MAX];

	/* without debugging, what a CPU keeps for itself counts as in use */
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	text_write(path, "1");
	return text_key("/proc/slabinfo", cache);
}

long cgroup_dying(void)
{
	char buf[8192], *line, *save;
	long count;

	if (world.v2)
		return text_key(V2_ROOT "/cgroup.stat", "nr_dying_descendants");
	/* v1 shows only the number of all, including dying ones */
	if (text_read("/proc/cgroups", buf, sizeof(buf)) < 0)
		return -ENOENT;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "rss %*d %ld", &count) == 1)
			return count;
	return -ENOENT;
}
