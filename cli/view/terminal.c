/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: see terminal.h. Only sequences that xterm and all its descendants know. */
#include "view/terminal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/file.h"

/* The alternate screen, no cursor, no line wrap; and back. */
#define TAKE "\033[?1049h\033[?25l\033[?7l"
#define GIVE "\033[?7h\033[?25h\033[?1049l"

static int write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

bool terminal_is_capable(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb");
}

int terminal_take(struct terminal *terminal)
{
	struct termios raw;

	assert(!terminal->taken);
	if (tcgetattr(STDIN_FILENO, &terminal->before) < 0)
		return -errno;
	raw = terminal->before;
	/* Ctrl-C stays a signal. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return -errno;
	terminal->taken = true;
	return write_all(TAKE, strlen(TAKE));
}

void terminal_restore(struct terminal *terminal)
{
	if (!terminal->taken)
		return;
	terminal->taken = false;
	(void)write_all(GIVE, strlen(GIVE));
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

int terminal_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		return 24;
	return size.ws_row;
}

int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

int terminal_draw(const char *frame)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	fputs("\033[H", out);
	/* Each line clears the rest of the old line; the last has no newline. */
	for (const char *line = frame; *line;) {
		size_t length = strcspn(line, "\n");

		fprintf(out, "%.*s\033[K", (int)length, line);
		line += length + (line[length] == '\n');
		if (*line)
			fputc('\n', out);
	}
	fputs("\033[J", out);
	if (close_text(out, &text) < 0)
		return -ENOMEM;
	return write_all(text, size);
}
