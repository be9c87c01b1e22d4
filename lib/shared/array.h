/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays that grow. */
#ifndef RSS_ARRAY_H
#define RSS_ARRAY_H

#include <stddef.h>

/**
 * array_reserve() - make room for one more member
 * @array: a pointer to the pointer that owns the members; NULL before the first
 * @count: how many there are
 * @allocated: how many fit, 0 before the first; doubles when they are full
 * @size: of one member, bytes
 *
 * Return: 0, or -ENOMEM; then the array is unchanged.
 */
int array_reserve(void *array, size_t count, size_t *allocated, size_t size);

#endif
