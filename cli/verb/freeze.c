/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl freeze: stop the processes of a container. */
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
	r = rss_freeze(cli->client, args->operands[0]);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

DEFINE_VERB(freeze) = {
	.name = "freeze",
	.order = 140,
	.synopsis = "NAME",
	.summary = "Stop the processes of a container",
	.description =
		"They keep their memory and stay where they are until thaw lets them go on. Nested\n"
		"containers are frozen with it.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
