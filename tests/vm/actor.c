// SPDX-License-Identifier: GPL-2.0
/*
 * A process that runs steps for a case.  The case itself stays outside all
 * containers, sends one step at a time, and reads the counters between two
 * steps.  A step is a function pointer, which is valid in the actor because
 * the actor was forked from the same image.
 *
 * A second task can share the actor's memory, and run its steps after the main
 * thread has left.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
	actor_fn fn;
	long arg[4];
};

/* In the actor: its ends of the pipes, and whether its main thread has left. */
static int loop_orders, loop_replies;
static volatile bool main_left;
static volatile long sharer_tid;

static void __attribute__((noreturn)) actor_loop(int orders, int replies)
{
	struct order o;
	long ret;

	loop_orders = orders;
	loop_replies = replies;
	while (read(orders, &o, sizeof(o)) == sizeof(o) && o.fn) {
		ret = o.fn(o.arg[0], o.arg[1], o.arg[2], o.arg[3]);
		if (write(replies, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

static long nothing(long a, long b, long c, long d)
{
	(void)a, (void)b, (void)c, (void)d;
	return 0;
}

static void *sharer_thread(void *unused)
{
	(void)unused;
	sharer_tid = gettid();
	while (!main_left)
		pause_ms(1);
	actor_loop(loop_orders, loop_replies);
}

static int sharer_child(void *unused)
{
	sharer_thread(unused);
	return 0;
}

/* Start a task that shares the memory.  Returns its tid, or pid. */
static long start_sharer(long as)
{
	const size_t size = 256 << 10;
	pthread_t thread;
	long pid;
	char *stack;

	sharer_tid = 0;
	if (as == SHARER_THREAD) {
		if (pthread_create(&thread, NULL, sharer_thread, NULL))
			return -EAGAIN;
		while (!sharer_tid)
			pause_ms(1);
		return sharer_tid;
	}
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	pid = clone(sharer_child, stack + size, CLONE_VM | SIGCHLD, NULL);
	return pid < 0 ? -errno : pid;
}

pid_t actor_share(struct actor *a, enum sharer as)
{
	long pid = actor_do(a, start_sharer, as);

	EXPECT(pid > 0, "cannot share the memory: %s", strerror(-pid));
	return pid;
}

static long leave(long how)
{
	static char *const args[] = { "/init", "wait", NULL };
	long ret = 0;

	if (write(loop_replies, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	main_left = true;
	if (how == LEAVE_THREAD)
		syscall(SYS_exit, 0);
	if (how == LEAVE_EXEC)
		execv(args[0], args);
	_exit(0);
}

static bool has_left(struct actor *a, enum leave how)
{
	char path[64], text[256];

	if (how == LEAVE_PROCESS)
		return waitpid(a->pid, NULL, WNOHANG) == a->pid;
	snprintf(path, sizeof(path), "/proc/%d/%s", a->pid,
		 how == LEAVE_EXEC ? "cmdline" : "stat");
	if (text_read(path, text, sizeof(text)) < 0)
		return false;
	if (how == LEAVE_EXEC)
		return !strcmp(text + strlen(text) + 1, "wait");
	return strstr(text, ") Z ");
}

void actor_leave(struct actor *a, enum leave how, pid_t sharer)
{
	/* or the sharer would become a child of PID 1 */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	actor_do(a, leave, how);
	EXPECT(UNTIL(30, has_left(a, how)), "the main thread of %d does not leave", a->pid);
	if (how == LEAVE_EXEC) {
		kill(a->pid, SIGKILL);
		waitpid(a->pid, NULL, 0);
	}
	if (how != LEAVE_THREAD)
		a->pid = sharer;
	actor_do(a, nothing);
}

struct actor *actor_new(const char *box)
{
	struct actor *a = calloc(1, sizeof(*a));
	int to[2], from[2], err;

	if (!a || pipe(to) || pipe(from))
		FAIL("no pipes: %s", strerror(errno));
	a->pid = fork();
	if (a->pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (!a->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		close(from[0]);
		err = box ? box_attach(box, 0) : 0;
		if (err)
			FAIL("attach to %s: %s", box, strerror(-err));
		actor_loop(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	a->to = to[1];
	a->from = from[0];
	/* The pages that every process needs are in place after two rounds. */
	actor_do(a, nothing);
	actor_do(a, nothing);
	return a;
}

void actor_send(struct actor *a, actor_fn fn, long x, long y, long z, long w)
{
	struct order o = { fn, { x, y, z, w } };

	if (write(a->to, &o, sizeof(o)) != sizeof(o))
		a->gone = true;
}

bool actor_reply(struct actor *a, long *ret, int seconds)
{
	struct pollfd p = { .fd = a->from, .events = POLLIN };

	if (a->gone)
		return false;
	if (poll(&p, 1, seconds * 1000) <= 0)
		FAIL("process %d did not answer in %d s", a->pid, seconds);
	if (read(a->from, ret, sizeof(*ret)) == sizeof(*ret))
		return true;
	a->gone = true;
	waitpid(a->pid, &a->status, 0);
	return false;
}

long actor_do_(struct actor *a, actor_fn fn, long x, long y, long z, long w)
{
	long ret;

	actor_send(a, fn, x, y, z, w);
	if (actor_reply(a, &ret, 60))
		return ret;
	FAIL("process %d died (status %#x)", a->pid, a->status);
}

bool actor_gone(struct actor *a, int seconds)
{
	int status;

	if (a->gone)
		return true;
	if (!UNTIL(seconds, waitpid(a->pid, &status, WNOHANG) == a->pid))
		return false;
	a->gone = true;
	a->status = status;
	return true;
}

void actor_end(struct actor *a)
{
	/* the pipe has other writers: actors that were forked since */
	if (!a->gone)
		actor_send(a, NULL, 0, 0, 0, 0);
	close(a->to);
	if (!a->gone && !actor_gone(a, 30))
		FAIL("process %d does not end", a->pid);
	close(a->from);
	free(a);
}
