/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl reset-peak: set the peak to the current usage. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/output.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	r = rss_reset_peak(cli->client, args->operands[0]);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

DEFINE_VERB(reset_peak) = {
	.name = "reset-peak",
	.order = 170,
	.synopsis = "NAME",
	.summary = "Count the highest usage anew",
	.description = "The peak that show prints begins with the usage of now.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
