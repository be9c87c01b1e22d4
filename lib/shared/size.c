/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes and times: see size.h. All in whole numbers: parsing rounds down to the
 * byte or microsecond, formatting to the nearest tenth. Case does not matter.
 */
#include "shared/size.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/text.h"

/* Further digits after the point make no difference to any size. */
#define FRACTION_DIGITS 9
#define FRACTION_ONE	UINT64_C(1000000000)

typedef unsigned __int128 wide;

/* A decimal number: whole + fraction / FRACTION_ONE. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	bool has_point;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits, and a point followed by digits. *@ret_rest is the rest of @text. */
static int decimal_parse(const char *text, struct decimal *ret, const char **ret_rest)
{
	struct decimal d = { 0 };
	bool too_large = false;

	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		if (d.whole > (UINT64_MAX - 9) / 10)
			too_large = true;
		d.whole = d.whole * 10 + (*text - '0');
	}
	if (*text == '.') {
		uint64_t weight = FRACTION_ONE;

		if (!is_digit(*++text))
			return -EINVAL;
		d.has_point = true;
		for (; is_digit(*text); text++) {
			weight /= 10;
			d.fraction += weight * (*text - '0');
		}
	}
	*ret_rest = text;
	*ret = d;
	return too_large ? -ERANGE : 0;
}

/* @d times @numerator / @denominator, rounded down; -ERANGE if that has more than 63 bits. */
static int decimal_scale(const struct decimal *d, uint64_t numerator, uint64_t denominator,
			 uint64_t *ret)
{
	wide value;

	/* No overflow: whole is below 2^64 and numerator below 2^63. */
	value = (wide)d->whole * numerator + (wide)d->fraction * numerator / FRACTION_ONE;
	value /= denominator;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* The bytes of a unit, 0 if @unit is unknown. */
static uint64_t size_unit(const char *unit)
{
	static const char letters[] = "kmgt";

	if (!*unit || ascii_equal(unit, "B"))
		return 1;
	for (size_t i = 0; letters[i]; i++) {
		if ((*unit | 0x20) != letters[i])
			continue;
		if (!unit[1] || ascii_equal(unit + 1, "B") || ascii_equal(unit + 1, "i") ||
		    ascii_equal(unit + 1, "iB"))
			return UINT64_C(1) << (10 * (i + 1));
	}
	return 0;
}

int size_parse_of(const char *text, uint64_t ram, uint64_t *ret)
{
	struct decimal d;
	const char *unit;
	uint64_t factor;
	int r;

	if (!text)
		return -EINVAL;
	/* As cgroup v2, and as people write it. */
	if (ascii_equal(text, "infinity") || ascii_equal(text, "max") ||
	    ascii_equal(text, "none")) {
		*ret = SIZE_INFINITY;
		return 0;
	}
	r = decimal_parse(text, &d, &unit);
	if (r == -EINVAL)
		return r;
	if (!strcmp(unit, "%")) {
		/* More than 100% is a typing error. */
		if (r < 0 || d.whole > 100 || (d.whole == 100 && d.fraction))
			return -ERANGE;
		return decimal_scale(&d, ram, 100, ret);
	}
	factor = size_unit(unit);
	/* There is no half byte. */
	if (!factor || (factor == 1 && d.has_point))
		return -EINVAL;
	return r < 0 ? r : decimal_scale(&d, factor, 1, ret);
}

int size_parse(const char *text, uint64_t *ret)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return size_parse_of(text, pages > 0 && page > 0 ? (uint64_t)pages * page : 0, ret);
}

const char *size_parse_reason(int error)
{
	if (error == -ERANGE)
		return "is too large";
	return "is not a size; write bytes, 64K, 512M, 1.5G, 20% or infinity";
}

const char *count_format(uint64_t count, char buf[static SIZE_TEXT_MAX])
{
	char digits[SIZE_TEXT_MAX];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + count % 10);
	while (count /= 10);
	assert(n < SIZE_TEXT_MAX);
	for (size_t i = 0; i < n; i++)
		buf[i] = digits[n - 1 - i];
	buf[n] = '\0';
	return buf;
}

/* @count followed by @tail. */
static char *format_with(uint64_t count, const char *tail, char buf[static SIZE_TEXT_MAX])
{
	strcpy(buf + strlen(count_format(count, buf)), tail);
	return buf;
}

const char *size_format(uint64_t bytes, char buf[static SIZE_TEXT_MAX])
{
	static const char letters[] = "KMGT";
	unsigned int shift = 10;
	size_t letter = 0;
	uint64_t tenths;

	if (bytes == SIZE_INFINITY)
		return strcpy(buf, "infinity");
	if (bytes == 0)
		return strcpy(buf, "0");
	if (bytes < 1024)
		return format_with(bytes, "B", buf);
	/* 1023.96K is rounded to 1.0M. */
	for (;; letter++, shift += 10) {
		tenths = ((wide)bytes * 10 + ((wide)1 << (shift - 1))) >> shift;
		if (tenths < 10240 || !letters[letter + 1])
			break;
	}
	return format_with(tenths / 10,
			   (const char[]){ '.', (char)('0' + tenths % 10), letters[letter], '\0' },
			   buf);
}

int duration_parse(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = {
		{ "", 1000000 },
		{ "us", 1 },
		{ "ms", 1000 },
		{ "s", 1000000 },
		{ "sec", 1000000 },
		{ "second", 1000000 },
		{ "seconds", 1000000 },
		{ "m", 60000000 },
		{ "min", 60000000 },
		{ "minute", 60000000 },
		{ "minutes", 60000000 },
		{ "h", 3600000000 },
		{ "hour", 3600000000 },
		{ "hours", 3600000000 },
		{ "d", 86400000000 },
		{ "day", 86400000000 },
		{ "days", 86400000000 },
		{ "w", 7 * 86400000000 },
		{ "week", 7 * 86400000000 },
		{ "weeks", 7 * 86400000000 },
	};
	struct decimal d;
	const char *unit;
	int r;

	if (!text)
		return -EINVAL;
	r = decimal_parse(text, &d, &unit);
	if (r == -EINVAL)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ascii_equal(unit, units[i].name))
			return r < 0 ? r : decimal_scale(&d, units[i].usec, 1, ret);
	return -EINVAL;
}

const char *duration_format(uint64_t usec, char buf[static SIZE_TEXT_MAX])
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 } };
	uint64_t seconds = usec / 1000000;

	/* The largest unit of which there are at least two: 90min rather than 1h. */
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (seconds >= 2 * units[i].seconds)
			return format_with(seconds / units[i].seconds, units[i].name, buf);
	}
	return format_with(seconds, "s", buf);
}
