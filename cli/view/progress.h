/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line on standard error that is replaced while a verb takes long. Nothing without a terminal. */
#ifndef RSSCTL_PROGRESS_H
#define RSSCTL_PROGRESS_H

#include <stdbool.h>

/* Returns true if there is a terminal to show it on. */
bool progress_is_shown(void);

/* Replaces the line. */
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Removes the line, for the output that follows. */
void progress_clear(void);

#endif
