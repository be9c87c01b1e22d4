/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of a text, for parsers: a span refers to bytes that its user keeps. A function that
 * returns false leaves its span as it was. Pure.
 */
#ifndef RSSD_SPAN_H
#define RSSD_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *at;
	size_t length;
};

struct span span_of(const char *at, const char *end);

/* Removes @prefix from the start of @s. Returns true if it was there. */
bool span_skip(struct span *s, const char *prefix);

/* Removes all spaces from the start of @s. Returns true if there was one. */
bool span_skip_spaces(struct span *s);

/* Removes @suffix from the end of @s. Returns true if it was there. */
bool span_skip_back(struct span *s, const char *suffix);

/* Splits @s at the last @mark. Returns false if there is none. */
bool span_split_last(struct span s, const char *mark, struct span *ret_before,
		     struct span *ret_after);

/* Removes a number from the start of @s. Returns false if there is none or if it overflows. */
bool span_take_number(struct span *s, uint64_t *ret);

/* Parses all of @s as a number, which may be negative. */
bool span_parse_signed(struct span s, int64_t *ret);

#endif
