/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control files: numbers, keyed lines, pids, and what may be wrong with them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "cgroup/control-file.h"
#include "shared/cleanup.h"
#include "directory.h"
#include "unit.h"

TEST(numbers)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {
		{ "0\n", 0, 0 },
		{ "0", 0, 0 },
		{ "20971520\n", 0, 20971520 },
		{ "18446744073709551615\n", 0, UINT64_MAX },
		{ "18446744073709551616\n", -EBADMSG, 0 },
		{ "99999999999999999999999\n", -EBADMSG, 0 },
		{ "max\n", 0, UINT64_MAX },
		{ "max", 0, UINT64_MAX },
		{ "maximum\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0 },
		{ "-1\n", -EBADMSG, 0 },
		{ " 1\n", -EBADMSG, 0 },
		{ "1 2\n", -EBADMSG, 0 },
		{ "0x10\n", -EBADMSG, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 0;
		int r = cgroup_parse_u64(rows[i].text, &value);

		if (r != rows[i].r || value != rows[i].value)
			FAIL("\"%s\" gave %d, %" PRIu64, rows[i].text, r, value);
	}
}

TEST(keys)
{
	struct cgroup_key keys[] = {
		{ "oom", 7 }, { "oom_kill", 7 }, { "max", 7 }, { "absent", 7 }, { "bad", 7 },
	};

	cgroup_parse_keys("max 1\noom_kill 3\noom_kill_disable 9\noom 2\nbad x\n\nabsent\n", keys,
			  ARRAY_SIZE(keys));
	CHECK_UINT(keys[0].value, 2);
	CHECK_UINT(keys[1].value, 3);
	CHECK_UINT(keys[2].value, 1);
	CHECK_UINT(keys[3].value, 7);
	CHECK_UINT(keys[4].value, 7);
	cgroup_parse_keys("oom 5", keys, 1);
	CHECK_UINT(keys[0].value, 5);
	cgroup_parse_keys("", keys, 1);
	CHECK_UINT(keys[0].value, 5);
}

TEST(pids)
{
	cleanup_free pid_t *list = NULL;
	pid_t *none = NULL;
	size_t count = 9;

	CHECK_INT(cgroup_parse_pids("1\n0\n22\n333\n", &list, &count), 0);
	CHECK_UINT(count, 3);
	CHECK_INT(list[0], 1);
	CHECK_INT(list[1], 22);
	CHECK_INT(list[2], 333);
	CHECK_INT(cgroup_parse_pids("", &none, &count), 0);
	CHECK_UINT(count, 0);
	CHECK(!none);
	CHECK_INT(cgroup_parse_pids("12\nx\n", &none, &count), -EBADMSG);
	CHECK_INT(cgroup_parse_pids("2147483648\n", &none, &count), -EBADMSG);
	CHECK_INT(cgroup_parse_pids("max\n", &none, &count), -EBADMSG);
	CHECK(!none);
}

TEST(a_long_file_is_read_completely)
{
	DIRECTORY;
	cleanup_free char *text = malloc(600000), *back = NULL;
	cleanup_free pid_t *list = NULL;
	size_t length = 0, count = 0;

	for (int i = 1; i <= 50000; i++)
		length += (size_t)sprintf(text + length, "%d\n", i);
	put(&f, "cgroup.procs", text);
	CHECK_INT(cgroup_read(f.fd, "cgroup.procs", &back), 0);
	CHECK(!strcmp(text, back));
	CHECK_INT(cgroup_read_pids(f.fd, "cgroup.procs", &list, &count), 0);
	CHECK_UINT(count, 50000);
	CHECK_INT(list[49999], 50000);
	/* A text that ends at the end of the buffer. */
	for (size_t n = 4090; n < 4100; n++) {
		cleanup_free char *again = NULL;

		text[n] = '\0';
		put(&f, "edge", text);
		text[n] = '1';
		CHECK_INT(cgroup_read(f.fd, "edge", &again), 0);
		CHECK_UINT(strlen(again), n);
	}
}

TEST(files)
{
	DIRECTORY;
	struct cgroup_key key = { "oom_kill", 0 };
	uint64_t value = 0;

	put(&f, "number", "4096\n");
	CHECK_INT(cgroup_read_u64(f.fd, "number", &value), 0);
	CHECK_UINT(value, 4096);
	put(&f, "events", "oom 1\noom_kill 2\n");
	CHECK_INT(cgroup_read_keys(f.fd, "events", &key, 1), 0);
	CHECK_UINT(key.value, 2);
	put(&f, "number", "");
	CHECK_INT(cgroup_write_u64(f.fd, "number", UINT64_MAX - 1), 0);
	CHECK_INT(cgroup_read_u64(f.fd, "number", &value), 0);
	CHECK_UINT(value, UINT64_MAX - 1);
	put(&f, "number", "");
	CHECK_INT(cgroup_write(f.fd, "number", "max"), 0);
	CHECK_INT(cgroup_read_u64(f.fd, "number", &value), 0);
	CHECK_UINT(value, UINT64_MAX);
	/* A write never creates a file. */
	CHECK_INT(cgroup_read_u64(f.fd, "none", &value), -ENOENT);
	CHECK_INT(cgroup_write(f.fd, "none", "1"), -ENOENT);
	CHECK_INT(faccessat(f.fd, "none", F_OK, 0), -1);
	CHECK_INT(mkdirat(f.fd, "directory", 0700), 0);
	CHECK_INT(cgroup_read_u64(f.fd, "directory", &value), -EISDIR);
	CHECK_INT(symlinkat("number", f.fd, "link"), 0);
	CHECK_INT(cgroup_write(f.fd, "link", "1"), -ELOOP);
	CHECK_UINT(value, UINT64_MAX);
}

TEST_MAIN({ "numbers", numbers }, { "keyed lines", keys }, { "pids", pids },
	  { "a long file is read completely", a_long_file_is_read_completely }, { "files", files })
