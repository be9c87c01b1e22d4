/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that declare containers, as rssctl cat and edit find them. */
#ifndef RSSCTL_DECLARATION_H
#define RSSCTL_DECLARATION_H

#include "shared/cleanup.h"

struct cli;

struct declaration {
	char *path;
	char *text; /* NULL: there is no such file yet */
};

void declaration_done(struct declaration *declaration);

/*
 * Finds the file that declares @name. If there is none, the path is that of a new one, and the
 * text is NULL. After connect_daemon(). Returns the status.
 */
int declaration_find(struct cli *cli, const char *name, struct declaration *ret);

#endif
