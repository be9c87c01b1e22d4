/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a text: see span.h. */
#include "host/span.h"

#include <string.h>

struct span span_of(const char *at, const char *end)
{
	return (struct span){ at, (size_t)(end - at) };
}

bool span_skip(struct span *s, const char *prefix)
{
	size_t length = strlen(prefix);

	if (s->length < length || memcmp(s->at, prefix, length))
		return false;
	s->at += length;
	s->length -= length;
	return true;
}

bool span_skip_spaces(struct span *s)
{
	size_t before = s->length;

	while (span_skip(s, " "))
		;
	return s->length < before;
}

bool span_skip_back(struct span *s, const char *suffix)
{
	size_t length = strlen(suffix);

	if (s->length < length || memcmp((s->at + s->length) - length, suffix, length))
		return false;
	s->length -= length;
	return true;
}

bool span_split_last(struct span s, const char *mark, struct span *ret_before,
		     struct span *ret_after)
{
	size_t length = strlen(mark);

	for (size_t i = s.length + 1; i-- > 0;) {
		if (i + length > s.length || memcmp(s.at + i, mark, length))
			continue;
		*ret_before = span_of(s.at, s.at + i);
		*ret_after = span_of(s.at + i + length, s.at + s.length);
		return true;
	}
	return false;
}

bool span_take_number(struct span *s, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < s->length && s->at[i] >= '0' && s->at[i] <= '9'; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s->at[i] - '0'), &value))
			return false;
	s->at += i;
	s->length -= i;
	*ret = value;
	return i > 0;
}

bool span_parse_signed(struct span s, int64_t *ret)
{
	bool negative = span_skip(&s, "-");
	uint64_t value;

	if (!span_take_number(&s, &value) || s.length > 0 || value > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}
