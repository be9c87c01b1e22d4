/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OOM record as JSON, for the state and for hooks. Absent facts have no key. */
#ifndef RSSD_OOM_JSON_H
#define RSSD_OOM_JSON_H

struct json_object;
struct oom_record;

/* Returns NULL when out of memory. */
struct json_object *oom_to_json(const struct oom_record *record);

/*
 * Return: 0, -ENOMEM, or -EBADMSG; then *ret_key is the key that is unknown or has a
 * bad value. It is part of @object, or "" if @object is not a JSON object.
 */
int oom_from_json(struct json_object *object, struct oom_record **ret, const char **ret_key);

/* Formats the JSON on one line, with a newline, to be freed; NULL when out of memory. */
char *oom_format(const struct oom_record *record);

#endif
