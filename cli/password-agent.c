/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent of polkit on the terminal: see password-agent.h. */
#include "password-agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cleanup.h"

/* Registering with polkit takes some milliseconds; without polkit it would take for ever. */
#define READY_MSEC 5000

/* In the child. It is not to outlive rssctl, even if that is killed. */
__attribute__((noreturn)) static void exec_agent(int notify, pid_t parent)
{
	char fd[16];

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	/* It asks on the terminal itself: the output of rssctl may be a file or a pipe. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || fcntl(notify, F_SETFD, 0) < 0)
		_exit(127);
	snprintf(fd, sizeof(fd), "%d", notify);
	execlp("pkttyagent", "pkttyagent", "--notify-fd", fd, "--fallback", (char *)NULL);
	_exit(127);
}

/* It closes the pipe when polkit knows it, and so does its end. */
static void wait_until_ready(int from)
{
	struct pollfd fd = { .fd = from, .events = POLLIN };

	while (poll(&fd, 1, READY_MSEC) < 0 && errno == EINTR)
		;
}

pid_t password_agent_start(void)
{
	cleanup_close int from = -1, to = -1;
	pid_t agent, parent = getpid();
	int fds[2];

	if (geteuid() == 0 || !isatty(STDIN_FILENO) || pipe2(fds, O_CLOEXEC) < 0)
		return 0;
	from = fds[0];
	to = fds[1];
	fflush(NULL);
	agent = fork();
	if (agent < 0)
		return 0;
	if (agent == 0)
		exec_agent(to, parent);
	close(take_fd(&to));
	wait_until_ready(from);
	return agent;
}

pid_t password_agent_stop(pid_t agent)
{
	if (agent <= 0)
		return 0;
	/* One that stopped because it is in the background of the terminal ends as well. */
	(void)kill(agent, SIGTERM);
	(void)kill(agent, SIGCONT);
	while (waitpid(agent, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}
