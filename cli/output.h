/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs print: cells of tables, JSON, and the choice between them. */
#ifndef RSSCTL_OUTPUT_H
#define RSSCTL_OUTPUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "table.h"
#include "verb.h"

struct rss_oom;

DEFINE_CLEANUP(struct json_object *, json_object_put);

#define cleanup_table cleanup_(table_free_ptr)
#define cleanup_json  cleanup_(json_object_put_ptr)

/* Styles of the terminal. */
#define STYLE_RED    "1;31"
#define STYLE_YELLOW "33"
#define STYLE_GREEN  "32"
#define STYLE_DIM    "2"

/* --- tables ------------------------------------------------------------- */

/* A size where RSS_INFINITY is "infinity", and a counter where RSS_ABSENT is "-". */
int add_limit(struct table *table, uint64_t bytes);
int add_usage(struct table *table, uint64_t bytes);
int add_count(struct table *table, uint64_t count);

/* Prints and returns the status; @r: what filling it came to. @paged: may be longer than a screen. */
int print_table(struct cli *cli, const struct table *table, int r, bool paged);

/* --- JSON ---------------------------------------------------------------- */

/*
 * Keys are snake_case; what is not known is null, no limit is "infinity". Adding
 * never fails by itself: a NULL in it prints as null, and json-c is asked once,
 * in print_json().
 */
void json_add_text(struct json_object *object, const char *key, const char *text);
/* @texts: NULL-terminated; NULL is an empty array. */
void json_add_texts(struct json_object *object, const char *key, const char *const *texts);
void json_add_flag(struct json_object *object, const char *key, bool flag);
void json_add_limit(struct json_object *object, const char *key, uint64_t bytes);
void json_add_count(struct json_object *object, const char *key, uint64_t count);
void json_add_oom(struct json_object *object, const char *key, const struct rss_oom *oom);

/* NULL when out of memory. */
struct json_object *oom_to_json(const struct rss_oom *oom);

int print_json(const struct cli *cli, struct json_object *object);

/* One object on a line, at once: for streams. */
int print_json_line(struct json_object *object);

/* --- time ----------------------------------------------------------------- */

#define TIME_TEXT_MAX 64

/* Local time to the second; microseconds since the epoch. */
const char *format_time(uint64_t usec, char buf[static TIME_TEXT_MAX]);

#endif
