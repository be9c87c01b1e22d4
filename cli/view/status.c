/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit statuses and messages: see status.h. */
#include "view/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

int print_error(int status, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		return fail_memory();
	/* It has names of containers and commands in it. */
	text_make_safe(text);
	fflush(stdout);
	fprintf(stderr, "rssctl: %s\n", text);
	return status;
}

int fail_memory(void)
{
	fputs("rssctl: Out of memory\n", stderr);
	return STATUS_FAILED;
}

int status_from_errno(int error)
{
	switch (-error) {
	case EINVAL:
		return STATUS_USAGE;
	case ENOENT:
	case ESRCH:
		return STATUS_NOT_FOUND;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case EBUSY:
	case ETIMEDOUT:
	case ECANCELED:
	case EXDEV:
		return STATUS_REFUSED;
	case EEXIST:
		return STATUS_EXISTS;
	case ENOTCONN:
	case ETIME:
		return STATUS_UNREACHABLE;
	default:
		return STATUS_FAILED;
	}
}
