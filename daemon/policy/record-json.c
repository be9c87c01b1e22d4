/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON of a record: see record-json.h. */
#include "policy/record-json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/failure.h"
#include "base/json.h"
#include "shared/text.h"

/* The longest escape of a byte: a character of 2 bytes becomes 6 bytes, one of 4 bytes 12. */
#define ESCAPE_MAX 3

unsigned int record_line_at(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset && text[i]; i++)
		line += text[i] == '\n';
	return line;
}

/* Writes the escape of @c to @to. Returns its length. */
static size_t escape(char *to, uint32_t c)
{
	if (c < 0x10000)
		return (size_t)sprintf(to, "\\u%04" PRIx32, c);
	c -= 0x10000;
	return (size_t)sprintf(to, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 | c >> 10,
			       0xdc00 | (c & 0x3ff));
}

/*
 * Copies @text to @to, with an escape for each character that is not ASCII. Returns the length
 * of the copy, or -EILSEQ and in *ret_end the offset of what is not UTF-8.
 */
static ssize_t copy_escaped(char *to, const char *text, size_t length, size_t *ret_end)
{
	const char *start = to;
	bool after_backslash = false;
	size_t taken;
	uint32_t c;

	for (size_t i = 0; i < length; i += taken) {
		taken = utf8_decode(text + i, &c);
		if (!taken) {
			*ret_end = i;
			return -EILSEQ;
		}
		/* What follows a backslash stays as it is: "\ä" is an error, not an escape. */
		if (c < 0x80 || after_backslash)
			to = mempcpy(to, text + i, taken);
		else
			to += escape(to, c);
		after_backslash = c == '\\' && !after_backslash;
	}
	*to = '\0';
	return to - start;
}

static int fail_json(struct failure *failure, const char *file, unsigned int line,
		     const char *problem)
{
	return fail(failure, RSS_ERROR_CONFIG, "%s:%u: invalid JSON: %s", file, line, problem);
}

/*
 * Parses ASCII. json-c 0.18 takes bytes above 0x7f for control characters if
 * JSON_TOKENER_STRICT is set and char is signed, so that it refuses all other text.
 */
static int parse_ascii(const char *text, size_t length, const char *file, struct json_object **ret,
		       struct failure *failure)
{
	cleanup_(json_tokener_free_ptr) struct json_tokener *tokener = json_tokener_new();
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	size_t end;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	json_watch_memory();
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_lacked_memory())
		return -ENOMEM;
	end = json_tokener_get_parse_end(tokener);

	if (json_tokener_get_error(tokener) == json_tokener_continue)
		return fail(failure, RSS_ERROR_CONFIG,
			    "%s:%u: the file ends in the middle of its JSON", file,
			    record_line_at(text, length));
	if (json_tokener_get_error(tokener) != json_tokener_success)
		return fail_json(failure, file, record_line_at(text, end),
				 json_tokener_error_desc(json_tokener_get_error(tokener)));
	for (size_t i = end; i < length; i++) {
		if (!text[i] || !strchr(" \t\r\n", text[i]))
			return fail(failure, RSS_ERROR_CONFIG,
				    "%s:%u: there is text after the end of the JSON", file,
				    record_line_at(text, i));
	}
	if (!json_object_is_type(object, json_type_object))
		return fail(failure, RSS_ERROR_CONFIG, "%s:1: must be a JSON object", file);

	*ret = take_ptr(object);
	return 0;
}

int record_parse_json(const char *text, size_t length, const char *file, struct json_object **ret,
		      struct failure *failure)
{
	cleanup_free char *escaped = NULL;
	ssize_t escaped_length;
	size_t end = 0;

	if (length > INT32_MAX / ESCAPE_MAX)
		return fail(failure, RSS_ERROR_CONFIG, "%s: the file is too large", file);
	escaped = malloc(length * ESCAPE_MAX + 1);
	if (!escaped)
		return -ENOMEM;
	escaped_length = copy_escaped(escaped, text, length, &end);
	if (escaped_length < 0)
		return fail_json(failure, file, record_line_at(text, end), "not UTF-8");
	return parse_ascii(escaped, (size_t)escaped_length, file, ret, failure);
}
