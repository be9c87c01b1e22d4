/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only writer of JSON. Keys are snake_case; an unknown value is null, no
 * limit is "infinity". json_add_*() never fail: when out of memory, a value is
 * null and a NULL object is ignored; print_json() reports it.
 */
#ifndef RSSCTL_JSON_H
#define RSSCTL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/cleanup.h"

struct output;
struct rss_oom;

DEFINE_CLEANUP(struct json_object *, json_object_put);

#define cleanup_json cleanup_(json_object_put_ptr)

void json_add_text(struct json_object *object, const char *key, const char *text);
/* @texts ends with NULL; a NULL array is written as an empty one. */
void json_add_texts(struct json_object *object, const char *key, const char *const *texts);
void json_add_flag(struct json_object *object, const char *key, bool flag);
void json_add_limit(struct json_object *object, const char *key, uint64_t bytes);
void json_add_count(struct json_object *object, const char *key, uint64_t count);
/* A percentage with two decimals. @hundredths: of a percent, or RSS_ABSENT */
void json_add_percent(struct json_object *object, const char *key, uint64_t hundredths);
/* Takes @value over; NULL is null. */
void json_add_value(struct json_object *object, const char *key, struct json_object *value);
void json_add_oom(struct json_object *object, const char *key, const struct rss_oom *oom);

/* NULL when out of memory. */
struct json_object *oom_to_json(const struct rss_oom *oom);

/* Prints @object and returns the status; NULL is reported as out of memory. */
int print_json(const struct output *out, struct json_object *object);

/* The same on one line, flushed at once: for streams. */
int print_json_line(struct json_object *object);

#endif
