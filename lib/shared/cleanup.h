/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ownership by scope. Every local variable that owns something has one of these
 * attributes, so that each return path releases it; take_ptr() and take_fd()
 * pass the ownership on. Destructors used here accept NULL (or -1).
 */
#ifndef RSS_CLEANUP_H
#define RSS_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_(fn) __attribute__((cleanup(fn)))

/* Defines fn##_ptr(), which cleanup_() can call on a variable of TYPE. */
#define DEFINE_CLEANUP(type, fn)             \
	static inline void fn##_ptr(type *p) \
	{                                    \
		if (*p)                      \
			fn(*p);              \
	}                                    \
	struct rss_cleanup_semicolon

static inline void cleanup_free_fn(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_fn(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

DEFINE_CLEANUP(FILE *, fclose);

#define cleanup_free   cleanup_(cleanup_free_fn)
#define cleanup_close  cleanup_(cleanup_close_fn)
#define cleanup_fclose cleanup_(fclose_ptr)

/* Passes the ownership of a pointer on: the variable is NULL afterwards. */
#define take_ptr(p)                      \
	({                               \
		__auto_type taken = (p); \
		(p) = NULL;              \
		taken;                   \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
