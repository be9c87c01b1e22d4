// SPDX-License-Identifier: GPL-2.0-or-later
/* The process connector, with processes of our own. */
#include <errno.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "process-events.h"
#include "unit.h"

struct world {
	sd_event *event;
	struct process_events *events;
	pid_t pid;
	int forked, execed, exited, all;
};

static void world_end(struct world *w)
{
	process_events_free(w->events);
	sd_event_unref(w->event);
}

static void on_event(enum process_event what, pid_t pid, void *userdata)
{
	struct world *w = userdata;

	w->all++;
	if (pid != w->pid)
		return;
	w->forked += what == PROCESS_FORKED;
	w->execed += what == PROCESS_EXECED;
	w->exited += what == PROCESS_EXITED;
}

static void run_child(struct world *w)
{
	w->pid = fork();
	if (w->pid == 0) {
		execl("/bin/sh", "sh", "-c", ":", NULL);
		_exit(127);
	}
	(void)waitpid(w->pid, NULL, 0);
}

TEST(processes_are_told)
{
	__attribute__((cleanup(world_end))) struct world w = { 0 };
	int r;

	CHECK(sd_event_new(&w.event) >= 0);
	r = process_events_new(w.event, on_event, &w, &w.events);
	if (r == -EPERM || r == -EPROTONOSUPPORT)
		SKIP("the process connector cannot be used: %s", strerror(-r));
	CHECK_INT(r, 0);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CHECK_INT(process_events_listen(w.events, true), 0);
	run_child(&w);
	for (int i = 0; i < 50 && !w.exited; i++)
		CHECK(sd_event_run(w.event, 100000) >= 0);
	if (w.all == 0)
		SKIP("no event came: not in the initial namespaces");
	CHECK_INT(w.forked, 1);
	CHECK(w.execed >= 1);
	CHECK_INT(w.exited, 1);
	/* Silence, and not one wakeup, once it is off. */
	CHECK_INT(process_events_listen(w.events, false), 0);
	while (sd_event_run(w.event, 0) > 0)
		;
	w.all = 0;
	run_child(&w);
	CHECK_INT(sd_event_run(w.event, 100000), 0);
	CHECK_INT(w.all, 0);
	/* And again. */
	w.exited = 0;
	CHECK_INT(process_events_listen(w.events, true), 0);
	run_child(&w);
	for (int i = 0; i < 50 && !w.exited; i++)
		CHECK(sd_event_run(w.event, 100000) >= 0);
	CHECK_INT(w.exited, 1);
}

TEST_MAIN({ "processes are told", processes_are_told })
