/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verb: its texts for help and completion, its options, and one function. Each
 * verb is in a file of its name in cli/verb, and nothing else names it.
 */
#ifndef RSSCTL_VERB_H
#define RSSCTL_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "view/output.h"

struct args;
struct rss_client;
struct verb;

/* The context of a verb: its output, and the connection to rssd. */
struct cli {
	const struct verb *const *verbs; /* in the order of help; ends with NULL */
	struct output out;
	struct rss_client *client; /* after connect_daemon() */
	const char *host;	   /* NULL: this machine */
	bool may_ask;		   /* polkit may ask the user for a password */
	pid_t password_agent;	   /* 0: none runs */
};

struct option_spec {
	const char *name;  /* "limit": --limit */
	char letter;	   /* 'l': -l; 0: none */
	const char *value; /* "SIZE": what help calls it; "NAME...": may be repeated; NULL: a flag */
	const char *help;
};

/* How a verb takes the settings of a container: see cli_settings. */
enum verb_settings {
	SETTINGS_NONE,
	SETTINGS_OPTIONS, /* --limit=SIZE: args->settings has them */
	SETTINGS_WORDS,	  /* limit=SIZE, among its operands */
};

struct verb {
	const char *name;
	const char *alias;		   /* a second name; NULL: none */
	unsigned int order;		   /* in rssctl help: lower numbers come first */
	const char *synopsis;		   /* after the name: "NAME [OPTION...]" */
	const char *summary;		   /* one line of rssctl help */
	const char *description;	   /* the further text of --help; NULL: none */
	const struct option_spec *options; /* ends with a NULL name; NULL: none */
	enum verb_settings settings;
	size_t min_operands, max_operands;
	bool hidden;	    /* for programs: not in the help */
	bool takes_command; /* after "--", or after its operands */
	bool changes;	    /* polkit may want a password for it */
	bool local;	    /* it needs processes or files of this machine: not with --host */

	int (*run)(struct cli *cli, const struct args *args); /* returns the exit status */
};

#define OPERANDS_ANY ((size_t)-1)

/* Returns the verb of that name or alias in @verbs, which ends with NULL, or NULL. */
const struct verb *verb_find(const struct verb *const verbs[], const char *name);

/*
 * DEFINE_VERB(kill) = { .name = "kill", ... }; defines a verb. main.c, the help and the
 * completion find it in a section of the linker.
 */
#define DEFINE_VERB(id)                                                      \
	static const struct verb verb_##id;                                  \
	static const struct verb *const verb_entry_##id                      \
		__attribute__((used, section("rssctl_verbs"))) = &verb_##id; \
	static const struct verb verb_##id

#endif
