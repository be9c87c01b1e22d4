/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays that grow. */
#ifndef RSS_ARRAY_H
#define RSS_ARRAY_H

#include <stddef.h>

/* Makes room for one more member of @size bytes; grows in doublings. */
int array_reserve(void *array, size_t count, size_t *allocated, size_t size);

#endif
