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
#include "shared/clock.h"

static int open_pipe(int *ret_from, int *ret_to)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ret_from = fds[0];
	*ret_to = fds[1];
	return 0;
}

/* A session of its own, with the terminal @pty or none. */
static int leave_session(const struct pty *pty)
{
	if (pty->master >= 0)
		return pty_take(pty);
	return setsid() < 0 ? -errno : 0;
}

/* In the child: waits for its release and executes the command; ends if the parent has ended. */
__attribute__((noreturn)) static void exec_when_released(const struct command *command,
							 const struct pty *pty,
							 const sigset_t *mask, int go, int failed)
{
	struct command_failure failure;
	char byte;
	int r;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	r = pty->master >= 0 || command->is_other ? leave_session(pty) : 0;
	sigprocmask(SIG_SETMASK, mask, NULL);
	failure = r < 0 ? (struct command_failure){ COMMAND_TERMINAL, -r }
			: command_execute(command);
	(void)!write(failed, &failure, sizeof(failure));
	_exit(127);
}

int child_start(struct child *child, const struct command *command, const struct pty *pty,
		const sigset_t *mask)
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
		exec_when_released(command, pty, mask, go_from, failed_to);
	}
	child->go = take_fd(&go_to);
	child->failed = take_fd(&failed_from);
	child->has_session = pty->master >= 0 || command->is_other;
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? -errno : 0;
}

struct command_failure child_release(struct child *child)
{
	struct command_failure failure;

	assert(child->pid > 0 && child->go >= 0);
	child->end.begin = clock_usec(CLOCK_MONOTONIC);
	if (write(child->go, "", 1) != 1)
		return (struct command_failure){ COMMAND_EXECUTE, errno };
	if (read(child->failed, &failure, sizeof(failure)) == sizeof(failure))
		return failure;
	close(take_fd(&child->go));
	return (struct command_failure){ 0 };
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
	/* The kernel does not stop the leader of a session for SIGTSTP. */
	if (child->has_session && signal == SIGTSTP)
		signal = SIGSTOP;
	(void)syscall(SYS_pidfd_send_signal, child->pidfd, signal, NULL, 0);
}

int child_wait(struct child *child)
{
	int status;

	assert(child->pid > 0);
	while (wait4(child->pid, &status, 0, &child->end.usage) < 0)
		if (errno != EINTR)
			return -errno;
	child->pid = 0;
	child->end.at = clock_usec(CLOCK_MONOTONIC);
	child->end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	child->end.status = WEXITSTATUS(status);
	return child->end.signal ? 128 + child->end.signal : child->end.status;
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
