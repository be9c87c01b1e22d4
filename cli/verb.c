/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs: see verb.h. */
#include "verb.h"

#include <string.h>

const struct verb *verb_find(const struct verb *const verbs[], const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name) ||
		    (verbs[i]->alias && !strcmp(verbs[i]->alias, name)))
			return verbs[i];
	return NULL;
}
