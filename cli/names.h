/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of containers on the command line. A name with *, ? or [ is a pattern: it stands for
 * all containers that match it, and in it a slash is matched only by a slash.
 */
#ifndef RSSCTL_NAMES_H
#define RSSCTL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct args;
struct cli;
struct rss_client;

enum name_order {
	AS_GIVEN,
	NESTED_FIRST,
};

struct name_list {
	char **list; /* each name once */
	size_t count;
};

void name_list_done(struct name_list *names);

/* Returns true if @text has a character of patterns, which no name has. */
bool name_is_pattern(const char *text);

/* Returns true if @name is one of @patterns, or if there are none. */
bool name_is_selected(const char *name, const char *const *patterns, size_t count);

/*
 * The containers that the operands name. Asks rssd only if there is a pattern. Returns
 * STATUS_DONE, or another status after printing why: STATUS_NOT_FOUND if a pattern matches none,
 * unless that is @none_is_fine.
 */
int expand_names(struct cli *cli, const struct args *args, enum name_order order, bool none_is_fine,
		 struct name_list *ret);

/*
 * Connects, and makes a call for each container that the operands name. After a failure it goes on.
 * Returns the status of the first failure.
 */
int call_by_names(struct cli *cli, const struct args *args,
		  int (*call)(struct rss_client *client, const char *name));

#endif
