/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's editor: see editor.h. */
#include "editor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "view/status.h"

#define NO_EDITOR 127

/* In the child. A command of the environment may have arguments. */
__attribute__((noreturn)) static void exec_editor(const char *path)
{
	const char *command = getenv("EDITOR_COMMAND");

	signal(SIGINT, SIG_DFL);
	if (command && *command)
		execlp("sh", "sh", "-c", "eval \"$EDITOR_COMMAND\" '\"$1\"'", "sh", path,
		       (char *)NULL);
	execlp("editor", "editor", path, (char *)NULL);
	execlp("nano", "nano", path, (char *)NULL);
	execlp("vi", "vi", path, (char *)NULL);
	_exit(NO_EDITOR);
}

int editor_run(const char *path)
{
	sighandler_t interrupt;
	int status = 0;
	pid_t pid;

	setenv("EDITOR_COMMAND", getenv("VISUAL") ?: getenv("EDITOR") ?: "", 1);
	fflush(NULL);
	/* An interrupt is for the editor. */
	interrupt = signal(SIGINT, SIG_IGN);
	pid = fork();
	if (pid == 0)
		exec_editor(path);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, interrupt);
	if (pid < 0)
		return print_error(STATUS_FAILED, "Cannot start an editor: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_EDITOR)
		return print_error(STATUS_FAILED, "There is no editor; set EDITOR to one");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return print_error(STATUS_FAILED, "The editor failed; nothing was changed");
	return STATUS_DONE;
}
