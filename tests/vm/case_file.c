// SPDX-License-Identifier: GPL-2.0
/* The control files: which there are, what they hold at first, what they take. */
#define _GNU_SOURCE
#include "vm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void files_there(void)
{
	struct dirent *d;
	int f, n = 0, want = 0;
	DIR *dir;

	box_make("a");
	for (f = 0; f < BOX_FILES; f++) {
		if (!box_file_name(f, world.v2))
			continue;
		want++;
		EXPECT(!access(box_file("a", f), F_OK), "no %s", box_file("a", f));
	}
	dir = opendir(box_path("a", ""));
	while ((d = readdir(dir)))
		n += !strncmp(d->d_name, "rss.", 4);
	closedir(dir);
	EXPECT_EQ(n, want);
}

static void files_defaults(void)
{
	char text[64];

	box_make("a");
	EXPECT_EQ(box_get("a", BOX_USAGE), 0);
	EXPECT_EQ(box_get("a", BOX_PEAK), 0);
	EXPECT_EQ(box_get("a", BOX_OOM_GROUP), 0);
	EXPECT(box_get("a", BOX_LIMIT) > 1L << 40, "limit %ld", box_get("a", BOX_LIMIT));
	EXPECT(box_get("a", BOX_WMARK_HIGH) > 1L << 40, "high %ld", box_get("a", BOX_WMARK_HIGH));
	if (world.v2) {
		text_read(box_file("a", BOX_LIMIT), text, sizeof(text));
		EXPECT(!strcmp(text, "max\n"), "'%s'", text);
		text_read(box_file("a", BOX_WMARK_HIGH), text, sizeof(text));
		EXPECT(!strcmp(text, "max\n"), "'%s'", text);
	} else {
		EXPECT_EQ(box_get("a", BOX_FAILCNT), 0);
		EXPECT_EQ(box_get("a", BOX_RECLAIMED), 0);
	}
}

static void files_values(void)
{
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, 64 * MB), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 64 * MB);
	EXPECT_EQ(text_write(box_file("a", BOX_LIMIT), "32M\n"), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 32 * MB);
	EXPECT_EQ(text_write(box_file("a", BOX_LIMIT), "0x4000k"), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 16 * MB);
	EXPECT_EQ(text_write(box_file("a", BOX_LIMIT), "1P"), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 1L << 50);
	EXPECT_EQ(text_write(box_file("a", BOX_LIMIT), "32M"), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, 16 * MB), 0);
	EXPECT_EQ(box_get("a", BOX_WMARK_HIGH), 16 * MB);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, 8 * MB), 0);
	EXPECT_EQ(box_get("a", BOX_WMARK_LOW), 8 * MB);
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 1), 0);
	EXPECT_EQ(box_get("a", BOX_OOM_GROUP), 1);
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 0), 0);
	/* bytes are counted in pages: what is left over is dropped */
	EXPECT_EQ(box_put("a", BOX_LIMIT, 32 * MB + 5), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 32 * MB);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, 0), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, BOX_MAX), 0);
	EXPECT_EQ(box_put("a", BOX_LIMIT, BOX_MAX), 0);
	EXPECT(box_get("a", BOX_LIMIT) > 1L << 40, "limit %ld", box_get("a", BOX_LIMIT));
}

static void files_peak(void)
{
	struct actor *a;
	long at, peak;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, 4 * MB, ANON);
	actor_do(a, work_write, at, 4 * MB, 1);
	actor_do(a, work_unmap, at, 4 * MB);
	peak = box_get("a", BOX_PEAK);
	EXPECT(peak >= 4 * (long)MB, "peak %ld", peak);
	EXPECT(box_usage("a") < 2 * (long)MB, "usage %ld", box_usage("a"));
	actor_end(a);
	EXPECT_EQ(box_get("a", BOX_PEAK), peak);
}

/*
 * The peak of a small container exceeds its usage by little: a quarter, and
 * three pages for each of two CPUs.  A fault reserves 16 pages meanwhile.
 */
static void files_peak_small(void)
{
	struct actor *a;
	long usage, peak;

	box_make("a");
	a = actor_new("a");
	usage = box_usage("a");
	peak = box_get("a", BOX_PEAK);
	note("usage %ld, peak %ld", usage, peak);
	EXPECT(peak >= usage && peak <= usage + usage / 4 + (2 * 3 + 16) * (long)PAGE,
	       "usage %ld, peak %ld", usage, peak);
	actor_end(a);
}

static long peak_of(int fd)
{
	char text[32] = "";

	EXPECT(pread(fd, text, sizeof(text) - 1, 0) > 0, "%s", strerror(errno));
	return atol(text);
}

/* In v2 a write to rss.peak resets what this open file shows, and no other. */
static void files_peak_reset(void)
{
	long at, peak, size = 4 * (long)MB;
	struct actor *a;
	int fd[3], i;

	if (!world.v2)
		skip("one peak for all in v1");
	box_make("a");
	for (i = 0; i < 3; i++) {
		fd[i] = open(box_file("a", BOX_PEAK), O_RDWR);
		EXPECT(fd[i] >= 0, "%s", strerror(errno));
	}
	a = actor_new("a");
	at = actor_do(a, work_map, size, ANON);
	actor_do(a, work_write, at, size, 1);
	actor_do(a, work_unmap, at, size);
	peak = box_get("a", BOX_PEAK);
	EXPECT(peak >= size, "peak %ld", peak);
	EXPECT(write(fd[0], "reset", 5) == 5, "%s", strerror(errno));
	EXPECT(peak_of(fd[0]) < size / 2, "%ld after a reset", peak_of(fd[0]));
	EXPECT_EQ(peak_of(fd[1]), peak);
	EXPECT_EQ(box_get("a", BOX_PEAK), peak);

	/* half as much: the peak of the first; then it is reset in the second */
	at = actor_do(a, work_map, size / 2, ANON);
	actor_do(a, work_write, at, size / 2, 1);
	actor_do(a, work_unmap, at, size / 2);
	EXPECT(peak_of(fd[0]) >= size / 2 && peak_of(fd[0]) < size, "%ld of %ld",
	       peak_of(fd[0]), size / 2);
	EXPECT(write(fd[1], "", 1) == 1, "%s", strerror(errno));
	EXPECT(peak_of(fd[1]) < size / 2, "%ld after a reset", peak_of(fd[1]));
	EXPECT(peak_of(fd[0]) >= size / 2, "%ld is lost to the second reset", peak_of(fd[0]));
	EXPECT_EQ(peak_of(fd[2]), peak);
	close(fd[0]);
	/* a new peak shows in all that are open */
	at = actor_do(a, work_map, 2 * size, ANON);
	actor_do(a, work_write, at, 2 * size, 1);
	for (i = 1; i < 3; i++)
		EXPECT(peak_of(fd[i]) >= 2 * size, "%ld", peak_of(fd[i]));
	actor_end(a);
	close(fd[1]);
	close(fd[2]);
}

/*
 * In a cgroup namespace of a delegated container, rss.reclaim and rss.oom.group
 * can be written, and the limits of the container cannot.
 */
static void files_delegated(void)
{
	static const struct {
		enum box_file file;
		const char *text;
		int err;
	} writes[] = {
		{ BOX_LIMIT, "64M", -EPERM },
		{ BOX_WMARK_HIGH, "64M", -EPERM },
		{ BOX_OOM_GROUP, "1", 0 },
		{ BOX_RECLAIM, "0", 0 },
	};
	int status;
	pid_t pid;
	size_t i;

	if (!world.v2)
		skip("v1 has no delegation");
	EXPECT(!mount(NULL, box_root(), NULL, MS_REMOUNT, "nsdelegate"), "%s",
	       strerror(errno));
	box_make("a");
	pid = fork();
	if (!pid) {
		EXPECT_EQ(box_attach("a", getpid()), 0);
		EXPECT(!unshare(CLONE_NEWCGROUP), "%s", strerror(errno));
		for (i = 0; i < ARRAY_SIZE(writes); i++)
			EXPECT(text_write(box_file("a", writes[i].file), writes[i].text) ==
			       writes[i].err, "'%s' to %s: %d", writes[i].text,
			       box_file("a", writes[i].file),
			       text_write(box_file("a", writes[i].file), writes[i].text));
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && !status, "%s", verdict_why());
	EXPECT(!mount(NULL, box_root(), NULL, MS_REMOUNT, ""), "%s", strerror(errno));
}

/* rss.events wakes poll(), in the container and, for a kill, in its parent. */
static void files_notify(void)
{
	struct pollfd p[2] = { { .events = POLLPRI }, { .events = POLLPRI } };
	struct actor *a;
	char text[512];
	long at, ret;

	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	box_make("p");
	box_make("p/a");
	box_put("p/a", BOX_LIMIT, 4 * MB);
	p[0].fd = open(box_file("p", BOX_EVENTS), O_RDONLY);
	p[1].fd = open(box_file("p/a", BOX_EVENTS), O_RDONLY);
	for (int i = 0; i < 2; i++)
		EXPECT(read(p[i].fd, text, sizeof(text)) > 0, "%s", strerror(errno));
	EXPECT_EQ(poll(p, 2, 0), 0);
	a = actor_new("p/a");
	at = actor_do(a, work_map, 8 * MB, ANON);
	actor_send(a, (actor_fn)work_write, at, 8 * MB, 1, 0);
	EXPECT_EQ(poll(&p[1], 1, 30000), 1);
	EXPECT(!actor_reply(a, &ret, 60), "not killed");
	EXPECT_EQ(poll(&p[0], 1, 30000), 1);
	EXPECT_EQ(box_event("p", "oom_kill"), 1);
	EXPECT_EQ(box_event_local("p", "oom_kill"), 0);
	EXPECT_EQ(box_event_local("p/a", "oom_kill"), 1);
	close(p[0].fd);
	close(p[1].fd);
	actor_end(a);
}

/* rss.events counts the subtree, rss.events.local the container itself. */
static void files_events(void)
{
	static const char *const keys[] = {
		"max", "wmark_high", "wmark_low", "reclaim", "oom", "oom_kill",
		"low",
	};
	struct pollfd p[2] = { { .events = POLLPRI }, { .events = POLLPRI } };
	char text[512], *line;
	struct actor *a;
	long at, before;
	size_t i;

	box_make("p");
	box_make("p/a");
	box_put("p/a", BOX_LIMIT, 4 * MB);
	p[0].fd = open(box_file("p", BOX_EVENTS), O_RDONLY);
	p[1].fd = open(box_file("p", BOX_EVENTS_LOCAL), O_RDONLY);
	for (i = 0; i < 2; i++)
		EXPECT(read(p[i].fd, text, sizeof(text)) > 0, "%s", strerror(errno));
	a = actor_new("p/a");
	at = actor_do(a, work_map, 8 * MB, ANON);
	actor_do(a, work_write, at, 8 * MB, 1);
	EXPECT_EQ(poll(&p[0], 1, 10000), 1);
	EXPECT_EQ(poll(&p[1], 1, 0), 0);
	box_put("p/a", BOX_WMARK_HIGH, MB);
	EXPECT(UNTIL(30, box_event("p/a", "wmark_low") > 0), "usage stays at %ld",
	       box_usage("p/a"));
	EXPECT(box_event("p/a", "max") > 0 && box_event("p/a", "reclaim") > 0, "no reclaim");
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(box_event("p", keys[i]), box_event("p/a", keys[i]));
		EXPECT_EQ(box_event_local("p/a", keys[i]), box_event("p/a", keys[i]));
		EXPECT_EQ(box_event_local("p", keys[i]), 0);
	}
	/* the parent's own events do not count for the child */
	box_put("p/a", BOX_WMARK_HIGH, BOX_MAX);
	box_put("p", BOX_LIMIT, 2 * MB);
	before = box_event("p/a", "max");
	actor_do(a, work_write, at, 8 * MB, 2);
	EXPECT_EQ(box_event("p/a", "max"), before);
	EXPECT(box_event_local("p", "max") > 0, "the parent's limit was not hit");
	EXPECT_EQ(box_event("p", "max"), before + box_event_local("p", "max"));
	EXPECT_EQ(text_read(box_file("p", BOX_EVENTS), text, sizeof(text)) > 0, 1);
	for (i = 0, line = text; i < ARRAY_SIZE(keys); i++) {
		EXPECT(line && !strncmp(line, keys[i], strlen(keys[i])) &&
		       line[strlen(keys[i])] == ' ', "not %s: '%s'", keys[i], text);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	EXPECT(line && !*line, "more: '%s'", text);
	close(p[0].fd);
	close(p[1].fd);
	actor_end(a);
}

/* The lists by node add up to those of rss.stat. */
static void files_numa_stat(void)
{
	static const char *const lists[] = {
		"inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
	};
	char text[1024], *line;
	struct actor *a;
	long at, node, bytes[2], total = 0;
	int n;

	box_make("a");
	a = actor_new("a");
	for (node = 0; node < 2; node++) {
		at = actor_do(a, work_map, MB, ANON);
		if (actor_do(a, work_bind, at, MB, node))
			skip("one node only");
		EXPECT_EQ(actor_do(a, work_lock, at, MB), 0);
	}
	EXPECT(UNTIL(10, box_stat("a", "unevictable") >= 2 * (long)MB - 64 * (long)PAGE),
	       "%ld locked", box_stat("a", "unevictable"));
	EXPECT(text_read(box_file("a", BOX_NUMA_STAT), text, sizeof(text)) > 0, "no text");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		line = strstr(text, lists[i]);
		n = line ? sscanf(line + strlen(lists[i]), " N0=%ld N1=%ld\n", &bytes[0],
				  &bytes[1]) : 0;
		EXPECT(n == 2, "no %s in '%s'", lists[i], text);
		EXPECT_NEAR(bytes[0] + bytes[1], box_stat("a", lists[i]), 64 * PAGE);
		if (!strcmp(lists[i], "unevictable"))
			for (node = 0; node < 2; node++)
				EXPECT(bytes[node] >= (long)MB - 64 * (long)PAGE, "node %ld: %ld",
				       node, bytes[node]);
		total += bytes[0] + bytes[1];
	}
	EXPECT(total >= 2 * (long)MB, "%ld bytes", total);
	actor_end(a);
}

/* The counters of v1 that the seed had, as the events of v2. */
static void files_counters(void)
{
	struct actor *a;
	long at;

	box_make("a");
	box_put("a", BOX_LIMIT, 4 * MB);
	a = actor_new("a");
	at = actor_do(a, work_map, 8 * MB, ANON);
	actor_do(a, work_write, at, 8 * MB, 1);
	EXPECT(box_event("a", "max") > 0, "the limit was not counted");
	EXPECT(box_stat("a", "pgsteal") >= 1024, "%ld", box_stat("a", "pgsteal"));
	EXPECT(box_stat("a", "pgscan") >= box_stat("a", "pgsteal"), "%ld scanned",
	       box_stat("a", "pgscan"));
	if (!world.v2) {
		EXPECT_EQ(box_get("a", BOX_FAILCNT), box_event("a", "max"));
		EXPECT(box_get("a", BOX_RECLAIMED) > 0, "nothing counted");
	}
	actor_end(a);
}

static void files_stat(void)
{
	struct actor *a;
	long at;

	EXPECT_EQ(work_write_file("/data/f", MB), 0);
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * MB, ANON);
	actor_do(a, work_write, at, 2 * MB, 1);
	at = actor_do(a, work_map_file, "/data/f", MB, 0);
	actor_do(a, work_read, at, MB);
	EXPECT(box_stat("a", "anon") >= 2 * (long)MB, "anon %ld", box_stat("a", "anon"));
	EXPECT(box_stat("a", "file") >= (long)MB, "file %ld", box_stat("a", "file"));
	EXPECT_EQ(box_stat("a", "anon") + box_stat("a", "file"),
		  box_pages("a") * (long)PAGE);
	actor_end(a);
	EXPECT_EQ(box_stat("a", "anon"), 0);
	EXPECT_EQ(box_stat("a", "file"), 0);
	unlink("/data/f");
}

const struct vm_case file_cases[] = {
	{ "files_there", files_there },
	{ "files_defaults", files_defaults },
	{ "files_values", files_values },
	{ "files_peak", files_peak },
	{ "files_peak_small", files_peak_small },
	{ "files_peak_reset", files_peak_reset },
	{ "files_delegated", files_delegated },
	{ "files_notify", files_notify },
	{ "files_events", files_events },
	{ "files_numa_stat", files_numa_stat },
	{ "files_counters", files_counters },
	{ "files_stat", files_stat },
	{ }
};
