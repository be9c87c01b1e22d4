/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl reset-peak: set the peak to the current usage. */
#include "args.h"
#include "librss/rss.h"
#include "names.h"
#include "verb.h"

static int run(struct cli *cli, const struct args *args)
{
	return call_by_names(cli, args, rss_reset_peak);
}

DEFINE_VERB(reset_peak) = {
	.name = "reset-peak",
	.order = 170,
	.synopsis = "NAME...",
	.summary = "Reset the highest usage",
	.description = "Sets the peak that show prints to the current usage.",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
