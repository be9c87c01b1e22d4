/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl detach: move processes back to where they were attached from. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/report.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	cleanup_report struct report report = { 0 };
	cleanup_free pid_t *pids = NULL;
	int status, r;

	status = read_pids(args, 0, &pids);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_detach_pids(cli->client, pids, args->n_operands, &report.rows, &report.count);
	return r < 0 ? fail_call(cli, r) : print_report(&cli->out, &report);
}

DEFINE_VERB(detach) = {
	.name = "detach",
	.order = 110,
	.synopsis = "PID...",
	.summary = "Move processes back to where they were before",
	.description = "Prints what became of each, with the statuses of rssctl attach.",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
