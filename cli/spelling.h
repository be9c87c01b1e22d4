/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suggestions for a mistyped word. */
#ifndef RSSCTL_SPELLING_H
#define RSSCTL_SPELLING_H

#include <stddef.h>

/* How many letters to change, remove, insert or swap to turn @a into @b. Long words are far apart. */
size_t word_distance(const char *a, const char *b);

/* Whether a word at @distance of @word is worth a suggestion. */
int word_is_near(const char *word, size_t distance);

#endif
