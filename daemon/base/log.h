/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log. If standard error is a journal stream, messages go to the
 * journal with fields, else to standard error as lines. Each failure is logged
 * once, by the code that knows what to do about it.
 */
#ifndef RSSD_LOG_H
#define RSSD_LOG_H

#include <stddef.h>
#include <syslog.h>

/* Selects the journal or standard error. Messages below @level (LOG_INFO...) are dropped. */
void log_open(int level);

/*
 * Logs one message. @container (a name, or NULL) becomes the field
 * RSSD_CONTAINER. @priority is a level of syslog(3).
 */
void log_message(int priority, const char *container, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same with a MESSAGE_ID (base/message-ids.h), and with more fields of the journal: @fields are
 * "NAME=value" strings, ended by NULL. Both may be NULL.
 */
void log_fields(int priority, const char *id, const char *container, char *const fields[],
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Fields for log_fields(). A field that lacks memory, or is one too many, is left out. */
#define LOG_FIELDS_MAX 256

struct log_field_list {
	char **list; /* ended by NULL; NULL if there is none */
	size_t count, allocated;
};

/* Adds "NAME=value". */
void log_field_add(struct log_field_list *fields, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_field_list_done(struct log_field_list *fields);

#define log_error(...)	 log_message(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)	 log_message(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)	 log_message(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...)	 log_message(LOG_DEBUG, NULL, __VA_ARGS__)

#endif
