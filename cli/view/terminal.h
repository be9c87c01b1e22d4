/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: its size, and a mode in which a view is redrawn. */
#ifndef RSSCTL_TERMINAL_H
#define RSSCTL_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

/* Returns true if the descriptor is a terminal with escape sequences: TERM is set and not "dumb". */
bool terminal_is_capable(int fd);

/* The size of the terminal on standard output; 24 rows or 0 columns if it is none. */
int terminal_rows(void);
int terminal_columns(void);

struct terminal {
	struct termios before; /* the modes to restore */
	bool taken;
};

/*
 * Switches to the alternate screen, with the cursor hidden and keys delivered one
 * by one. 0 or a negative errno; terminal_restore() is to be called in any case.
 */
int terminal_take(struct terminal *terminal);

/* Undoes terminal_take(); does nothing if it was not taken. */
void terminal_restore(struct terminal *terminal);

/* Replaces the frame on the screen by @frame, whole lines, in a single write. 0 or a negative errno. */
int terminal_draw(const char *frame);

#endif
