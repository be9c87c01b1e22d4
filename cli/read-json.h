/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of JSON: a text is one value, in UTF-8, with white space around it. */
#ifndef RSSCTL_READ_JSON_H
#define RSSCTL_READ_JSON_H

#include <json-c/json.h>
#include <stddef.h>

/*
 * @text: @length bytes and a NUL byte. @ret_problem: why it is no JSON, for a message. Null is a value:
 * *@ret is NULL then. Returns -EINVAL, -EFBIG or -ENOMEM on failure, and leaves *@ret as it is.
 */
int json_read(const char *text, size_t length, struct json_object **ret, const char **ret_problem);

#endif
