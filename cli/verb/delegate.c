/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl delegate: give a container to a user. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	uint32_t owner;
	int status = read_user(args->operands[1], &owner);

	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	return end_call(cli, rss_delegate(cli->client, args->operands[0], owner));
}

DEFINE_VERB(delegate) = {
	.name = "delegate",
	.order = 25,
	.synopsis = "NAME USER",
	.summary = "Let a user create containers below it",
	.description =
		"The user may create containers below NAME, manage those and attach own processes.\n"
		"The limit of NAME bounds all of them. The user root takes it back.",
	.min_operands = 2,
	.max_operands = 2,
	.changes = true,
	.run = run,
};
