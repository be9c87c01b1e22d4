/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of names that owns them. It must be all zero before the first. */
#ifndef RSSD_NAMES_H
#define RSSD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names {
	char **list;
	size_t count, allocated;
};

/* Appends a copy of @name. Return: 0, or -ENOMEM. */
int names_add(struct names *names, const char *name);

/* Returns true if @name is one of them. */
bool names_have(const struct names *names, const char *name);

/* Frees the names, not @names itself. */
void names_done(struct names *names);

#endif
