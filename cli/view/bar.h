/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures as pictures of one line: how full something is, and how it went. In
 * block characters where @utf8, else in ASCII that reads as well. Pure.
 */
#ifndef RSSCTL_BAR_H
#define RSSCTL_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns at most, and the bytes that they take at most. */
#define BAR_COLUMNS_MAX 60
#define BAR_TEXT_MAX	(BAR_COLUMNS_MAX * 4 + 1)

/* No mark. */
#define BAR_NO_MARK UINT64_MAX

/**
 * bar_draw() - how much of @whole is @part
 * @low, @high: where to put the marks < and >; BAR_NO_MARK: nowhere
 *
 * Full only where @part reaches @whole, empty only where it is 0; more than the
 * whole is full.
 */
void bar_draw(uint64_t part, uint64_t whole, uint64_t low, uint64_t high, size_t columns, bool utf8,
	      char buf[static BAR_TEXT_MAX]);

/**
 * sparkline_draw() - the last of @values, the newest at the right
 *
 * The highest of those that are shown is as high as there is room. A value that
 * is UINT64_MAX is not known and left blank, as is what came before the first.
 */
void sparkline_draw(const uint64_t values[], size_t count, size_t columns, bool utf8,
		    char buf[static BAR_TEXT_MAX]);

#endif
