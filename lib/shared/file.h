/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files as text. */
#ifndef RSS_FILE_H
#define RSS_FILE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/cleanup.h"

DEFINE_CLEANUP(DIR *, closedir);

/* A bound for files that others write. */
#define FILE_FOREIGN_MAX (1024 * 1024)
/* For files that only rssd or the kernel writes. */
#define FILE_OWN_MAX SIZE_MAX

/**
 * read_file_at() - a whole file as text
 * @dirfd: the directory
 * @max: the largest length that is read, in bytes
 * @ret: the text and a terminating NUL, to be freed
 * @ret_length: its length without that NUL; may be NULL
 *
 * Return: 0, -EFBIG for a longer file, or another negative errno.
 */
int read_file_at(int dirfd, const char *name, size_t max, char **ret, size_t *ret_length);
/*
 * A file of rssd's own directories, of any length: -EINVAL if it is no regular file, such as a
 * link to a device that never ends, and -ENOENT also for a link to a file that is not there.
 */
int read_own_file_at(int dirfd, const char *name, char **ret, size_t *ret_length);
/* As read_file_at() from a descriptor, from its current offset. */
int read_file(int fd, size_t max, char **ret, size_t *ret_length);

/*
 * Closes a stream of open_memstream(), whose text is @text. Return: 0, or -ENOMEM if the text is
 * not whole; it may be NULL then, and is to be freed in both cases.
 */
int close_text(FILE *out, char *const *text);

/* A filter for scandir(): the files of a directory of declarations, NAME.json without a dot before. */
int is_declaration_file(const struct dirent *entry);

/* Opens the directory of @dirfd again, to list it; NULL with errno set if it cannot. */
DIR *directory_list(int dirfd);

#endif
