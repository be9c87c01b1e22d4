/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays that grow: see array.h. */
#include "shared/array.h"

#include <assert.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int array_reserve(void *array, size_t count, size_t *allocated, size_t size)
{
	size_t wanted = *allocated ? *allocated * 2 : 16;
	void **members = array, *grown;

	assert(size > 0);
	if (count < *allocated)
		return 0;
	assert(wanted > count);
	grown = reallocarray(*members, wanted, size);
	if (!grown)
		return -ENOMEM;
	*members = grown;
	*allocated = wanted;
	return 0;
}
