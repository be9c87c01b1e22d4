// SPDX-License-Identifier: GPL-2.0
/* The control files: which there are, what they hold at first, what they take. */
#include "vm.h"

#include <dirent.h>
#include <string.h>
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
	EXPECT(box_get("a", BOX_HIGH) > 1L << 40, "high %ld", box_get("a", BOX_HIGH));
	if (world.v2) {
		text_read(box_file("a", BOX_LIMIT), text, sizeof(text));
		EXPECT(!strcmp(text, "max\n"), "'%s'", text);
		text_read(box_file("a", BOX_HIGH), text, sizeof(text));
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
	EXPECT_EQ(box_put("a", BOX_HIGH, 16 * MB), 0);
	EXPECT_EQ(box_get("a", BOX_HIGH), 16 * MB);
	EXPECT_EQ(box_put("a", BOX_LOW, 8 * MB), 0);
	EXPECT_EQ(box_get("a", BOX_LOW), 8 * MB);
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 1), 0);
	EXPECT_EQ(box_get("a", BOX_OOM_GROUP), 1);
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 0), 0);
	/* bytes are counted in pages: what is left over is dropped */
	EXPECT_EQ(box_put("a", BOX_LIMIT, 32 * MB + 5), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 32 * MB);
	EXPECT_EQ(box_put("a", BOX_LOW, 0), 0);
	EXPECT_EQ(box_put("a", BOX_HIGH, BOX_MAX), 0);
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
	EXPECT(box_event("a", "limit") > 0, "the limit was not counted");
	EXPECT(box_stat("a", "pgsteal") >= 1024, "%ld", box_stat("a", "pgsteal"));
	EXPECT(box_stat("a", "pgscan") >= box_stat("a", "pgsteal"), "%ld scanned",
	       box_stat("a", "pgscan"));
	if (!world.v2) {
		EXPECT_EQ(box_get("a", BOX_FAILCNT), box_event("a", "limit"));
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
	{ "files_counters", files_counters },
	{ "files_stat", files_stat },
	{ }
};
