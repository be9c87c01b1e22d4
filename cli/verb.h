/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a verb is: its words for help and completion, its options, and one
 * function. Each has a file of its name, which holds nothing else; main.c has
 * the table of all.
 */
#ifndef RSSCTL_VERB_H
#define RSSCTL_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "args.h"

struct rss_client;
struct pager;

enum json_mode {
	JSON_OFF,
	JSON_SHORT,
	JSON_PRETTY,
};

/* What the options say that every verb knows, and the way to rssd. */
struct verb;

struct cli {
	const struct verb *const *verbs; /* in the order of help; NULL behind the last */
	enum json_mode json;
	bool legend;
	bool paging;
	bool colour;		   /* on standard output */
	struct rss_client *client; /* after connect_daemon() */
	struct pager *pager;
};

struct verb {
	const char *name;
	const char *synopsis;		   /* behind the name: "NAME [OPTION...]" */
	const char *summary;		   /* one line of rssctl help */
	const char *description;	   /* what --help says more */
	const struct option_spec *options; /* ends with a NULL name; NULL: none */
	size_t min_operands, max_operands;
	bool takes_command; /* behind "--" */

	int (*run)(struct cli *cli, const struct args *args); /* returns the exit status */
};

#define OPERANDS_ANY ((size_t)-1)

/* One of @verbs, which NULL ends; NULL where there is none. */
const struct verb *verb_find(const struct verb *const verbs[], const char *name);

extern const struct verb verb_apply, verb_attach, verb_create, verb_detach, verb_diff, verb_doctor,
	verb_freeze, verb_help, verb_kill, verb_limit, verb_list, verb_metrics, verb_oom, verb_ps,
	verb_reclaim, verb_reload, verb_remove, verb_reset_peak, verb_run, verb_set, verb_show,
	verb_suggest, verb_thaw, verb_top, verb_version, verb_watch;

#endif
