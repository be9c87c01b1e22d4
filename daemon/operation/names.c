/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of containers: see names.h. */
#include "operation/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/array.h"

int names_add(struct names *names, const char *name)
{
	if (array_reserve(&names->list, names->count, &names->allocated, sizeof(*names->list)) < 0)
		return -ENOMEM;
	names->list[names->count] = strdup(name);
	if (!names->list[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return true;
	return false;
}

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
}
