/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suggestions for a mistyped word. */
#ifndef RSSCTL_SPELLING_H
#define RSSCTL_SPELLING_H

#include <stddef.h>

/* The number of letters to change, remove, insert or swap to turn @a into @b; large for long words. */
size_t word_distance(const char *a, const char *b);

/* Returns true if a word at @distance from @word is a useful suggestion. */
int word_is_near(const char *word, size_t distance);

#endif
