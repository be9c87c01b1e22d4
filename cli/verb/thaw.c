/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl thaw: continue the processes of a frozen container. */
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
	r = rss_thaw(cli->client, args->operands[0]);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

DEFINE_VERB(thaw) = {
	.name = "thaw",
	.order = 150,
	.synopsis = "NAME",
	.summary = "Let the processes of a frozen container go on",
	.description =
		"Those of nested containers, too, but for containers that were frozen by themselves.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
