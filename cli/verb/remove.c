/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl remove: remove containers; with --force, kill and remove what is inside first. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/status.h"

enum {
	FORCE,
};

static const struct option_spec options[] = {
	[FORCE] = { "force", 'f', NULL, "Kill the processes inside, and remove nested containers" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	int status = connect_daemon(cli);

	if (status != STATUS_DONE)
		return status;

	/* Continue after a failure; the status is that of the first. */
	for (size_t i = 0; i < args->n_operands; i++) {
		int failed = end_call(cli, rss_remove(cli->client, args->operands[i],
						      args->values[FORCE]));

		/* Status 5 is for limits. A process that does not end in time is an ordinary failure. */
		if (failed == STATUS_REFUSED)
			failed = STATUS_FAILED;
		status = status ?: failed;
	}
	return status;
}

DEFINE_VERB(remove) = {
	.name = "remove",
	.order = 20,
	.synopsis = "NAME... [--force]",
	.summary = "Remove containers",
	.description =
		"Without --force, a container with processes or nested containers is not removed.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
