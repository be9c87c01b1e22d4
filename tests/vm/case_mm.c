// SPDX-License-Identifier: GPL-2.0
/*
 * Which container an mm is charged to: that of its owner, which is the main
 * thread of a process, after that a remaining thread, and after the process a
 * process that shares the mm.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N	1024L
#define BYTES	(N * (long)PAGE)
/* Pages that a step touches besides: stacks, page tables are not charged. */
#define SLACK	16

/* Map and write N pages: how many of them are charged to each container? */
static void expect_charged_to(struct actor *a, const char *to, const char *not_to)
{
	long before = to ? box_pages(to) : 0, other = not_to ? box_pages(not_to) : 0;
	long at = actor_do(a, work_map, BYTES, ANON);

	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	EXPECT_EQ(actor_do(a, work_write, at, BYTES, 1), 0);
	if (to)
		EXPECT_NEAR(box_pages(to), before + N, SLACK);
	if (not_to)
		EXPECT_NEAR(box_pages(not_to), other, SLACK);
}

static void no_swap(void)
{
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
}

/* Write past the limit of the container: the process is killed. */
static void expect_limited(struct actor *a, const char *box)
{
	long limit = box_usage(box) + BYTES, at, ret;

	no_swap();
	EXPECT_EQ(box_put(box, BOX_LIMIT, limit), 0);
	at = actor_do(a, work_map, 4 * BYTES, ANON);
	actor_send(a, (actor_fn)work_write, at, 4 * BYTES, 1, 0);
	EXPECT(!actor_reply(a, &ret, 60), "the process passed the limit");
	EXPECT_EQ(box_event(box, "oom_kill"), 1);
	EXPECT(box_get(box, BOX_PEAK) <= limit + box_slack(1), "peak %ld, limit %ld",
	       box_get(box, BOX_PEAK), limit);
}

/* The main thread has exited before the process is attached. */
static void mm_dead_leader(void)
{
	struct actor *a;

	box_make("a");
	box_make("b");
	a = actor_new(NULL);
	actor_leave(a, LEAVE_THREAD, actor_share(a, SHARER_THREAD));
	EXPECT_EQ(box_attach("b", a->pid), 0);
	expect_charged_to(a, "b", "a");
	EXPECT_EQ(box_attach("a", a->pid), 0);
	expect_charged_to(a, "a", "b");
	EXPECT_EQ(box_attach(NULL, a->pid), 0);
	expect_charged_to(a, NULL, "a");
	EXPECT_EQ(box_attach("a", a->pid), 0);
	expect_limited(a, "a");
	actor_end(a);
}

/* The main thread exits in the container. */
static void mm_leader_exits(void)
{
	struct actor *a;

	box_make("a");
	a = actor_new("a");
	actor_leave(a, LEAVE_THREAD, actor_share(a, SHARER_THREAD));
	expect_charged_to(a, "a", NULL);
	expect_limited(a, "a");
	actor_end(a);
}

/* A thread of the process inherits the mm, not a child in another container. */
static void mm_leader_exits_with_child(void)
{
	struct actor *a;
	pid_t thread, child;

	box_make("a");
	box_make("b");
	a = actor_new("a");
	child = actor_share(a, SHARER_CHILD);
	EXPECT_EQ(box_attach("b", child), 0);
	thread = actor_share(a, SHARER_THREAD);
	/* the child must not take the steps of the thread */
	kill(child, SIGSTOP);
	actor_leave(a, LEAVE_THREAD, thread);
	expect_charged_to(a, "a", "b");
	kill(child, SIGKILL);
	kill(a->pid, SIGKILL);
	EXPECT(actor_gone(a, 30), "the process lives");
	actor_end(a);
}

/* In v1 each thread has a container.  The mm is charged to its owner's. */
static void mm_threads_v1(void)
{
	struct actor *a;
	pid_t tid;

	if (world.v2)
		skip("threads of a process are in one container in v2");
	box_make("a");
	box_make("b");
	a = actor_new("a");
	tid = actor_share(a, SHARER_THREAD);
	EXPECT_EQ(box_attach_thread("b", tid), 0);
	expect_charged_to(a, "a", "b");
	EXPECT_EQ(box_attach_thread("b", a->pid), 0);
	expect_charged_to(a, "b", "a");
	EXPECT_EQ(box_attach_thread("a", tid), 0);
	expect_charged_to(a, "b", "a");
	/* the thread inherits the mm, and takes it along */
	actor_leave(a, LEAVE_THREAD, tid);
	expect_charged_to(a, "a", "b");
	EXPECT_EQ(box_attach_thread("b", tid), 0);
	expect_charged_to(a, "b", "a");
	expect_limited(a, "b");
	actor_end(a);
}

/* A vfork() child that is attached does not take its parent's mm along... */
static void mm_child_attached(void)
{
	struct actor *a;
	pid_t child;

	box_make("a");
	a = actor_new(NULL);
	child = actor_share(a, SHARER_CHILD);
	EXPECT_EQ(box_attach("a", child), 0);
	expect_charged_to(a, NULL, "a");
	/* ...until the mm is the child's, by the exit of the parent */
	actor_leave(a, LEAVE_PROCESS, child);
	expect_charged_to(a, "a", NULL);
	expect_limited(a, "a");
	actor_end(a);
}

/* A child that leaves the container does not free its parent from the limit. */
static void mm_child_leaves(void)
{
	struct actor *a;
	pid_t child;

	box_make("a");
	box_make("b");
	a = actor_new("a");
	child = actor_share(a, SHARER_CHILD);
	EXPECT_EQ(box_attach("b", child), 0);
	expect_charged_to(a, "a", "b");
	EXPECT_EQ(box_attach(NULL, child), 0);
	expect_charged_to(a, "a", "b");
	expect_limited(a, "a");
	actor_end(a);
}

/* The parent executes another program: its old mm is the child's. */
static void mm_parent_execs(void)
{
	struct actor *a;
	pid_t child;

	box_make("a");
	box_make("b");
	a = actor_new("b");
	child = actor_share(a, SHARER_CHILD);
	EXPECT_EQ(box_attach("a", child), 0);
	expect_charged_to(a, "b", "a");
	actor_leave(a, LEAVE_EXEC, child);
	expect_charged_to(a, "a", "b");
	expect_limited(a, "a");
	actor_end(a);
}

static long exec_in_child(void)
{
	static char *const args[] = { "/init", "wait", NULL };
	pid_t pid = vfork();

	if (!pid) {
		if (box_attach("a", getpid()))
			_exit(1);
		execv(args[0], args);
		_exit(1);
	}
	return pid;
}

/* A vfork() child attaches itself and executes a program, as posix_spawn() does. */
static void mm_child_execs(void)
{
	struct actor *a;
	long child, usage;

	box_make("a");
	a = actor_new(NULL);
	child = actor_do(a, exec_in_child);
	EXPECT(child > 0, "vfork: %s", strerror(-child));
	EXPECT(UNTIL(20, (usage = box_pages("a")) > 0), "the new program is not charged");
	expect_charged_to(a, NULL, "a");
	actor_do(a, work_kill, child);
	EXPECT(UNTIL(10, !box_pages("a")), "%ld pages are left", box_pages("a"));
	actor_end(a);
}

/*
 * OOM in a container of a child that shares the mm of a process outside: the
 * process outside is not killed, even if the whole container is.
 */
static void mm_oom_spares_parent(void)
{
	struct actor *parent, *victim;
	pid_t child;
	long at;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 1), 0);
	parent = actor_new(NULL);
	at = actor_do(parent, work_map, 16 * BYTES, ANON);
	actor_do(parent, work_write, at, 16 * BYTES, 2);
	child = actor_share(parent, SHARER_CHILD);
	EXPECT_EQ(box_attach("a", child), 0);
	victim = actor_new("a");
	expect_limited(victim, "a");
	EXPECT_EQ(actor_do(parent, work_kill, child), child);
	EXPECT_EQ(actor_do(parent, work_check, at, 16 * BYTES, 2), 0);
	actor_end(victim);
	actor_end(parent);
}

const struct vm_case mm_cases[] = {
	{ "mm_dead_leader", mm_dead_leader },
	{ "mm_leader_exits", mm_leader_exits },
	{ "mm_leader_exits_with_child", mm_leader_exits_with_child },
	{ "mm_threads_v1", mm_threads_v1 },
	{ "mm_child_attached", mm_child_attached },
	{ "mm_child_leaves", mm_child_leaves },
	{ "mm_parent_execs", mm_parent_execs },
	{ "mm_child_execs", mm_child_execs },
	{ "mm_oom_spares_parent", mm_oom_spares_parent },
	{ }
};
