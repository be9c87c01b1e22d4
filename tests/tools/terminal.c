/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command in a terminal of its own, and plays the user:
 *
 *   terminal COLUMNS ROWS STEP... -- COMMAND...
 *
 * The steps are taken one after the other:
 *   +TEXT          waits until TEXT was written since the step before
 *   =KEYS          presses keys
 *   @COLUMNS ROWS  changes the size of the terminal
 *   !COMMAND       runs a shell command outside of the terminal; it must succeed
 *   ^              hangs up: the terminal is gone
 * After the last step the command is waited for. All that was written goes to
 * standard output unchanged. The exit status is that of the command, or 99 if a
 * step, or the end of the command, did not come within 30 seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MSEC (30 * 1000)
#define TEXT_MAX      (4 * 1024 * 1024)

struct terminal {
	int fd; /* -1 after a hangup */
	pid_t child;
	char *text; /* all that was written */
	size_t length, seen;
};

static void set_size(const struct terminal *t, const char *columns, const char *rows)
{
	struct winsize size = {
		.ws_col = (unsigned short)atoi(columns),
		.ws_row = (unsigned short)atoi(rows),
	};

	(void)ioctl(t->fd, TIOCSWINSZ, &size);
}

/* The size is there before the command asks for it. */
static int start(struct terminal *t, char *const size[2], char *command[])
{
	int slave;

	t->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->fd < 0 || grantpt(t->fd) < 0 || unlockpt(t->fd) < 0)
		return -1;
	slave = open(ptsname(t->fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -1;
	set_size(t, size[0], size[1]);
	t->child = fork();
	if (t->child == 0) {
		setsid();
		(void)ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, STDIN_FILENO);
		dup2(slave, STDOUT_FILENO);
		dup2(slave, STDERR_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	close(slave);
	return t->child < 0 ? -1 : 0;
}

/* Reads more. Returns 0 at the end, or if nothing is written for too long. */
static int take(struct terminal *t)
{
	struct pollfd in = { .fd = t->fd, .events = POLLIN };
	ssize_t n;

	if (t->fd < 0 || t->length + 4096 > TEXT_MAX || poll(&in, 1, PATIENCE_MSEC) <= 0)
		return 0;
	n = read(t->fd, t->text + t->length, 4096);
	/* A terminal whose last process is gone gives EIO. */
	if (n <= 0)
		return 0;
	t->length += (size_t)n;
	t->text[t->length] = '\0';
	return 1;
}

static long long now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Waits no longer if the command writes other text all the time. */
static int wait_for(struct terminal *t, const char *text)
{
	long long end = now_msec() + PATIENCE_MSEC;
	const char *at;

	while (!(at = memmem(t->text + t->seen, t->length - t->seen, text, strlen(text)))) {
		if (now_msec() >= end || !take(t))
			return 0;
	}
	t->seen = (size_t)(at - t->text) + strlen(text);
	return 1;
}

static int do_step(struct terminal *t, char *step)
{
	char *rows;

	switch (step[0]) {
	case '+':
		return wait_for(t, step + 1);
	case '=':
		return write(t->fd, step + 1, strlen(step + 1)) > 0;
	case '@':
		rows = strchr(step, ' ');
		if (!rows)
			return 0;
		set_size(t, step + 1, rows + 1);
		return 1;
	case '!':
		return system(step + 1) == 0;
	case '^':
		close(t->fd);
		t->fd = -1;
		return 1;
	}
	return 0;
}

/* Reads until the command has closed the terminal, or the time is over. */
static void take_rest(struct terminal *t)
{
	long long end = now_msec() + PATIENCE_MSEC;

	while (now_msec() < end && take(t))
		;
}

/* Returns true if the command ends in time. */
static int has_ended(const struct terminal *t)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, t->child, 0), .events = POLLIN };

	return end.fd >= 0 && poll(&end, 1, PATIENCE_MSEC) > 0;
}

int main(int argc, char *argv[])
{
	struct terminal t = { .text = malloc(TEXT_MAX + 1) };
	int at = 3, steps = 3, status = 0, failed = 0;

	while (steps < argc && strcmp(argv[steps], "--") != 0)
		steps++;
	if (!t.text || steps + 1 >= argc || start(&t, argv + 1, argv + steps + 1) < 0) {
		fputs("terminal COLUMNS ROWS STEP... -- COMMAND...\n", stderr);
		return 2;
	}
	t.text[0] = '\0';
	for (; at < steps && !failed; at++) {
		failed = !do_step(&t, argv[at]);
		if (failed)
			fprintf(stderr, "terminal: in vain: %s\n", argv[at]);
	}
	if (!failed)
		take_rest(&t);
	if (!failed && !has_ended(&t)) {
		fputs("terminal: the command does not end\n", stderr);
		failed = 1;
	}
	if (failed)
		kill(t.child, SIGKILL);
	fwrite(t.text, 1, t.length, stdout);
	while (waitpid(t.child, &status, 0) < 0 && errno == EINTR)
		;
	if (failed)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
