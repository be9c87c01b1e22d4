// SPDX-License-Identifier: GPL-2.0
/* Bad input gets the errno that cgroup files return for the like, and changes nothing. */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct bad {
	enum box_file file;
	const char *text;
	int err;
};

static const struct bad table[] = {
	{ BOX_LIMIT, "rubbish", EINVAL },
	{ BOX_LIMIT, "", EINVAL },
	{ BOX_LIMIT, "\n", EINVAL },
	{ BOX_LIMIT, "12x", EINVAL },
	{ BOX_LIMIT, "1 2", EINVAL },
	{ BOX_LIMIT, "-5", EINVAL },
	{ BOX_LIMIT, "-4096", EINVAL },
	{ BOX_LIMIT, "0x", EINVAL },
	{ BOX_LIMIT, "maximum", EINVAL },
	{ BOX_WMARK_HIGH, "rubbish", EINVAL },
	{ BOX_WMARK_HIGH, "-5", EINVAL },
	{ BOX_WMARK_HIGH, "12x", EINVAL },
	{ BOX_WMARK_LOW, "rubbish", EINVAL },
	{ BOX_WMARK_LOW, "-5", EINVAL },
	{ BOX_WMARK_LOW, "32M", EINVAL },		/* above high, see below */
	{ BOX_WMARK_HIGH, "1M", EINVAL },		/* below low */
	{ BOX_LOW, "rubbish", EINVAL },
	{ BOX_LOW, "-5", EINVAL },
	{ BOX_LOW, "12x", EINVAL },
	{ BOX_RECLAIM, "rubbish", EINVAL },
	{ BOX_RECLAIM, "-5", EINVAL },
	{ BOX_RECLAIM, "", EINVAL },
	{ BOX_OOM_GROUP, "2", EINVAL },
	{ BOX_OOM_GROUP, "-1", EINVAL },
	{ BOX_OOM_GROUP, "rubbish", EINVAL },
};

static long write_all(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static void input_table(void)
{
	long limit = 64 * (long)MB, high = 16 * (long)MB, low = 8 * (long)MB;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, high), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, low), 0);
	EXPECT_EQ(box_put("a", BOX_LOW, low), 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct bad *b = &table[i];
		int err;

		/* a write of nothing does not reach the handler */
		if (!*b->text)
			continue;
		err = text_write(box_file("a", b->file), b->text);
		EXPECT(err == -b->err, "'%s' to %s gives '%s', not '%s'", b->text,
		       box_file_name(b->file, world.v2), strerror(-err),
		       strerror(b->err));
		EXPECT_EQ(box_get("a", BOX_LIMIT), limit);
		EXPECT_EQ(box_get("a", BOX_WMARK_HIGH), high);
		EXPECT_EQ(box_get("a", BOX_WMARK_LOW), low);
		EXPECT_EQ(box_get("a", BOX_LOW), low);
		EXPECT_EQ(box_get("a", BOX_OOM_GROUP), 0);
	}
}

/* Larger than a counter holds: either refused, or as good as no limit. */
static void input_overflow(void)
{
	static const char *const big[] = {
		"18446744073709551615", "18446744073709551616",
		"99999999999999999999999999", "9223372036854775807", "16777216T",
	};

	box_make("a");
	for (size_t i = 0; i < ARRAY_SIZE(big); i++) {
		int err;

		EXPECT_EQ(box_put("a", BOX_LIMIT, 64 * (long)MB), 0);
		err = text_write(box_file("a", BOX_LIMIT), big[i]);
		EXPECT(!err || err == -EINVAL || err == -ERANGE, "'%s' gives %s",
		       big[i], strerror(-err));
		if (err)
			EXPECT_EQ(box_get("a", BOX_LIMIT), 64 * (long)MB);
		else
			EXPECT(box_get("a", BOX_LIMIT) > 1L << 40,
			       "'%s' became %ld", big[i], box_get("a", BOX_LIMIT));
	}
}

static void input_read_only(void)
{
	static const enum box_file files[] = { BOX_USAGE, BOX_EVENTS, BOX_STAT,
						BOX_EVENTS_LOCAL, BOX_NUMA_STAT };
	long limit;
	int fd;

	box_make("a");
	limit = box_get("a", BOX_LIMIT);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int err = text_write(box_file("a", files[i]), "0");

		EXPECT(err == -EINVAL || err == -EACCES || err == -EPERM,
		       "write to %s gives %s", box_file_name(files[i], world.v2),
		       strerror(-err));
	}
	/* and what is for writing cannot be read */
	fd = open(box_file("a", BOX_RECLAIM), O_RDONLY);
	if (fd >= 0) {
		char c;

		EXPECT(read(fd, &c, 1) < 0, "rss.reclaim can be read");
		close(fd);
	}
	EXPECT_EQ(box_get("a", BOX_LIMIT), limit);
}

static void input_long(void)
{
	static char text[8192];
	long n;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, 64 * (long)MB), 0);
	memset(text, '1', sizeof(text));
	n = write_all(box_file("a", BOX_LIMIT), text, sizeof(text));
	EXPECT(n == -E2BIG || n == -EINVAL, "a long write gives %ld", n);
	n = write_all(box_file("a", BOX_LIMIT), text, 4000);
	EXPECT(n == -EINVAL || n == -ERANGE || n == -E2BIG || n == 4000,
	       "a long write gives %ld", n);
	if (n < 0)
		EXPECT_EQ(box_get("a", BOX_LIMIT), 64 * (long)MB);
	/* with spaces around, as every cgroup file takes it */
	EXPECT_EQ(text_write(box_file("a", BOX_LIMIT), "  32M \n"), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 32 * (long)MB);
}

/* Opened before, used after the container is gone. */
static void input_gone(void)
{
	int fds[BOX_FILES], f;
	char c;

	box_make("a");
	for (f = 0; f < BOX_FILES; f++) {
		fds[f] = -1;
		if (box_file_name(f, world.v2))
			fds[f] = open(box_file("a", f), O_RDWR);
		if (box_file_name(f, world.v2) && fds[f] < 0)
			fds[f] = open(box_file("a", f), f == BOX_RECLAIM ? O_WRONLY : O_RDONLY);
	}
	EXPECT_EQ(box_remove("a"), 0);
	for (f = 0; f < BOX_FILES; f++) {
		if (fds[f] < 0)
			continue;
		EXPECT(write(fds[f], "1", 1) < 0 &&
		       (errno == ENODEV || errno == EBADF || errno == EINVAL),
		       "write to %s: %s", box_file_name(f, world.v2), strerror(errno));
		EXPECT(read(fds[f], &c, 1) < 0 &&
		       (errno == ENODEV || errno == EBADF || errno == EINVAL),
		       "read of %s: %s", box_file_name(f, world.v2), strerror(errno));
		close(fds[f]);
	}
	/* a new one of that name is not the old one */
	box_make("a");
	EXPECT_EQ(box_usage("a"), 0);
	EXPECT_EQ(box_event("a", "max"), 0);
}

static void input_unprivileged(void)
{
	pid_t pid;
	int status;

	box_make("a");
	pid = fork();
	if (!pid) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		_exit(box_put("a", BOX_LIMIT, MB) == -EACCES &&
		      text_write(box_file("a", BOX_RECLAIM), "1M") == -EACCES &&
		      box_attach("a", 0) == -EACCES ? 0 : 2);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status), 0);
	EXPECT(box_get("a", BOX_LIMIT) > 1L << 40, "the limit changed");
}

const struct vm_case input_cases[] = {
	{ "input_table", input_table },
	{ "input_overflow", input_overflow },
	{ "input_read_only", input_read_only },
	{ "input_long", input_long },
	{ "input_gone", input_gone },
	{ "input_unprivileged", input_unprivileged },
	{ }
};
