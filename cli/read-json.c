/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of JSON: see read-json.h. */
#include "read-json.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "view/json.h"

/* More than any program writes; the parser needs some bytes for each. */
#define NESTED_MAX 256

DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

static int fail(const char **ret_problem, int error, const char *problem)
{
	*ret_problem = problem;
	return error;
}

int json_read(const char *text, size_t length, struct json_object **ret, const char **ret_problem)
{
	cleanup_(json_tokener_free_ptr) struct json_tokener *tokener =
		json_tokener_new_ex(NESTED_MAX);
	cleanup_json struct json_object *object = NULL;
	enum json_tokener_error error;

	if (!tokener)
		return fail(ret_problem, -ENOMEM, "out of memory");
	if (length >= INT32_MAX)
		return fail(ret_problem, -EFBIG, "it is too large");
	json_tokener_set_flags(tokener,
			       JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL: a number at the end is complete then. */
	object = json_tokener_parse_ex(tokener, text, (int)length + 1);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue)
		return fail(ret_problem, -EINVAL, "unexpected end of data");
	if (error != json_tokener_success)
		return fail(ret_problem, -EINVAL, json_tokener_error_desc(error));
	for (size_t i = json_tokener_get_parse_end(tokener); i < length; i++) {
		if (!text[i] || !strchr(" \t\r\n", text[i]))
			return fail(ret_problem, -EINVAL, "there is text after its end");
	}
	*ret = take_ptr(object);
	return 0;
}
