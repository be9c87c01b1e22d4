/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process connector, with processes of our own. */
#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <systemd/sd-event.h>

#include "host/process-events.h"
#include "unit.h"

struct world {
	sd_event *event;
	struct process_events *events;
	pid_t pid;
	int forked, execed, exited, changed, all;
	pid_t thread; /* a thread, for which no event must come */
	int by_thread;
};

static void world_end(struct world *w)
{
	process_events_free(w->events);
	sd_event_unref(w->event);
}

static void on_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct world *w = userdata;

	w->all++;
	w->by_thread += pid != 0 && pid == w->thread;
	if (pid != w->pid)
		return;
	w->forked += what == PROCESS_FORKED;
	w->execed += what == PROCESS_EXECED;
	w->exited += what == PROCESS_EXITED;
	w->changed += what == PROCESS_CHANGED;
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

/* The connector serves only the initial user and pid namespaces, which have fixed inode numbers. */
static bool in_initial_namespaces(void)
{
	struct stat user, pids;

	return stat("/proc/self/ns/user", &user) == 0 && stat("/proc/self/ns/pid", &pids) == 0 &&
	       user.st_ino == 0xEFFFFFFDU && pids.st_ino == 0xEFFFFFFCU;
}

TEST_HELPER(begin, struct world *w)
{
	int r;

	CHECK(sd_event_new(&w->event) >= 0);
	r = process_events_new(w->event, on_event, w, &w->events);
	if (r == -EPERM || r == -EPROTONOSUPPORT)
		SKIP("the process connector cannot be used: %s", strerror(-r));
	CHECK_INT(r, 0);
	if (geteuid() != 0 || !in_initial_namespaces())
		SKIP("the process connector serves only root in the initial namespaces");
}

#define WORLD(name) __attribute__((cleanup(world_end))) struct world name = { 0 }

static void drain(struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

/* Runs a child and waits for its exit event. */
TEST_HELPER(run_and_receive, struct world *w)
{
	w->forked = w->execed = w->exited = 0;
	run_child(w);
	for (int i = 0; i < 50 && !w->exited; i++)
		CHECK(sd_event_run(w->event, 100000) >= 0);
	CHECK_INT(w->forked, 1);
	CHECK_INT(w->exited, 1);
	CHECK(w->execed >= 1);
}

TEST(processes_have_events)
{
	WORLD(w);

	CALL(begin, &w);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CALL(run_and_receive, &w);
	CHECK_INT(process_events_listen(w.events, false), 0);
	drain(&w);
	w.all = 0;
	run_child(&w);
	CHECK_INT(sd_event_run(w.event, 100000), 0);
	CHECK_INT(w.all, 0);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CALL(run_and_receive, &w);
}

TEST(others_do_not_wake_an_unsubscribed_one)
{
	WORLD(w);
	WORLD(other);

	CALL(begin, &w);
	CALL(begin, &other);
	CHECK_INT(process_events_listen(other.events, true), 0);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CHECK_INT(process_events_listen(w.events, false), 0);
	drain(&w);
	CALL(run_and_receive, &other);
	CHECK_INT(sd_event_run(w.event, 0), 0);
}

/* Runs @change in a child, and receives its events up to its exit. */
TEST_HELPER(change_and_receive, struct world *w, void (*change)(void))
{
	w->changed = w->exited = 0;
	w->pid = fork();
	if (w->pid == 0) {
		change();
		_exit(0);
	}
	(void)waitpid(w->pid, NULL, 0);
	for (int i = 0; i < 50 && !w->exited; i++)
		CHECK(sd_event_run(w->event, 100000) >= 0);
	CHECK_INT(w->exited, 1);
}

static void change_name(void)
{
	(void)prctl(PR_SET_NAME, "renamed");
}

static void change_user(void)
{
	if (setuid(65534) < 0)
		_exit(1);
}

static void change_nothing(void)
{
}

/* Rules match both. */
TEST(a_new_name_and_a_new_user_have_events)
{
	WORLD(w);

	CALL(begin, &w);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CALL(change_and_receive, &w, change_nothing);
	CHECK_INT(w.changed, 0);
	CALL(change_and_receive, &w, change_name);
	CHECK_INT(w.changed, 1);
	CALL(change_and_receive, &w, change_user);
	CHECK_INT(w.changed, 1);
}

static void *store_id(void *userdata)
{
	*(pid_t *)userdata = gettid();
	return NULL;
}

TEST(threads_are_no_processes)
{
	WORLD(w);
	pthread_t thread;

	CALL(begin, &w);
	CHECK_INT(process_events_listen(w.events, true), 0);
	CHECK_INT(pthread_create(&thread, NULL, store_id, &w.thread), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK(w.thread > 0 && w.thread != getpid());
	/* A later event has come, so one of the thread would have come before. */
	CALL(run_and_receive, &w);
	CHECK_INT(w.by_thread, 0);
}

TEST_MAIN({ "processes have events", processes_have_events },
	  { "a new name and a new user have events", a_new_name_and_a_new_user_have_events },
	  { "without a subscription there are no events", others_do_not_wake_an_unsubscribed_one },
	  { "threads are not processes", threads_are_no_processes })
