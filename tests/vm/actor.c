// SPDX-License-Identifier: GPL-2.0
/*
 * A process that does what it is told: the case stays outside, says one step
 * at a time, and reads the counters between two steps.  A step is a function
 * pointer, good in the child because it was forked from the same image.
 */
#include "vm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
	actor_fn fn;
	long arg[4];
};

static void __attribute__((noreturn)) actor_loop(int orders, int replies)
{
	struct order o;
	long ret;

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
