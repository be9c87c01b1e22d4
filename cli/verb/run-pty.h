/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal of its own for the command of rssctl run. rssctl copies what is typed and written
 * between it and its own terminal, which is raw meanwhile.
 */
#ifndef RSSCTL_RUN_PTY_H
#define RSSCTL_RUN_PTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#define PTY_POLLED 3
#define PTY_BUFFER 1024

/* Bytes on their way in one direction. */
struct pty_buffer {
	char bytes[PTY_BUFFER];
	size_t length;
};

struct pty {
	int master, slave;    /* -1: none, or disconnected */
	bool whole;	      /* all descriptors of the command are the pty, not only terminals */
	int in, out;	      /* of rssctl; -1: nothing is read */
	struct termios modes; /* of @in, to restore */
	bool raw;
	unsigned int escapes; /* how often ^] was typed in a row */
	long long escaped;    /* when, in milliseconds */
	struct pty_buffer typed, written;
};

#define PTY_NONE                          \
	{                                 \
		.master = -1, .slave = -1 \
	}

/* Returns true if a descriptor among 0, 1 and 2 is a terminal. */
bool pty_is_on_terminal(void);

/* Opens it with the size and modes of the terminal. @whole: see struct pty. 0 or a negative errno. */
int pty_open(struct pty *pty, bool whole);

/* Gives it to @uid, which may open it by its name. 0 or a negative errno. */
int pty_give(const struct pty *pty, uid_t uid);

/* In the command's process: a session with this terminal. 0 or a negative errno. */
int pty_take(const struct pty *pty);

/* Makes the terminal raw, if rssctl is in its foreground; and restores it. */
void pty_make_raw(struct pty *pty);
void pty_restore(struct pty *pty);

/* The size of the terminal has changed. */
void pty_resize(const struct pty *pty);

/* What to poll for, and after that: copies what can be copied. */
void pty_prepare(const struct pty *pty, struct pollfd fds[static PTY_POLLED]);
void pty_copy(struct pty *pty, const struct pollfd fds[static PTY_POLLED]);

/* Writes what the command has written so far. */
void pty_flush(struct pty *pty);

/* The same after its end; restores the terminal and closes the pty. */
void pty_finish(struct pty *pty);

#endif
