/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds over time: a share of rssd's time, and a number of log lines. Pure;
 * times are microseconds of one monotonic clock.
 */
#ifndef RSSD_RATELIMIT_H
#define RSSD_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* One user may use half a second at once and a quarter of the time for long. */
#define USER_BURST_USEC (500 * 1000)
#define USER_SHARE	4
/* All users but root together may use half of the time; the other half is root's. */
#define ALL_USERS_BURST_USEC (500 * 1000)
#define ALL_USERS_SHARE	     2

/* A share of time: what was used comes back at one microsecond in @share. */
struct rate {
	uint64_t burst; /* may be used at once */
	unsigned int share;
	uint64_t used; /* as of @at */
	uint64_t at;
};

/* May more be used? */
bool rate_allows(struct rate *rate, uint64_t now);

/* Has all of it come back? */
bool rate_is_full(struct rate *rate, uint64_t now);

/* Counts @usec as used. */
void rate_charge(struct rate *rate, uint64_t now, uint64_t usec);

/**
 * rate_allows_user() - may a user's call be served?
 * @user: the share of the user
 * @all: the share of all users but root
 * @users: how many users have a share just now, at least 1
 *
 * When all users together have used up their share, those that used more than
 * an equal part of it wait; the others are still served.
 */
bool rate_allows_user(struct rate *user, struct rate *all, unsigned int users, uint64_t now);

/* So many lines are logged in a window; further ones are counted. */
#define LOG_WINDOW_USEC (10 * 1000 * 1000)
#define LOG_WINDOW_MAX	5

struct log_window {
	uint64_t since;
	unsigned int lines, suppressed;
};

/* May a line be logged? If not, it is counted as suppressed. */
bool log_window_allows(struct log_window *window, uint64_t now);

/* Once the window has passed: how many lines were suppressed in it, which are then forgotten. */
unsigned int log_window_take(struct log_window *window, uint64_t now);

#endif
