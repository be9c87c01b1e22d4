/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RSSCTL_HELP_H
#define RSSCTL_HELP_H

struct verb;

/*
 * Prints the help of @verb, or of rssctl if it is NULL, on standard output. It
 * comes from the tables by which args.c parses the command line.
 */
void print_help(const struct verb *const verbs[], const struct verb *verb);

#endif
