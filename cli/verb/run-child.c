/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a command in two steps: see run-child.h. */
#include "verb/run-child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cleanup.h"

static int open_pipe(int *ret_from, int *ret_to)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ret_from = fds[0];
	*ret_to = fds[1];
	return 0;
}

/* In the child: waits for its release and executes the command; ends if the parent has ended. */
__attribute__((noreturn)) static void exec_when_released(char *const command[],
							 const sigset_t *mask, int go, int failed)
{
	char byte;
	int error;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	error = errno;
	(void)!write(failed, &error, sizeof(error));
	_exit(127);
}

int child_start(struct child *child, char *const command[], const sigset_t *mask)
{
	cleanup_close int go_from = -1, go_to = -1, failed_from = -1, failed_to = -1;
	int r;

	r = open_pipe(&go_from, &go_to);
	if (r >= 0)
		r = open_pipe(&failed_from, &failed_to);
	if (r < 0)
		return r;
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		return -errno;
	}
	if (child->pid == 0) {
		/* Otherwise the pipe would stay open after the parent has died. */
		close(take_fd(&go_to));
		exec_when_released(command, mask, go_from, failed_to);
	}
	child->go = take_fd(&go_to);
	child->failed = take_fd(&failed_from);
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? -errno : 0;
}

int child_release(struct child *child)
{
	int error;

	assert(child->pid > 0 && child->go >= 0);
	if (write(child->go, "", 1) != 1)
		return -errno;
	if (read(child->failed, &error, sizeof(error)) == sizeof(error))
		return -error;
	close(take_fd(&child->go));
	return 0;
}

bool child_has_stopped(const struct child *child)
{
	siginfo_t info = { 0 };

	/* WEXITED is not set: child_wait() reads the exit status. */
	return waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG) == 0 &&
	       info.si_pid == child->pid;
}

void child_signal(const struct child *child, int signal)
{
	(void)syscall(SYS_pidfd_send_signal, child->pidfd, signal, NULL, 0);
}

int child_wait(struct child *child)
{
	int status;

	assert(child->pid > 0);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	child->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_done(struct child *child)
{
	if (child->go >= 0)
		close(take_fd(&child->go));
	if (child->pid > 0)
		(void)child_wait(child);
	if (child->failed >= 0)
		close(take_fd(&child->failed));
	if (child->pidfd >= 0)
		close(take_fd(&child->pidfd));
}
