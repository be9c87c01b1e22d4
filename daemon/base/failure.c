/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills struct failure: see failure.h. */
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
		/* Truncation may cut a caller's text in a character; D-Bus accepts only UTF-8. */
		text_make_safe(failure->text);
	}
	return -rss_error_to_errno(error);
}
