/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mode that open() has among its arguments for some flags. */
#ifndef TESTS_MODE_H
#define TESTS_MODE_H

#include <fcntl.h>
#include <stdarg.h>

static inline mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#endif
