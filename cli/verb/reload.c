/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl reload: make rssd read its files again. */
#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	r = rss_reload(cli->client);

	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

DEFINE_VERB(reload) = {
	.name = "reload",
	.order = 240,
	.synopsis = "",
	.summary = "Make rssd read its configuration again",
	.description = "Reads rssd.conf and containers.d; see rssd.conf(5).",
	.run = run,
};
