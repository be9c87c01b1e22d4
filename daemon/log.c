/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log: see log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "cleanup.h"

/* Set once by log_open(), before there is a second thread. */
static int log_level = LOG_INFO;
static bool log_to_journal;

/* systemd names the stream that it gave us: is standard error still that one? */
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

void log_message(int priority, const char *container, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int r;

	if (priority > log_level)
		return;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		return;

	if (!log_to_journal) {
		fprintf(stderr, "rssd: %s%s%s\n", container ? container : "", container ? ": " : "",
			text);
		return;
	}
	if (container)
		(void)sd_journal_send("MESSAGE=%s: %s", container, text, "PRIORITY=%i", priority,
				      "RSSD_CONTAINER=%s", container, NULL);
	else
		(void)sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, NULL);
}
