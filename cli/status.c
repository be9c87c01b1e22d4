/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures: one sentence on standard error, one exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "status.h"

#include "shared/cleanup.h"
#include "librss/rss.h"
#include "shared/text.h"
#include "verb.h"

int complain(int status, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		return fail_memory();
	/* Names of containers and commands are in there. */
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
		return STATUS_REFUSED;
	case ENOTCONN:
		return STATUS_UNREACHABLE;
	default:
		return STATUS_FAILED;
	}
}

int fail_call(const struct cli *cli, int error)
{
	return complain(status_from_errno(error), "%s", rss_error_message(cli->client));
}

int connect_daemon(struct cli *cli)
{
	int r = rss_open(&cli->client);

	if (r >= 0) {
		/* Who sits at a terminal can be asked for a password. */
		rss_allow_interaction(cli->client, isatty(STDIN_FILENO));
		return STATUS_DONE;
	}
	if (r == -EACCES)
		return complain(STATUS_DENIED, "The bus does not let you talk to rssd; be root");
	if (r == -ENOTCONN)
		return complain(STATUS_UNREACHABLE, "%s", rss_error_message(NULL));
	return complain(status_from_errno(r), "rssd cannot be reached: %s", strerror(-r));
}
