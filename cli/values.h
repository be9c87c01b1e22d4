/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as people type them. Each function says itself what is wrong with the
 * text and returns STATUS_DONE or STATUS_USAGE.
 */
#ifndef RSSCTL_VALUES_H
#define RSSCTL_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "librss/rss.h"

struct args;

/* @what: "the limit"; how the sentence begins. */
int read_size(const char *what, const char *text, uint64_t *ret);
int read_duration(const char *what, const char *text, uint64_t *ret);
int read_number(const char *what, const char *text, uint64_t max, uint64_t *ret);
int read_yes_no(const char *what, const char *text, bool *ret);
int read_pid(const char *text, pid_t *ret);

/* The operands from @first on as process IDs, to be freed. */
int read_pids(const struct args *args, size_t first, pid_t **ret);

/* "TERM", "SIGTERM" or "15". */
int read_signal(const char *text, int *ret);

/* How a limit is set, and how long that may take: not 0. */
int read_limit_mode(const char *text, enum rss_limit_mode *ret);
int read_timeout(const char *text, uint64_t *ret);

/* "set", "unchanged", "reclaimed", "killed" */
const char *limit_outcome_name(enum rss_limit_outcome outcome);

#endif
