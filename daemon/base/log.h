/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log: to the journal with fields where standard error is a
 * journal stream, else as lines on standard error. Each failure is logged
 * once, where it is known what to do about it.
 */
#ifndef RSSD_LOG_H
#define RSSD_LOG_H

#include <syslog.h>

/* Looks where standard error leads; messages below @level (LOG_INFO...) are dropped. */
void log_open(int level);

/*
 * One message. @container (a name, or NULL) becomes the field RSSD_CONTAINER.
 * @priority is one of syslog(3)'s.
 */
void log_message(int priority, const char *container, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with fields of its own in the journal: "NAME=value" each, ended by NULL. */
void log_fields(int priority, const char *container, char *const fields[], const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(...)	 log_message(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)	 log_message(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_DEBUG, NULL, __VA_ARGS__)

#endif
