/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts: see text.h. UTF-8 is decoded here, because what is safe must not depend on the locale. */
#include "shared/text.h"

#include <string.h>
#include <wchar.h>

size_t utf8_decode(const char *text, uint32_t *ret)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;
	uint32_t c;

	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] < 0xe0)
		length = 2, c = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		length = 3, c = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		length = 4, c = s[0] & 0x07;
	else
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return length;
}

/* In the C locale wcwidth() knows only ASCII; the width is 1 then. */
static size_t code_point_width(uint32_t c)
{
	int width = wcwidth((wchar_t)c);

	return width < 0 ? 1 : width;
}

/* The length of the character at @text, and its width. A byte that is not UTF-8 counts as one. */
static size_t measure(const char *text, size_t *ret_width)
{
	uint32_t c = 0;
	size_t length = utf8_decode(text, &c);

	*ret_width = length ? code_point_width(c) : 1;
	return length ?: 1;
}

size_t text_prefix(const char *text, size_t width)
{
	size_t at = 0, taken, length;

	while (text[at]) {
		length = measure(text + at, &taken);
		if (taken > width)
			break;
		width -= taken;
		at += length;
	}
	return at;
}

size_t text_suffix(const char *text, size_t width)
{
	size_t total = 0, at = 0, taken;

	for (size_t i = 0; text[i]; total += taken)
		i += measure(text + i, &taken);
	while (total > width) {
		at += measure(text + at, &taken);
		total -= taken;
	}
	return at;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool text_ends_with(const char *text, size_t length, const char *end)
{
	size_t tail = strlen(end);

	return length > tail && memcmp(text + length - tail, end, tail) == 0;
}

bool ascii_equal(const char *a, const char *b)
{
	while (*a && ascii_lower(*a) == ascii_lower(*b))
		a++, b++;
	return *a == *b;
}

bool ascii_has_prefix(const char *text, const char *prefix)
{
	while (*prefix && ascii_lower(*text) == ascii_lower(*prefix))
		text++, prefix++;
	return !*prefix;
}

size_t text_make_safe(char *text)
{
	size_t width = 0;
	char *to = text;

	/* The fast path: nearly every text is plain ASCII. */
	while (*to >= 0x20 && *to < 0x7f)
		to++, width++;
	for (const char *from = to; *from;) {
		uint32_t c = 0;
		size_t length = utf8_decode(from, &c);

		if (!length || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			*to++ = '?';
			width++;
			from += length ? length : 1;
			continue;
		}
		memmove(to, from, length);
		to += length;
		from += length;
		width += code_point_width(c);
	}
	*to = '\0';
	return width;
}
