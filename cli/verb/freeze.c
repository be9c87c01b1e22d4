/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl freeze: stop the processes of a container. */
#include "args.h"
#include "librss/rss.h"
#include "names.h"
#include "verb.h"

static int run(struct cli *cli, const struct args *args)
{
	return call_by_names(cli, args, rss_freeze);
}

DEFINE_VERB(freeze) = {
	.name = "freeze",
	.order = 140,
	.synopsis = "NAME...",
	.summary = "Stop the processes of a container",
	.description =
		"They keep their memory until thaw continues them. Nested containers are frozen as well.",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
