/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl help: the list of verbs, or the help of one. */
#include "args.h"
#include "help.h"
#include "verb.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	const struct verb *verb = NULL;

	if (args->n_operands) {
		verb = verb_find(cli->verbs, args->operands[0]);
		if (!verb)
			return print_error(STATUS_USAGE, "Unknown verb \"%s\"; see: rssctl --help",
					   args->operands[0]);
	}
	print_help(cli->verbs, verb);
	return STATUS_DONE;
}

DEFINE_VERB(help) = {
	.name = "help",
	.order = 260,
	.synopsis = "[VERB]",
	.summary = "Print help",
	.max_operands = 1,
	.run = run,
};
