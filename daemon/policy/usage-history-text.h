/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Usage histories as a text, to be stored: a line for each container, and a last line
 * with their number and a checksum. Times in the text are seconds since the epoch,
 * since those of the histories' clock end with a boot. Pure.
 */
#ifndef RSSD_USAGE_HISTORY_TEXT_H
#define RSSD_USAGE_HISTORY_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "policy/usage-history.h"

/* Both clocks at one time, in microseconds. */
struct usage_clocks {
	uint64_t history; /* of the histories */
	uint64_t wall;	  /* since the epoch */
	uint64_t boot;	  /* of the histories, when the kernel was started */
};

struct usage_line {
	const char *name;
	struct usage_stored stored;
};

/* Writes one line. Errors are those of @out. */
void usage_text_line(FILE *out, const struct usage_line *line, const struct usage_clocks *clocks);

/* Appends the last line to the lines in @text. Return: the whole text, to be freed; NULL if out of memory. */
char *usage_text_end(const char *lines, size_t count);

/* Called for each line. Return: 0, or a negative errno, which ends the parse. */
typedef int (*usage_text_fn)(const struct usage_line *line, void *userdata);

/**
 * usage_text_parse() - read a text
 * @text: NUL-terminated, of @length bytes; it is changed
 *
 * The checksum is checked before @fn is called; a bad line ends the parse. Counters from before the boot are dropped, and so
 * are samples of a time that has not come, since the clock was set back.
 *
 * Return: 0, -EBADMSG for a text that usage_text_end() does not return, or what @fn returned.
 */
int usage_text_parse(char *text, size_t length, const struct usage_clocks *clocks, usage_text_fn fn,
		     void *userdata);

#endif
