/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole terminal for a view that is drawn again and again, and given back at the end. */
#ifndef RSSCTL_TERMINAL_H
#define RSSCTL_TERMINAL_H

#include <termios.h>

struct terminal {
	struct termios before;
	int open;
};

/* Takes the terminal: keys come one by one, the screen is another. 0 or a negative errno. */
int terminal_open(struct terminal *terminal);

/* Gives it back as it was. */
void terminal_close(struct terminal *terminal);

int terminal_rows(void);

/* 0 where standard output is no terminal. */
int terminal_columns(void);

/* Shows @frame, whole lines, in the place of the last one: a single write, so nothing flickers. */
int terminal_draw(const char *frame);

#endif
