/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The word that a mistyped one was meant to be. */
#ifndef RSSCTL_SPELLING_H
#define RSSCTL_SPELLING_H

#include <stddef.h>

/* How many letters to change, leave out or put in to make @b of @a; long words count as far apart. */
size_t word_distance(const char *a, const char *b);

/* Is a word at this distance near enough to be offered? */
int word_is_near(const char *word, size_t distance);

#endif
