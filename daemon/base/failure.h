/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure to report to the caller: an error of the API and a sentence that
 * says what to do. The layers below the bus fill a struct failure. The bus
 * turns it into a D-Bus error, main into a log line.
 */
#ifndef RSSD_FAILURE_H
#define RSSD_FAILURE_H

#include "shared/errors.h"

struct failure {
	enum rss_error error;
	char text[512];
};

/*
 * Fills @failure (may be NULL) and returns the negative errno of @error, so
 * that callers write: return fail(failure, RSS_ERROR_..., "...").
 */
int fail(struct failure *failure, enum rss_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
