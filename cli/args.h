/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, parsed by the option tables of the verbs. Options may be
 * anywhere before "--" or the command; if one is repeated, the last one counts.
 */
#ifndef RSSCTL_ARGS_H
#define RSSCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "librss/settings.h"
#include "verb.h"

#define OPTIONS_MAX 8

struct args {
	const struct verb *verb; /* NULL: none was named */
	/* The verb's options, in the order of its table; "" for a flag, NULL: not given. */
	const char *values[OPTIONS_MAX];
	/* The same for SETTINGS_OPTIONS, in the order of cli_settings. */
	const char *settings[CLIENT_SETTINGS_MAX];
	const char **operands;
	size_t n_operands;
	/* The values of the verb's option that may be given several times, in their order. */
	const char **repeated;
	size_t n_repeated;
	char **command; /* for verbs that take one: see synopsis; NULL: none was given */

	/* Options of rssctl itself. */
	const char *json;   /* "": --json without a mode */
	const char *output; /* of --output */
	const char *host;
	bool no_legend, no_pager, full, quiet, no_ask_password, help, version;
};

extern const struct option_spec global_options[];

/*
 * Finds the verb of a command line, and which word it is. Returns the first word that is not one of
 * rssctl: "--", the first of a command, or @argc.
 */
int args_find(struct args *args, const struct verb *const verbs[], int argc, char **argv,
	      int *ret_verb_at);

/* The option that a word is, or NULL; and whether its value is the next word. */
const struct option_spec *args_option(struct args *args, const char *word);
bool args_value_follows(struct args *args, const char *word);

/* Returns STATUS_DONE, or STATUS_USAGE after printing what is wrong. */
int args_parse(struct args *args, const struct verb *const verbs[], int argc, char **argv);
void args_done(struct args *args);

#endif
