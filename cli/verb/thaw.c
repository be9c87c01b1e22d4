/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl thaw: continue the processes of a frozen container. */
#include "args.h"
#include "librss/rss.h"
#include "names.h"
#include "verb.h"

static int run(struct cli *cli, const struct args *args)
{
	return call_by_names(cli, args, rss_thaw);
}

DEFINE_VERB(thaw) = {
	.name = "thaw",
	.alias = "unfreeze",
	.order = 150,
	.synopsis = "NAME...",
	.summary = "Continue the processes of a frozen container",
	.description = "Nested containers are thawed too, unless they were frozen individually.",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
