/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values on the command line. Each function returns STATUS_DONE, or STATUS_USAGE
 * after printing what is wrong with the text.
 */
#ifndef RSSCTL_VALUES_H
#define RSSCTL_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "librss/rss.h"

struct args;

/* @what begins the message: "The limit". */
int read_size(const char *what, const char *text, uint64_t *ret);
int read_duration(const char *what, const char *text, uint64_t *ret);
/* A moment, in microseconds since the epoch: "2026-11-29 14:00", "14:00", "today", or "10min" (ago). */
int read_moment(const char *what, const char *text, uint64_t *ret);
int read_number(const char *what, const char *text, uint64_t max, uint64_t *ret);
int read_yes_no(const char *what, const char *text, bool *ret);
int read_pid(const char *text, pid_t *ret);
/* A user's name or ID. */
int read_user(const char *text, uint32_t *ret);

/* The operands from @first on as process IDs, to be freed. */
int read_pids(const struct args *args, size_t first, pid_t **ret);

/* "TERM", "SIGTERM" or "15". */
int read_signal(const char *text, int *ret);

/* The mode of setting a limit, and its timeout in microseconds, which is not 0. */
int read_limit_mode(const char *text, enum rss_limit_mode *ret);
int read_timeout(const char *text, uint64_t *ret);

/* "set", "unchanged", "reclaimed", "killed" */
const char *limit_outcome_name(enum rss_limit_outcome outcome);

#endif
