/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals as events: see signals.h. */
#include "signals.h"

#include <errno.h>
#include <unistd.h>

static int open_set(const sigset_t *set, sigset_t *old)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, old) < 0)
		return -errno;
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int signals_open(const int signals[], size_t count, sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++)
		sigaddset(&set, signals[i]);
	return open_set(&set, old);
}

int signals_open_all(sigset_t *old)
{
	sigset_t set;

	sigfillset(&set);
	return open_set(&set, old);
}

void signals_stop(void)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int signals_next(int fd, struct signalfd_siginfo *ret)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (ret)
		*ret = info;
	return (int)info.ssi_signo;
}
