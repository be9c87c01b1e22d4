/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RSSCTL_HELP_H
#define RSSCTL_HELP_H

struct verb;

/*
 * Prints the help of @verb, or of rssctl if it is NULL, on standard output. It
 * is written from the tables that args.c reads the command line by.
 */
void print_help(const struct verb *const verbs[], const struct verb *verb);

#endif
