/* SPDX-License-Identifier: GPL-2.0 */
/* Small files: the kernel's replies and commands are all text. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <sys/types.h>

int text_write(const char *path, const char *text);	/* 0 or -errno */
int text_writef(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int text_read(const char *path, char *buf, size_t size); /* length or -errno */
long text_number(const char *path);			/* or -errno */
long text_key(const char *path, const char *key);	/* "key value"; -ENOENT */
long proc_status_kb(pid_t pid, const char *key);
long vmstat(const char *key);

#endif
