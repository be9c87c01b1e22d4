/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pager: see pager.h. */
#include "view/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "shared/cleanup.h"

struct pager {
	pid_t pid;
	int stdout_before; /* to be restored */
};

/* In the child. Returns only if no pager could be started. */
static void run_pager(const char *command)
{
	/* F: quit if the text fits; R: pass colours on; S, X, M, K: as in systemctl. */
	setenv("LESS", "FRSXMK", 1);
	/* rssctl often runs as root, so less must start no shell and no editor, and open no file. */
	setenv("LESSSECURE", "1", 1);
	if (command)
		execlp("sh", "sh", "-c", command, (char *)NULL);
	execlp("less", "less", (char *)NULL);
	execlp("more", "more", (char *)NULL);
}

struct pager *pager_open(void)
{
	cleanup_free struct pager *pager = NULL;
	cleanup_close int from = -1, to = -1, failed_from = -1, failed_to = -1, before = -1;
	const char *command = getenv("RSSCTL_PAGER") ?: getenv("PAGER");
	int fds[2];
	char failed;

	if (command && (!*command || !strcmp(command, "cat")))
		return NULL;
	pager = calloc(1, sizeof(*pager));
	if (!pager || pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	from = fds[0];
	to = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	failed_from = fds[0];
	failed_to = fds[1];
	before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (before < 0)
		return NULL;
	fflush(stdout);
	pager->pid = fork();
	if (pager->pid < 0)
		return NULL;
	if (pager->pid == 0) {
		dup2(from, STDIN_FILENO);
		run_pager(command);
		(void)!write(failed_to, "", 1);
		_exit(1);
	}
	/* exec closes the pipe. A byte in it says that there is no pager. */
	close(take_fd(&failed_to));
	if (read(failed_from, &failed, 1) > 0) {
		waitpid(pager->pid, NULL, 0);
		return NULL;
	}
	dup2(to, STDOUT_FILENO);
	/* A user who quits the pager early is no error. */
	signal(SIGPIPE, SIG_IGN);
	pager->stdout_before = take_fd(&before);
	return take_ptr(pager);
}

struct pager *pager_close(struct pager *pager)
{
	if (!pager)
		return NULL;
	fflush(stdout);
	/* The same for the output that was not written then. */
	clearerr(stdout);
	dup2(pager->stdout_before, STDOUT_FILENO);
	close(pager->stdout_before);
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(pager);
	return NULL;
}
