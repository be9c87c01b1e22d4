/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comments of jobs: see comment.h. */
#include "slurm/comment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "slurm/config.h"
#include "slurm/step.h"

extern char **environ;

/* Its messages are for a terminal: the status says enough. */
static int start(char *const arguments[], pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	for (int fd = 0; fd <= 2 && r == 0; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawnp(ret, arguments[0], &actions, NULL, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_for(pid_t pid, uint64_t timeout)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status, n = end.fd < 0 ? 0 : poll(&end, 1, (int)(timeout / 1000));

	if (end.fd >= 0)
		close(end.fd);
	if (n <= 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (n <= 0)
		return -ETIMEDOUT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EREMOTEIO;
}

int comment_write(const struct slurm_config *config, const struct step *step, const char *sentence)
{
	cleanup_free char *job = NULL, *comment = NULL;
	pid_t pid;
	int r;

	if (asprintf(&job, "JobId=%" PRIu32, step->job) < 0) {
		job = NULL;
		return -ENOMEM;
	}
	if (asprintf(&comment, "AdminComment=rssd: %s", sentence) < 0) {
		comment = NULL;
		return -ENOMEM;
	}
	r = start((char *[]){ (char *)"scontrol", (char *)"update", job, comment, NULL }, &pid);
	return r < 0 ? r : wait_for(pid, config->timeout);
}
