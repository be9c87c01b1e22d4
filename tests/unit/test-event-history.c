/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event history: found by number, bounded, and read again after a crash. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/container.h"
#include "store/event-history.h"
#include "base/log.h"
#include "shared/file.h"
#include "shared/name.h"
#include "directory.h"
#include "unit.h"

static void add(struct event_history *history, uint64_t sequence, uint64_t last)
{
	struct container web = { .name = (char *)"web/a" };
	struct event event = {
		.kind = last ? EVENT_LOST : EVENT_LIMIT_HIT,
		.sequence = sequence,
		.time = 1000 + sequence,
		.last = last,
		.container = last ? NULL : &web,
		.usage = 1,
		.limit = UINT64_MAX,
		.amount = sequence * 2,
	};

	event_history_add(history, &event, event.container ? event.container->name : "");
}

static void add_watermark(struct event_history *history, uint64_t sequence, const char *which)
{
	struct container web = { .name = (char *)"web" };
	struct event event = {
		.kind = EVENT_WATERMARK,
		.sequence = sequence,
		.time = 1000 + sequence,
		.container = &web,
		.usage = 7,
		.limit = 8,
		.which = which,
	};

	event_history_add(history, &event, event.container ? event.container->name : "");
}

/* Returns the number of lines of the file; -1 if there is none. */
static int lines(const struct directory *f)
{
	cleanup_free char *text = NULL;
	int dirfd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	size_t length;
	int r = read_file_at(dirfd, "events", FILE_OWN_MAX, &text, &length);

	close(dirfd);
	if (r < 0)
		return -1;
	for (const char *c = text; *c; c++)
		count += *c == '\n';
	return count;
}

TEST(found_by_number)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	const struct past_event *e;
	size_t i;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 10, &history), 0);
	CHECK_UINT(event_history_begin(history), 10);
	CHECK(!event_history_find(history, 0, &i));
	add(history, 10, 0);
	add(history, 11, 15);
	add(history, 16, 0);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 10);
	CHECK_UINT(event_history_find(history, 10, &i)->sequence, 11);
	CHECK_UINT(i, 1);
	/* In the middle of a lost range: the rest is still reported. */
	CHECK_UINT(event_history_find(history, 13, &i)->last, 15);
	e = event_history_find(history, 15, &i);
	CHECK_UINT(e->sequence, 16);
	CHECK_STR(e->container, "web/a");
	CHECK_UINT(e->amount, 32);
	CHECK_UINT(e->time, 1016);
	CHECK(!event_history_at(history, i + 1));
	CHECK(!event_history_find(history, 16, &i));
}

TEST(bounded)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	size_t i, kept = 0;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 1, &history), 0);
	for (uint64_t n = 1; n <= 3 * EVENT_HISTORY_MAX; n++) {
		add(history, n, 0);
		if (n % 1000 == 0)
			CHECK(lines(&f) <= 2 * EVENT_HISTORY_MAX);
	}
	CHECK_UINT(event_history_begin(history), 2 * EVENT_HISTORY_MAX + 1);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 2 * EVENT_HISTORY_MAX + 1);
	/* The same is in the file. */
	CHECK_INT(event_history_open(f.path, 3 * EVENT_HISTORY_MAX + 100, &again), 0);
	CHECK_UINT(event_history_begin(again), 2 * EVENT_HISTORY_MAX + 1);
	for (i = 0; event_history_at(again, i); i++)
		kept++;
	CHECK_UINT(kept, EVENT_HISTORY_MAX);
}

/* Long names make a file of several MiB, which is read in full and does not grow without end. */
TEST(long_names)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	char name[NAME_LENGTH_MAX + 1] = { 0 }, file[128];
	struct container web = { .name = name };
	struct stat st;
	size_t i, kept = 0;
	DIRECTORY;

	memset(name, 'n', sizeof(name) - 1);
	snprintf(file, sizeof(file), "%s/events", f.path);
	CHECK_INT(event_history_open(f.path, 1, &history), 0);
	for (uint64_t n = 1; n <= 3 * EVENT_HISTORY_MAX; n++) {
		struct event event = {
			.kind = EVENT_LIMIT_HIT,
			.sequence = n,
			.time = UINT64_MAX,
			.container = &web,
			.usage = UINT64_MAX,
			.limit = UINT64_MAX,
			.amount = UINT64_MAX,
		};

		event_history_add(history, &event, name);
		/* The stored events have 1.2 MB. */
		CHECK(stat(file, &st) == 0 && st.st_size < 2 << 20);
	}
	CHECK_INT(event_history_open(f.path, 3 * EVENT_HISTORY_MAX + 1, &again), 0);
	for (i = 0; event_history_at(again, i); i++)
		kept++;
	CHECK_UINT(kept, EVENT_HISTORY_MAX);
	CHECK_STR(event_history_at(again, 0)->container, name);
	CHECK_UINT(event_history_begin(again), 2 * EVENT_HISTORY_MAX + 1);
}

TEST(there_after_a_crash)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	const struct past_event *e;
	char file[128];
	size_t i;
	int fd;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 5, &history), 0);
	add(history, 5, 0);
	add(history, 6, 9);
	add_watermark(history, 10, "wmark_high");
	add_watermark(history, 11, "wmark_low");
	/* As after a crash: nothing is closed, and the last line is truncated. */
	snprintf(file, sizeof(file), "%s/events", f.path);
	fd = open(file, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && write(fd, "12 0 77", 7) == 7 && close(fd) == 0);
	CHECK_INT(event_history_open(f.path, 4096, &again), 0);
	CHECK_UINT(event_history_begin(again), 5);
	e = event_history_find(again, 4, &i);
	CHECK(e && e->kind == EVENT_LIMIT_HIT && e->limit == UINT64_MAX);
	CHECK(e->usage == 1 && e->amount == 10 && e->time == 1005);
	CHECK_STR(e->container, "web/a");
	e = event_history_at(again, 1);
	CHECK(e && e->kind == EVENT_LOST && e->last == 9);
	CHECK_STR(e->container, "");
	e = event_history_at(again, 2);
	CHECK(e && e->kind == EVENT_WATERMARK && e->wmark_high && e->usage == 7 && e->limit == 8);
	e = event_history_at(again, 3);
	CHECK(e && e->kind == EVENT_WATERMARK && !e->wmark_high && e->time == 1011);
	CHECK(!event_history_at(again, 4));
}

/* The state was lost or the machine restarted: earlier events are unknown. */
TEST(what_does_not_go_together)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	size_t i;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 100, &history), 0);
	add(history, 100, 0);
	CHECK_INT(event_history_open(f.path, 1, &again), 0);
	CHECK_UINT(event_history_begin(again), 1);
	CHECK(!event_history_find(again, 0, &i));
}

/* Numbers increase and are below the next one: a line that does not fit is no event. */
TEST(lines_that_do_not_fit)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	static const char text[] = "from 4\n"
				   "3 0 1 0 1 2 3 0 web\n"
				   "5 0 1 0 1 2 3 0 web\n"
				   "5 0 1 0 1 2 3 0 web\n"
				   "4 0 1 0 1 2 3 0 web\n"
				   "6 9 1 4 0 0 0 0 \n"
				   "8 0 1 0 1 2 3 0 web\n"
				   "10 0 1 0 1 2 3 0 web\n"
				   "90 100 1 4 0 0 0 0 \n"
				   "11 10 1 4 0 0 0 0 \n"
				   "12 0 1 0 1 2 3 0 \xff\n"
				   "13 0 1 0 1 2 3 0 \n"
				   "14 20 1 4 0 0 0 0 web\n"
				   "100 0 1 0 1 2 3 0 web\n";
	char file[128];
	int fd;
	DIRECTORY;

	snprintf(file, sizeof(file), "%s/events", f.path);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
	CHECK_INT(event_history_open(f.path, 100, &history), 0);
	CHECK_UINT(event_history_begin(history), 4);
	CHECK_UINT(event_history_at(history, 0)->sequence, 5);
	CHECK_UINT(event_history_at(history, 1)->sequence, 6);
	CHECK_UINT(event_history_at(history, 2)->sequence, 10);
	CHECK(!event_history_at(history, 3));
}

/* A file that would have a gap is discarded: its events are reported as lost. */
TEST(a_file_that_takes_no_more)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	struct rlimit unbounded, bounded;
	size_t i;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 1, &history), 0);
	add(history, 1, 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &unbounded) == 0);
	bounded = (struct rlimit){ .rlim_cur = 1, .rlim_max = unbounded.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	log_open(LOG_ERR); /* it is logged, and expected here */
	CHECK(setrlimit(RLIMIT_FSIZE, &bounded) == 0);
	add(history, 2, 0);
	CHECK(setrlimit(RLIMIT_FSIZE, &unbounded) == 0);
	add(history, 3, 0);
	CHECK_INT(lines(&f), -1);
	/* Memory has all events. */
	CHECK_UINT(event_history_find(history, 1, &i)->sequence, 2);
	CHECK_UINT(event_history_find(history, 2, &i)->sequence, 3);
	CHECK_INT(event_history_open(f.path, 4, &again), 0);
	CHECK_UINT(event_history_begin(again), 4);
	CHECK(!event_history_at(again, 0));
}

/* The same if it cannot be written from the start. */
TEST(a_file_that_takes_nothing)
{
	cleanup_(event_history_free_ptr) struct event_history *before = NULL, *history = NULL,
							      *again = NULL;
	struct rlimit unbounded, bounded;
	DIRECTORY;

	CHECK_INT(event_history_open(f.path, 1, &before), 0);
	add(before, 1, 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &unbounded) == 0);
	bounded = (struct rlimit){ .rlim_cur = 1, .rlim_max = unbounded.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &bounded) == 0);
	CHECK(event_history_open(f.path, 2, &history) < 0);
	CHECK(setrlimit(RLIMIT_FSIZE, &unbounded) == 0);
	CHECK(history && event_history_at(history, 0)->sequence == 1);
	add(history, 2, 0);
	CHECK_INT(event_history_open(f.path, 3, &again), 0);
	/* Not from 1 on, because the second event was never stored. */
	CHECK_UINT(event_history_begin(again), 3);
}

TEST(no_directory)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	size_t i;

	CHECK_INT(event_history_open("/nonexistent/directory", 1, &history), -ENOENT);
	add(history, 1, 0);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 1);
}

TEST_MAIN({ "events are found by number", found_by_number },
	  { "the oldest events are dropped, in memory and in the file", bounded },
	  { "long names", long_names }, { "a crash loses no event", there_after_a_crash },
	  { "a file with other numbers is ignored", what_does_not_go_together },
	  { "malformed lines are ignored", lines_that_do_not_fit },
	  { "a file that cannot be written is abandoned", a_file_that_takes_no_more },
	  { "a file that was never written is not a history", a_file_that_takes_nothing },
	  { "without a directory the history is in memory", no_directory })
