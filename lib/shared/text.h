/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts on a terminal, such as names of processes, and the comparison of words. */
#ifndef RSS_TEXT_H
#define RSS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the UTF-8 sequence at @text. Returns its length in bytes, 0 if it is not valid. */
size_t utf8_decode(const char *text, uint32_t *ret);

/*
 * Replaces each control character, and each byte that is not UTF-8, by a question
 * mark. Returns the number of columns that the text takes.
 */
size_t text_make_safe(char *text);

/* How many bytes at the start of @text, which is UTF-8, fit into @width columns of a terminal. */
size_t text_prefix(const char *text, size_t width);

/* Where the longest end of @text begins that fits into @width columns, in bytes. */
size_t text_suffix(const char *text, size_t width);

/* Returns true if the @length bytes of @text are @end with something before it. */
bool text_ends_with(const char *text, size_t length, const char *end);

/*
 * Return true if two words are equal, or if @text starts with @prefix, ignoring the case
 * of A to Z. strcasecmp() would not match I and i in a Turkish locale.
 */
bool ascii_equal(const char *a, const char *b);
bool ascii_has_prefix(const char *text, const char *prefix);

#endif
