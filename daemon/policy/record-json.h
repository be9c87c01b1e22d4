/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON of a record: see record.h. Pure, as record.h. */
#ifndef RSSD_RECORD_JSON_H
#define RSSD_RECORD_JSON_H

#include <stddef.h>

struct failure;
struct json_object;

/* The number of the line at @offset in @text, from 1. */
unsigned int record_line_at(const char *text, size_t offset);

/*
 * Parses the @length bytes of @text, which a NUL follows. They must be one JSON object in
 * UTF-8, without comments and other extensions.
 * Returns 0 and the object in *ret, -ENOMEM, or -EBADMSG with @file, line and reason.
 */
int record_parse_json(const char *text, size_t length, const char *file, struct json_object **ret,
		      struct failure *failure);

#endif
