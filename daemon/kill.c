/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals to a container's processes: see kill.h. */
#include "kill.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "container.h"
#include "failure.h"
#include "process.h"

/* A container that forks faster than it is killed is left to the next call. */
#define KILL_PASSES_MAX 32

/* Sends it once to all that are inside: how many, or a negative errno. */
static int kill_pass(struct container *c, int signal)
{
	cleanup_free pid_t *pids = NULL;
	size_t count;
	int sent = 0, r = group_list_processes(c->group, &pids, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		cleanup_close int pidfd = process_open(pids[i]);
		cleanup_free char *path = NULL;
		struct process p;

		if (pidfd < 0)
			continue;
		/* With the pidfd in hand the pid is pinned: it is asked once more where it is. */
		if (controller_path_of_process(c->group->controller, pids[i], &path) < 0 ||
		    strcmp(path, c->group->path) != 0)
			continue;
		/* A zombie has no memory left to free and takes no signal. */
		if (process_read(pids[i], &p) < 0 || p.state == 'Z')
			continue;
		if (process_signal(pidfd, signal) == 0)
			sent++;
	}
	return sent;
}

int kill_container(struct container *c, int signal, uint32_t *ret_count, struct failure *failure)
{
	uint32_t total = 0;

	if (signal < 1 || signal > SIGRTMAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "%d is no signal", signal);
	for (unsigned int pass = 0; pass < KILL_PASSES_MAX; pass++) {
		int sent = kill_pass(c, signal);

		if (sent < 0)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
				    "The processes of %s cannot be listed: %s", c->name,
				    strerror(-sent));
		/* Processes that were killed in an earlier pass may be seen dying in this one. */
		if (pass == 0 || (uint32_t)sent > total)
			total = (uint32_t)sent;
		if (sent == 0 || signal != SIGKILL)
			break;
	}
	*ret_count = total;
	return 0;
}
