/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress: see progress.h. */
#include "view/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "view/terminal.h"

#define ERASE_TO_END "\033[K"

bool progress_is_shown(void)
{
	return terminal_is_capable(STDERR_FILENO);
}

void progress_show(const char *format, ...)
{
	va_list args;

	if (!progress_is_shown())
		return;
	fputc('\r', stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(ERASE_TO_END, stderr);
}

void progress_clear(void)
{
	if (progress_is_shown())
		fputs("\r" ERASE_TO_END, stderr);
}
