/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling a struct failure; what it is for stands in failure.h. */
#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/text.h"

int fail(struct failure *failure, enum rss_error error, const char *format, ...)
{
	if (failure) {
		va_list args;

		failure->error = error;
		va_start(args, format);
		(void)vsnprintf(failure->text, sizeof(failure->text), format, args);
		va_end(args);
		/* What a caller wrote may be cut within a character, and the bus takes UTF-8 alone. */
		text_make_safe(failure->text);
	}
	return -rss_error_to_errno(error);
}
