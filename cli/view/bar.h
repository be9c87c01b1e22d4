/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bars and sparklines: figures as pictures of one line, in block characters if
 * @utf8, otherwise in ASCII. Pure.
 */
#ifndef RSSCTL_BAR_H
#define RSSCTL_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most columns of a picture, and the most bytes that they take. */
#define BAR_COLUMNS_MAX 60
#define BAR_TEXT_MAX	(BAR_COLUMNS_MAX * 4 + 1)

/* As a mark: none. */
#define BAR_NO_MARK UINT64_MAX

/**
 * bar_draw() - draw how much of @whole is @part
 * @low, @high: the values of the marks < and >, or BAR_NO_MARK
 *
 * The bar is full only if @part reaches @whole, and empty only if it is 0.
 */
void bar_draw(uint64_t part, uint64_t whole, uint64_t low, uint64_t high, size_t columns, bool utf8,
	      char buf[static BAR_TEXT_MAX]);

/**
 * sparkline_draw() - draw the last of @values, the newest at the right
 *
 * The highest of those that are shown has the full height. UINT64_MAX is an
 * unknown value, which is left blank, as are columns before the first value.
 */
void sparkline_draw(const uint64_t values[], size_t count, size_t columns, bool utf8,
		    char buf[static BAR_TEXT_MAX]);

#endif
