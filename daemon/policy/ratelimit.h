/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limits for shares of rssd's time and for log lines. Pure; times are
 * microseconds of one monotonic clock.
 */
#ifndef RSSD_RATELIMIT_H
#define RSSD_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* One user may use half a second in a burst, and a quarter of the time in the long run. */
#define USER_BURST_USEC (500 * 1000)
#define USER_SHARE	4
/* All users except root together may use half of the time; the other half is for root. */
#define ALL_USERS_BURST_USEC (500 * 1000)
#define ALL_USERS_SHARE	     2

/* A share of time: used time is given back at one microsecond per @share microseconds. */
struct rate {
	uint64_t burst; /* the most that may be used at once */
	unsigned int share;
	uint64_t used; /* as of @at */
	uint64_t at;
};

/* Returns true if more time may be used. */
bool rate_allows(struct rate *rate, uint64_t now);

/* Returns true if all used time has been given back. */
bool rate_is_full(struct rate *rate, uint64_t now);

/* Counts @usec as used. */
void rate_charge(struct rate *rate, uint64_t now, uint64_t usec);

/**
 * rate_allows_user() - decide if a call of a user may be served
 * @user: the share of the user
 * @all: the share of all users except root
 * @users: how many users have a share now, at least 1
 *
 * When all users together have used up their share, users that used more than an
 * equal part of it wait; the others are still served.
 */
bool rate_allows_user(struct rate *user, struct rate *all, unsigned int users, uint64_t now);

/* At most LOG_WINDOW_MAX lines are logged per window; further lines are only counted. */
#define LOG_WINDOW_USEC (10 * 1000 * 1000)
#define LOG_WINDOW_MAX	5

struct log_window {
	uint64_t since;
	unsigned int lines, suppressed;
};

/* Returns true if a line may be logged; otherwise it is counted as suppressed. */
bool log_window_allows(struct log_window *window, uint64_t now);

/* After the window: returns how many lines were suppressed in it, and starts a new window. Else 0. */
unsigned int log_window_take(struct log_window *window, uint64_t now);

#endif
