/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RSSCTL_HELP_H
#define RSSCTL_HELP_H

struct verb;

/* Help for a verb, or for rssctl where @verb is NULL, on standard output. */
void print_help(const struct verb *const verbs[], const struct verb *verb);

#endif
