/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit statuses of rssctl, and the messages on standard error that go with them. */
#ifndef RSSCTL_STATUS_H
#define RSSCTL_STATUS_H

/* Documented in rssctl(1): scripts depend on them. */
enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3,
	STATUS_DENIED = 4,
	STATUS_REFUSED = 5,
	STATUS_UNREACHABLE = 6,
	STATUS_EXISTS = 7,
};

/*
 * Errors as JSON from now on: one line {"error": NAME, "message": TEXT} on standard error. main()
 * calls it before any other function of this file.
 */
void print_errors_as_json(void);

/* Prints "rssctl: ..." on standard error and returns @status. */
int print_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for an error with a D-Bus name; "" is one of rssctl itself. */
int print_named_error(int status, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reports that rssctl is out of memory; returns STATUS_FAILED. */
int fail_memory(void);

/* The status for an errno of librss. */
int status_from_errno(int error);

#endif
