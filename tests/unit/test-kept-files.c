/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control files that stay open: reads return the current content, with the cache and without. */
#include <errno.h>
#include <fcntl.h>

#include "shared/cleanup.h"
#include "cgroup/control-file-cache.h"
#include "directory.h"
#include "unit.h"

/* With the cache and without. */
TEST(reads_are_current)
{
	cleanup_(kept_files_free_ptr) struct kept_files *some = kept_files_new();
	struct kept_files *const each[] = { some, NULL };
	struct cgroup_key keys[] = { { "oom_kill", 0 } };
	uint64_t value = 0;
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		struct kept_files *kept = each[i];
		DIRECTORY;

		put(&f, "usage", "4096\n");
		put(&f, "events", "oom 1\noom_kill 2\n");
		put(&f, "procs", "17\n0\n4\n");
		CHECK_INT(kept_read_u64(kept, f.fd, "usage", &value), 0);
		CHECK_UINT(value, 4096);
		put(&f, "usage", "8192\n");
		CHECK_INT(kept_read_u64(kept, f.fd, "usage", &value), 0);
		CHECK_UINT(value, 8192);
		CHECK_INT(kept_read_keys(kept, f.fd, "events", keys, 1), 0);
		CHECK_UINT(keys[0].value, 2);
		CHECK_INT(kept_count_pids(kept, f.fd, "procs", &count), 0);
		CHECK_UINT(count, 2);
		put(&f, "procs", "");
		CHECK_INT(kept_count_pids(kept, f.fd, "procs", &count), 0);
		CHECK_UINT(count, 0);
		CHECK_INT(kept_read_u64(kept, f.fd, "none", &value), -ENOENT);
		CHECK_INT(kept_read_u64(kept, f.fd, "events", &value), -EBADMSG);
	}
}

TEST(it_is_the_open_file_that_is_read)
{
	cleanup_(kept_files_free_ptr) struct kept_files *kept = kept_files_new();
	uint64_t value = 0;
	DIRECTORY;

	put(&f, "usage", "1\n");
	CHECK_INT(kept_read_u64(kept, f.fd, "usage", &value), 0);
	CHECK_INT(unlinkat(f.fd, "usage", 0), 0);
	CHECK_INT(kept_read_u64(kept, f.fd, "usage", &value), 0);
	CHECK_UINT(value, 1);
}

TEST(more_files_and_longer_ones_than_can_be_kept)
{
	cleanup_(kept_files_free_ptr) struct kept_files *kept = kept_files_new();
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	char text[3 * 5000 + 1] = "";
	uint64_t value = 0;
	uint32_t count = 0;
	DIRECTORY;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		put(&f, names[i], "7\n");
		value = 0;
		CHECK_INT(kept_read_u64(kept, f.fd, names[i], &value), 0);
		CHECK_UINT(value, 7);
	}
	for (size_t i = 0; i < 5000; i++)
		memcpy(text + 3 * i, "12\n", 4);
	put(&f, "a", text);
	CHECK_INT(kept_count_pids(kept, f.fd, "a", &count), 0);
	CHECK_UINT(count, 5000);
}

TEST_MAIN({ "kept files: reads are current", reads_are_current },
	  { "kept files: stay open", it_is_the_open_file_that_is_read },
	  { "kept files: too many, too long", more_files_and_longer_ones_than_can_be_kept })
