/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of events: found by number, bounded, and there again after a crash. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "container.h"
#include "event-history.h"
#include "unit.h"

struct folder {
	char path[64];
};

static void folder_done(struct folder *folder)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/events", folder->path);
	(void)unlink(file);
	(void)rmdir(folder->path);
}

#define FOLDER(name)                                                               \
	cleanup_(folder_done) struct folder name = { "/tmp/test-history.XXXXXX" }; \
	CHECK(mkdtemp(name.path))

static void add(struct event_history *history, uint64_t sequence, uint64_t last)
{
	struct container web = { .name = (char *)"web/a" };
	struct event event = {
		.kind = last ? EVENT_LOST : EVENT_LIMIT_HIT,
		.sequence = sequence,
		.last = last,
		.container = last ? NULL : &web,
		.usage = 1,
		.limit = UINT64_MAX,
		.amount = sequence * 2,
	};

	event_history_add(history, &event, 1000 + sequence);
}

TEST(found_by_number)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	const struct past_event *e;
	size_t i;
	FOLDER(folder);

	CHECK_INT(event_history_open(folder.path, 10, &history), 0);
	CHECK_UINT(event_history_begin(history), 10);
	CHECK(!event_history_find(history, 0, &i));
	add(history, 10, 0);
	add(history, 11, 15);
	add(history, 16, 0);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 10);
	CHECK_UINT(event_history_find(history, 10, &i)->sequence, 11);
	CHECK_UINT(i, 1);
	/* In the middle of lost ones: the rest is still to be told. */
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
	FOLDER(folder);

	CHECK_INT(event_history_open(folder.path, 1, &history), 0);
	for (uint64_t n = 1; n <= 3 * EVENT_HISTORY_MAX; n++)
		add(history, n, 0);
	CHECK_UINT(event_history_begin(history), 2 * EVENT_HISTORY_MAX + 1);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 2 * EVENT_HISTORY_MAX + 1);
	/* The same is in the file, which has not grown without bound. */
	CHECK_INT(event_history_open(folder.path, 3 * EVENT_HISTORY_MAX + 100, &again), 0);
	CHECK_UINT(event_history_begin(again), 2 * EVENT_HISTORY_MAX + 1);
	for (i = 0; event_history_at(again, i); i++)
		kept++;
	CHECK_UINT(kept, EVENT_HISTORY_MAX);
}

TEST(there_after_a_crash)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	const struct past_event *e;
	char file[128];
	size_t i;
	int fd;
	FOLDER(folder);

	CHECK_INT(event_history_open(folder.path, 5, &history), 0);
	add(history, 5, 0);
	add(history, 6, 9);
	/* Nothing is closed; and a line is cut short. */
	snprintf(file, sizeof(file), "%s/events", folder.path);
	fd = open(file, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && write(fd, "10 0 77", 7) == 7 && close(fd) == 0);
	CHECK_INT(event_history_open(folder.path, 4096, &again), 0);
	CHECK_UINT(event_history_begin(again), 5);
	e = event_history_find(again, 4, &i);
	CHECK(e && e->kind == EVENT_LIMIT_HIT && e->limit == UINT64_MAX);
	CHECK_STR(e->container, "web/a");
	e = event_history_at(again, 1);
	CHECK(e && e->kind == EVENT_LOST && e->last == 9);
	CHECK_STR(e->container, "");
	CHECK(!event_history_at(again, 2));
}

/* The state was lost or the machine restarted: nothing is known of what was before. */
TEST(what_does_not_go_together)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	size_t i;
	FOLDER(folder);

	CHECK_INT(event_history_open(folder.path, 100, &history), 0);
	add(history, 100, 0);
	CHECK_INT(event_history_open(folder.path, 1, &again), 0);
	CHECK_UINT(event_history_begin(again), 1);
	CHECK(!event_history_find(again, 0, &i));
}

TEST(no_folder)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	size_t i;

	CHECK_INT(event_history_open("/nonexistent/folder", 1, &history), -ENOENT);
	add(history, 1, 0);
	CHECK_UINT(event_history_find(history, 0, &i)->sequence, 1);
}

TEST_MAIN({ "events are found by number", found_by_number },
	  { "the oldest make room, in memory and in the file", bounded },
	  { "a crash forgets none", there_after_a_crash },
	  { "a file from another count is not believed", what_does_not_go_together },
	  { "without a folder memory must do", no_folder })
