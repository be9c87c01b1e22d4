/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal for a command: see run-pty.h. */
#include "verb/run-pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/clock.h"

/* As in systemd-run: this key, three times within a second, disconnects. */
#define ESCAPE_KEY   '\x1d'
#define ESCAPE_TIMES 3
#define ESCAPE_MSEC  1000

/* More reads than the kernel keeps output of. */
#define FLUSH_TIMES 1024

bool pty_is_on_terminal(void)
{
	return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
}

/* The first descriptor of rssctl that is a terminal, -1 if there is none. */
static int find_terminal(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (isatty(fd))
			return fd;
	}
	return -1;
}

static void copy_settings(const struct pty *pty, int terminal)
{
	struct termios modes;

	if (terminal >= 0 && tcgetattr(terminal, &modes) == 0)
		(void)tcsetattr(pty->slave, TCSANOW, &modes);
	pty_resize(pty);
}

int pty_open(struct pty *pty, bool whole)
{
	int terminal = find_terminal();

	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0)
		return -errno;
	pty->slave = ioctl(pty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->slave < 0)
		return -errno;
	pty->whole = whole;
	pty->in = whole || isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	pty->out = whole || isatty(STDOUT_FILENO) ? STDOUT_FILENO : terminal;
	copy_settings(pty, terminal);
	return 0;
}

int pty_give(const struct pty *pty, uid_t uid)
{
	return fchown(pty->slave, uid, (gid_t)-1) < 0 ? -errno : 0;
}

int pty_take(const struct pty *pty)
{
	if (setsid() < 0 || ioctl(pty->slave, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if ((pty->whole || isatty(fd)) && dup2(pty->slave, fd) < 0)
			return -errno;
	}
	return 0;
}

void pty_make_raw(struct pty *pty)
{
	struct termios raw;

	if (pty->master < 0 || pty->raw || pty->in < 0 || tcgetpgrp(pty->in) != getpgrp() ||
	    tcgetattr(pty->in, &pty->modes) < 0)
		return;
	raw = pty->modes;
	cfmakeraw(&raw);
	pty->raw = tcsetattr(pty->in, TCSADRAIN, &raw) == 0;
}

void pty_restore(struct pty *pty)
{
	if (pty->raw)
		(void)tcsetattr(pty->in, TCSADRAIN, &pty->modes);
	pty->raw = false;
}

void pty_resize(const struct pty *pty)
{
	struct winsize size;
	int terminal = find_terminal();

	if (pty->master >= 0 && terminal >= 0 && ioctl(terminal, TIOCGWINSZ, &size) == 0)
		(void)ioctl(pty->master, TIOCSWINSZ, &size);
}

/* The command gets a hangup. */
static void disconnect(struct pty *pty)
{
	pty_restore(pty);
	close(take_fd(&pty->slave));
	close(take_fd(&pty->master));
}

/* Returns true if the typed bytes end a request to disconnect. */
static bool is_escape(struct pty *pty)
{
	long long now = (long long)(clock_usec(CLOCK_MONOTONIC) / 1000);

	for (size_t i = 0; i < pty->typed.length; i++) {
		if (pty->typed.bytes[i] != ESCAPE_KEY) {
			pty->escapes = 0;
			continue;
		}
		if (pty->escapes == 0 || now - pty->escaped > ESCAPE_MSEC) {
			pty->escapes = 0;
			pty->escaped = now;
		}
		if (++pty->escapes >= ESCAPE_TIMES)
			return true;
	}
	return false;
}

/* Input that ends is an end of file for the command: the key twice, to end a begun line as well. */
static void end_input(struct pty *pty)
{
	struct termios modes;

	pty->in = -1;
	if (tcgetattr(pty->slave, &modes) < 0 || !(modes.c_lflag & ICANON))
		return;
	pty->typed.bytes[0] = pty->typed.bytes[1] = (char)modes.c_cc[VEOF];
	pty->typed.length = 2;
}

static void read_typed(struct pty *pty)
{
	ssize_t n = read(pty->in, pty->typed.bytes, PTY_BUFFER);

	if (n > 0)
		pty->typed.length = (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_input(pty);
	if (n > 0 && pty->raw && is_escape(pty))
		disconnect(pty);
}

/* Writes to @fd from the buffer. 0, or a negative errno if the reader is gone. */
static int write_buffer(struct pty_buffer *buffer, int fd)
{
	ssize_t n = write(fd, buffer->bytes, buffer->length);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	n = n < 0 ? 0 : n;
	buffer->length -= (size_t)n;
	memmove(buffer->bytes, buffer->bytes + n, buffer->length);
	return 0;
}

void pty_prepare(const struct pty *pty, struct pollfd fds[static PTY_POLLED])
{
	bool open = pty->master >= 0;
	short master = (pty->written.length ? 0 : POLLIN) | (pty->typed.length ? POLLOUT : 0);

	fds[0] = (struct pollfd){ open && master ? pty->master : -1, master, 0 };
	fds[1] = (struct pollfd){ open && !pty->typed.length ? pty->in : -1, POLLIN, 0 };
	fds[2] = (struct pollfd){ open && pty->written.length ? pty->out : -1, POLLOUT, 0 };
}

static void read_written(struct pty *pty)
{
	ssize_t n = read(pty->master, pty->written.bytes, PTY_BUFFER);

	pty->written.length = n > 0 ? (size_t)n : 0;
}

void pty_copy(struct pty *pty, const struct pollfd fds[static PTY_POLLED])
{
	if (fds[0].revents & POLLIN)
		read_written(pty);
	if (fds[0].revents & POLLOUT)
		(void)write_buffer(&pty->typed, pty->master);
	/* Without a reader of its output, the command gets a hangup instead of a SIGPIPE. */
	if (fds[2].revents && write_buffer(&pty->written, pty->out) < 0)
		disconnect(pty);
	else if (fds[1].revents)
		read_typed(pty);
}

void pty_flush(struct pty *pty)
{
	struct pollfd out = { .fd = pty->out, .events = POLLOUT };

	/* A process in the background may go on writing. */
	for (unsigned int i = 0; pty->master >= 0 && i < FLUSH_TIMES; i++) {
		while (pty->written.length && poll(&out, 1, -1) >= 0) {
			if (write_buffer(&pty->written, pty->out) < 0)
				pty->written.length = 0;
		}
		read_written(pty);
		if (!pty->written.length)
			break;
	}
}

void pty_finish(struct pty *pty)
{
	pty_flush(pty);
	pty_restore(pty);
	if (pty->slave >= 0)
		close(take_fd(&pty->slave));
	if (pty->master >= 0)
		close(take_fd(&pty->master));
}
