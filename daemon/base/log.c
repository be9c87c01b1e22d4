/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log: see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "shared/array.h"
#include "shared/cleanup.h"

/* Set once by log_open(), before a second thread exists. */
static int log_level = LOG_INFO;
static bool log_to_journal;

/* Returns true if standard error is still the stream that systemd names in JOURNAL_STREAM. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(int level)
{
	log_level = level;
	log_to_journal = stderr_is_journal();
}

/* PRIORITY, MESSAGE, MESSAGE_ID and RSSD_CONTAINER. */
#define OWN_FIELDS 4

__attribute__((format(printf, 5, 0))) static void send_fields(int priority, const char *id,
							      const char *container,
							      char *const fields[],
							      const char *format, va_list args)
{
	cleanup_free char *text = NULL, *message = NULL, *about = NULL, *known = NULL;
	cleanup_free struct iovec *parts = NULL;
	char level[] = "PRIORITY=0";
	size_t count = 0;
	int n = 0;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	if (!log_to_journal) {
		fprintf(stderr, "rssd: %s%s%s\n", container ? container : "", container ? ": " : "",
			text);
		return;
	}
	while (fields && fields[count])
		count++;
	parts = calloc(count + OWN_FIELDS, sizeof(*parts));
	if (!parts)
		return;
	level[sizeof(level) - 2] = (char)('0' + priority);
	parts[n++] = (struct iovec){ level, strlen(level) };
	if (asprintf(&message, "MESSAGE=%s%s%s", container ? container : "", container ? ": " : "",
		     text) < 0) {
		message = NULL;
		return;
	}
	parts[n++] = (struct iovec){ message, strlen(message) };
	if (container && asprintf(&about, "RSSD_CONTAINER=%s", container) >= 0)
		parts[n++] = (struct iovec){ about, strlen(about) };
	if (id && asprintf(&known, "MESSAGE_ID=%s", id) >= 0)
		parts[n++] = (struct iovec){ known, strlen(known) };
	for (size_t i = 0; i < count; i++)
		parts[n++] = (struct iovec){ fields[i], strlen(fields[i]) };
	(void)sd_journal_sendv(parts, n);
}

void log_message(int priority, const char *container, const char *format, ...)
{
	va_list args;

	if (priority > log_level)
		return;
	va_start(args, format);
	send_fields(priority, NULL, container, NULL, format, args);
	va_end(args);
}

void log_fields(int priority, const char *id, const char *container, char *const fields[],
		const char *format, ...)
{
	va_list args;

	if (priority > log_level)
		return;
	va_start(args, format);
	send_fields(priority, id, container, fields, format, args);
	va_end(args);
}

void log_field_add(struct log_field_list *fields, const char *format, ...)
{
	va_list args;
	char *field;

	if (fields->count == LOG_FIELDS_MAX ||
	    array_reserve(&fields->list, fields->count + 1, &fields->allocated,
			  sizeof(*fields->list)) < 0)
		return;
	va_start(args, format);
	if (vasprintf(&field, format, args) < 0)
		field = NULL;
	va_end(args);
	fields->list[fields->count] = field;
	fields->count += field != NULL;
	fields->list[fields->count] = NULL;
}

void log_field_list_done(struct log_field_list *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		free(fields->list[i]);
	free(fields->list);
	*fields = (struct log_field_list){ 0 };
}
