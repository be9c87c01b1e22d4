/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files as text. */
#ifndef RSS_FILE_H
#define RSS_FILE_H

#include <stddef.h>

/**
 * read_file_at() - a whole file as text
 * @dirfd: the folder
 * @ret: the text with a NUL behind it, to be freed
 *
 * -EFBIG for a file over a mebibyte; nothing of ours comes near that.
 */
int read_file_at(int dirfd, const char *name, char **ret, size_t *ret_length);

#endif
