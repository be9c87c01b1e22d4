/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An allocation of this thread that fails when a test says so: the program's own malloc() comes
 * before that of the C library, or of ASan if the program is built with it. A file that includes
 * this has it for the whole program; it is for one .c of a program.
 *
 *	for (unsigned int n = 1; malloc_fail_at(n), use(), malloc_has_failed(); n++)
 */
#ifndef FAILING_MALLOC_H
#define FAILING_MALLOC_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *at, size_t size) __attribute__((weak));
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static __thread unsigned int malloc_countdown;
static __thread bool malloc_failed;

/* Lets the allocation number @n from now fail, the first is 1. */
static void malloc_fail_at(unsigned int n)
{
	malloc_failed = false;
	malloc_countdown = n;
}

/* Returns true if it has failed. No allocation fails any more. */
static bool malloc_has_failed(void)
{
	malloc_countdown = 0;
	return malloc_failed;
}

/* Returns true if memory was lost that nothing refers to; false without ASan. */
static bool malloc_has_leaked(void)
{
	return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0;
}

static bool malloc_fails(void)
{
	if (malloc_countdown == 0 || --malloc_countdown > 0)
		return false;
	malloc_failed = true;
	errno = ENOMEM;
	return true;
}

#pragma GCC visibility push(default)

void *malloc(size_t size)
{
	if (malloc_fails())
		return NULL;
	return (__interceptor_malloc ?: __libc_malloc)(size);
}

void *calloc(size_t count, size_t size)
{
	if (malloc_fails())
		return NULL;
	return (__interceptor_calloc ?: __libc_calloc)(count, size);
}

void *realloc(void *at, size_t size)
{
	if (malloc_fails())
		return NULL;
	return (__interceptor_realloc ?: __libc_realloc)(at, size);
}

/* json-c 0.16 uses the copy of a key without a check. */
static bool is_unchecked(void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) != 0 && info.dli_fname && strstr(info.dli_fname, "libjson-c");
}

/* Those of ASan do not call malloc(). */
char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = is_unchecked(__builtin_return_address(0))
			     ? (__interceptor_malloc ?: __libc_malloc)(size)
			     : malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *strndup(const char *text, size_t most)
{
	size_t length = strnlen(text, most);
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	copy[length] = '\0';
	return memcpy(copy, text, length);
}

#pragma GCC visibility pop

#endif
