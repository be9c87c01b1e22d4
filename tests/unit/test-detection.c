/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of the kernel: each has a number, and lost ones are reported as a range. */
#include <ftw.h>
#include <systemd/sd-event.h>

#include "container/container.h"
#include "store/event-history.h"
#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "monitor/detection-state.h"
#include "monitor/detection.h"
#include "shared/clock.h"
#include "store/sequence.h"
#include "store/state.h"
#include "unit.h"
#include "base/job.h"

/* The counters of the one group that this kernel has. */
static struct counters kernel;

static int read_counters(struct group *group, struct counters *ret)
{
	*ret = kernel;
	return 0;
}

static int watch(struct group *group, sd_event *event)
{
	return 0;
}

static const struct controller_ops ops = {
	.name = "fake",
	.lists_file = "lists",
	.lists_prefix = "",
	.read_counters = read_counters,
	.watch = watch,
};

#define HEARD_MAX 8

struct world {
	char directory[64];
	struct controller controller;
	struct group group;
	struct container container, *list[1];
	struct manager manager;
	struct event heard[HEARD_MAX];
	size_t n_heard;
};

static void on_event(const struct event *event, void *userdata)
{
	struct world *w = userdata;

	if (w->n_heard < HEARD_MAX)
		w->heard[w->n_heard] = *event;
	w->n_heard++;
}

static const struct manager_listener listener = { .event = on_event };

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void world_end(struct world *w)
{
	detection_close(&w->manager);
	event_history_free(w->manager.events);
	free(w->manager.listeners);
	if (w->container.detection)
		w->container.detection_free(w->container.detection);
	free(w->container.usage_history);
	for (int tries = 0; w->manager.jobs && jobs_are_pending(w->manager.jobs) && tries < 100;
	     tries++)
		(void)sd_event_run(w->manager.event, 100000);
	sequence_free(w->manager.sequence);
	state_free(w->manager.state);
	jobs_free(w->manager.jobs);
	sd_event_unref(w->manager.event);
	if (*w->directory)
		(void)nftw(w->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#define WORLD __attribute__((cleanup(world_end))) struct world w = { 0 }

/* A container whose group is watched; the first event will have the number 10. */
TEST_HELPER(begin, struct world *w)
{
	kernel = (struct counters){ .usage = 1000 };
	strcpy(w->directory, "/tmp/rssd-unit.XXXXXX");
	CHECK(mkdtemp(w->directory));
	w->controller =
		(struct controller){ .ops = &ops, .reports_facts = true, .hierarchy = (char *)"" };
	w->group = (struct group){ .controller = &w->controller, .fd = -1, .procs_fd = -1 };
	w->container = (struct container){
		.manager = &w->manager,
		.name = (char *)"web",
		.settings = settings_default(),
		.group = &w->group,
	};
	w->list[0] = &w->container;
	w->manager.controller = &w->controller;
	w->manager.containers = w->list;
	w->manager.count = 1;
	CHECK(sd_event_new(&w->manager.event) >= 0);
	CHECK_INT(jobs_new(w->manager.event, &w->manager.jobs), 0);
	CHECK_INT(state_open(w->directory, w->directory, &w->manager.state, NULL), 0);
	CHECK_INT(state_write_sequence(w->manager.state, 10), 0);
	CHECK_INT(sequence_open(w->manager.state, w->manager.jobs, w->directory,
				&w->manager.sequence, NULL),
		  0);
	CHECK_INT(manager_listen(&w->manager, &listener, w), 0);
	CHECK_INT(detection_open(&w->manager), 0);
	CHECK_INT(event_history_open(w->directory, 10, &w->manager.events), 0);
	CHECK_INT(detection_watch(&w->container), 0);
}

/* The kernel sends @event, and the loop runs until it is idle. */
static void tell(struct world *w, struct group_event event)
{
	w->group.event(&w->group, &event, w->group.userdata);
	while (sd_event_run(w->manager.event, 0) > 0)
		;
}

TEST(each_event_has_a_number)
{
	WORLD;
	static const enum event_kind kinds[] = { EVENT_LIMIT_HIT, EVENT_RECLAIMED, EVENT_WATERMARK,
						 EVENT_WATERMARK };
	size_t at;

	CALL(begin, &w);
	tell(&w, (struct group_event){ GROUP_LIMIT, .count = 3, .usage = 900, .limit = 1000 });
	kernel.reclaimed = 4096;
	tell(&w, (struct group_event){ GROUP_RECLAIMED, .usage = 800, .limit = 1000 });
	tell(&w, (struct group_event){ GROUP_WMARK_HIGH, .usage = 700, .limit = 1000 });
	tell(&w, (struct group_event){ GROUP_WMARK_LOW, .usage = 600, .limit = 1000 });
	CHECK_UINT(w.n_heard, 4);
	CHECK_UINT(w.heard[0].amount, 3);
	CHECK_UINT(w.heard[1].amount, 4096);
	CHECK_STR(w.heard[2].which, "wmark_high");
	CHECK_STR(w.heard[3].which, "wmark_low");
	for (size_t i = 0; i < w.n_heard; i++) {
		const struct past_event *past = event_history_find(w.manager.events, 9 + i, &at);

		CHECK_INT(w.heard[i].kind, kinds[i]);
		CHECK_UINT(w.heard[i].sequence, 10 + i);
		CHECK_UINT(w.heard[i].usage, 900 - 100 * i);
		CHECK_UINT(w.heard[i].limit, 1000);
		/* The history has the same event. */
		CHECK(past && past->sequence == 10 + i && past->kind == kinds[i]);
		CHECK_UINT(past->amount, w.heard[i].amount);
		CHECK(past->wmark_high == (i == 2));
	}
	CHECK_UINT(sequence_next(w.manager.sequence), 14);
}

/* A controller without event data: the events come from the counters. */
TEST(events_from_counters_have_numbers)
{
	WORLD;

	CALL(begin, &w);
	kernel.reclaimed = 4096;
	kernel.failures = 5;
	tell(&w, (struct group_event){ GROUP_CHANGED });
	CHECK_UINT(w.n_heard, 2);
	CHECK_INT(w.heard[0].kind, EVENT_RECLAIMED);
	CHECK_UINT(w.heard[0].sequence, 10);
	CHECK_INT(w.heard[1].kind, EVENT_LIMIT_HIT);
	CHECK_UINT(w.heard[1].sequence, 11);
	CHECK_UINT(w.heard[1].amount, 5);
	/* Nothing is new. */
	tell(&w, (struct group_event){ GROUP_CHANGED });
	CHECK_UINT(w.n_heard, 2);
}

/* Runs the loop until @events were received, or for 5 seconds. */
static void await(struct world *w, size_t events)
{
	for (int tries = 0; w->n_heard < events && tries < 50; tries++)
		(void)sd_event_run(w->manager.event, 100000);
}

/* Runs the loop for @usec. */
static void run_for(struct world *w, uint64_t usec)
{
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + usec, now;

	while ((now = clock_usec(CLOCK_MONOTONIC)) < end)
		(void)sd_event_run(w->manager.event, end - now);
}

/* The time that the log has to report a kill begins when it is counted, also in a storm. */
TEST(a_kill_is_not_reported_before_its_log)
{
	WORLD;
	struct kmsg *log = (struct kmsg *)&w; /* it is never read */

	CALL(begin, &w);
	w.controller.reports_facts = false;
	w.manager.kmsg = log;
	kernel.oom_kills = 1;
	tell(&w, (struct group_event){ GROUP_CHANGED });
	w.container.detection->kills_reported++; /* by the log */
	run_for(&w, 800 * 1000);
	kernel.oom_kills = 2;
	tell(&w, (struct group_event){ GROUP_CHANGED });
	run_for(&w, 500 * 1000);
	CHECK_UINT(w.n_heard, 0);
	await(&w, 1);
	w.manager.kmsg = NULL;
	CHECK_UINT(w.n_heard, 1);
	CHECK_INT(w.heard[0].kind, EVENT_OOM);
	CHECK_UINT(w.container.detection->kills_reported, 2);
}

/* LimitHit events are rate limited, and each has the count of all hits. */
TEST(a_flood_is_summed_up)
{
	WORLD;

	CALL(begin, &w);
	for (uint64_t i = 1; i <= 1000; i++) {
		struct group_event fact = { GROUP_LIMIT, .count = i, .usage = i, .limit = 1000 };

		w.group.event(&w.group, &fact, w.group.userdata);
	}
	await(&w, 1);
	/* The deadline of the next event is set here, so that the machine's speed does not matter. */
	CHECK(w.container.detection->limit_hit.next);
	w.container.detection->limit_hit.next = UINT64_MAX;
	tell(&w, (struct group_event){ GROUP_LIMIT, .count = 1001, .usage = 1, .limit = 1000 });
	tell(&w, (struct group_event){ GROUP_LIMIT, .count = 1002, .usage = 2, .limit = 1000 });
	CHECK_UINT(w.n_heard, 1);
	CHECK_UINT(w.heard[0].amount, 1000);
	CHECK_UINT(w.heard[0].usage, 1000);
	w.container.detection->limit_hit.next = 0;
	await(&w, 2);
	CHECK_UINT(w.n_heard, 2);
	CHECK_UINT(w.heard[1].sequence, 11);
	CHECK_UINT(w.heard[1].amount, 1002);
	CHECK_UINT(w.heard[1].usage, 2);
}

/* The same with events from counters: deferred ones are sent later. */
TEST(a_flood_of_counters_is_summed_up)
{
	WORLD;

	CALL(begin, &w);
	for (uint64_t i = 1; i <= 10; i++) {
		kernel.failures = i;
		kernel.reclaimed = i * 4096;
		tell(&w, (struct group_event){ GROUP_CHANGED });
		CHECK(w.container.detection->events_next);
		w.container.detection->events_next = UINT64_MAX;
	}
	CHECK_UINT(w.n_heard, 2);
	CHECK_UINT(w.heard[0].amount, 4096);
	CHECK_UINT(w.heard[1].amount, 1);
	w.container.detection->events_next = 0;
	await(&w, 4);
	CHECK_UINT(w.n_heard, 4);
	CHECK_INT(w.heard[2].kind, EVENT_RECLAIMED);
	CHECK_UINT(w.heard[2].amount, 9 * 4096);
	CHECK_INT(w.heard[3].kind, EVENT_LIMIT_HIT);
	CHECK_UINT(w.heard[3].amount, 10);
	CHECK_UINT(w.heard[3].sequence, 13);
}

/* Five events are lost: their range is reported, and the counters give the sums. */
TEST(lost_events_are_a_range)
{
	WORLD;

	CALL(begin, &w);
	log_open(LOG_ERR); /* the loss is logged, and expected here */
	tell(&w, (struct group_event){ GROUP_WMARK_HIGH, .usage = 700, .limit = 1000 });
	kernel.reclaimed = 8192;
	kernel.failures = 2;
	tell(&w, (struct group_event){ GROUP_LOST, .lost = 5 });
	CHECK_UINT(w.n_heard, 4);
	CHECK_INT(w.heard[1].kind, EVENT_LOST);
	CHECK(!w.heard[1].container);
	CHECK_UINT(w.heard[1].sequence, 11);
	CHECK_UINT(w.heard[1].last, 15);
	CHECK_INT(w.heard[2].kind, EVENT_RECLAIMED);
	CHECK_UINT(w.heard[2].sequence, 16);
	CHECK_UINT(w.heard[2].amount, 8192);
	CHECK_INT(w.heard[3].kind, EVENT_LIMIT_HIT);
	CHECK_UINT(w.heard[3].sequence, 17);
	CHECK_UINT(w.heard[3].amount, 2);
	/* A single loss has a number as well; a huge loss takes at most 256 numbers. */
	CHECK_UINT(w.manager.events_lost, 5);
	tell(&w, (struct group_event){ GROUP_LOST, .lost = 1 });
	CHECK_UINT(w.manager.events_lost, 6);
	CHECK_UINT(w.heard[4].sequence, 18);
	CHECK_UINT(w.heard[4].last, 18);
	tell(&w, (struct group_event){ GROUP_LOST, .lost = UINT64_MAX });
	CHECK_UINT(w.heard[5].sequence, 19);
	CHECK_UINT(w.heard[5].last, 19 + 255);
}

/* After a crash, numbers start at the saved one: no number above it was used. */
TEST(numbers_are_reserved_before_they_are_used)
{
	WORLD;
	struct event event = { .kind = EVENT_WATERMARK,
			       .container = &w.container,
			       .which = "wmark_low" };
	uint64_t written;

	CALL(begin, &w);
	for (uint64_t i = 10; i < 20000; i++) {
		manager_emit(&w.manager, &event);
		CHECK_UINT(event.sequence, i);
		for (int tries = 0; jobs_are_pending(w.manager.jobs) && tries < 100; tries++)
			(void)sd_event_run(w.manager.event, 100000);
		CHECK(!jobs_are_pending(w.manager.jobs));
		if (i % 100)
			continue;
		CHECK_INT(state_read_sequence(w.manager.state, &written), 0);
		if (written <= i)
			FAIL("%" PRIu64 " is used, and %" PRIu64 " is reserved", i, written);
	}
}

TEST_MAIN({ "detection: each event has a number", each_event_has_a_number },
	  { "detection: events from counters have numbers", events_from_counters_have_numbers },
	  { "detection: a kill is not reported before its log",
	    a_kill_is_not_reported_before_its_log },
	  { "detection: a flood is summed up", a_flood_is_summed_up },
	  { "detection: a flood of counters is summed up", a_flood_of_counters_is_summed_up },
	  { "detection: lost events are a range", lost_events_are_a_range },
	  { "detection: numbers are reserved before they are used",
	    numbers_are_reserved_before_they_are_used })
