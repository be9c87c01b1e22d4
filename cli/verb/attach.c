/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl attach: running processes move into a container. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/report.h"
#include "view/status.h"

enum {
	TREE,
	DRY_RUN,
};

static const struct option_spec options[] = {
	[TREE] = { "tree", 't', NULL, "The descendants of each process, too" },
	[DRY_RUN] = { "dry-run", 0, NULL, "Only say what would become of each" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	cleanup_report struct report report = { 0 };
	cleanup_free pid_t *pids = NULL;
	int status, r;

	status = read_pids(args, 1, &pids);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = (args->values[DRY_RUN] ? rss_attach_preview : rss_attach_pids)(
		cli->client, args->operands[0], pids, args->n_operands - 1, args->values[TREE],
		&report.rows, &report.count);
	return r < 0 ? fail_call(cli, r) : print_report(&cli->out, &report);
}

const struct verb verb_attach = {
	.name = "attach",
	.synopsis = "NAME PID... [--tree] [--dry-run]",
	.summary = "Move running processes into a container",
	.description =
		"Prints what became of each. The status is 1 where one was refused, and 3 where\n"
		"all of them had ended. What a process has mapped already stays charged where it was.\n"
		"With --tree every living descendant is inside when it is done, or it fails and says so.",
	.options = options,
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
