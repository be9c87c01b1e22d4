/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper of a container: see keeper.h. */
#include "slurm/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cleanup.h"

/* How long a new process may take to say its pid. */
#define START_MS 2000
/* How long it may take to end. */
#define END_MS 2000

/* The kernel does not choose the keeper in an OOM: it uses next to nothing. */
static void protect_from_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* It was raised before only if root is not permitted to lower it. */
	if (write(fd, "-1000", 5) < 0)
		errno = 0;
	close(fd);
}

/*
 * slurmstepd has threads, so only functions that are safe after a fork are called. All descriptors but
 * @fd are closed: they would keep the output of the step open.
 */
__attribute__((noreturn)) static void keep(int fd)
{
	pid_t self = getpid();
	char byte;

	(void)setsid();
	(void)prctl(PR_SET_NAME, "rssd-keeper");
	if (dup2(fd, 0) < 0 || syscall(SYS_close_range, 1U, ~0U, 0U) < 0 || chdir("/") < 0)
		_exit(1);
	signal(SIGTERM, SIG_DFL);
	protect_from_oom();
	if (send(0, &self, sizeof(self), MSG_NOSIGNAL) != sizeof(self))
		_exit(1);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

static int receive_pid(int fd, pid_t *ret)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	pid_t pid;

	if (poll(&poll_fd, 1, START_MS) <= 0 || recv(fd, &pid, sizeof(pid), 0) != sizeof(pid))
		return -ECHILD;
	*ret = pid;
	return 0;
}

int keeper_start(struct keeper *keeper)
{
	cleanup_close int ours = -1, theirs = -1;
	int fds[2], subreaper = 0;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ours = fds[0];
	theirs = fds[1];
	/*
	 * slurmstepd waits for its children and signals them: the keeper is the child of a child that
	 * ends, and slurmstepd does not get the children of its children meanwhile.
	 */
	(void)prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			keep(theirs);
		_exit(grandchild < 0);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	(void)prctl(PR_SET_CHILD_SUBREAPER, subreaper);
	if (child < 0)
		return -EAGAIN;
	close(take_fd(&theirs));
	if (receive_pid(ours, &keeper->pid) < 0)
		return -ECHILD;
	keeper->fd = take_fd(&ours);
	return 0;
}

/* It is in the cgroup of the freezer that slurmstepd was in when it forked. Slurm removes it after this. */
static void wait_for_end(pid_t pid)
{
	cleanup_close int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (fd >= 0)
		(void)poll(&poll_fd, 1, END_MS);
}

void keeper_end(struct keeper *keeper)
{
	if (keeper->fd >= 0) {
		close(keeper->fd);
		wait_for_end(keeper->pid);
	}
	*keeper = (struct keeper){ .fd = -1 };
}
