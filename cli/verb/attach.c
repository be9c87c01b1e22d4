/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl attach: move running processes into a container. */
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
	LEAVE_UNIT,
};

static const struct option_spec options[] = {
	[TREE] = { "tree", 'r', NULL, "Also attach the descendants of each process" },
	[DRY_RUN] = { "dry-run", 0, NULL, "Only print what would happen to each process" },
	[LEAVE_UNIT] = { "leave-unit", 0, NULL,
			 "On a unified cgroup tree, remove processes from their systemd unit" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	cleanup_report struct report report = { 0 };
	cleanup_free pid_t *pids = NULL;
	unsigned int how;
	int status, r;

	status = read_pids(args, 1, &pids);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	how = (args->values[TREE] ? RSS_ATTACH_TREE : 0) |
	      (args->values[DRY_RUN] ? RSS_ATTACH_DRY_RUN : 0) |
	      (args->values[LEAVE_UNIT] ? RSS_ATTACH_LEAVE_UNIT : 0);
	r = rss_attach_with(cli->client, args->operands[0], pids, args->n_operands - 1, how,
			    &report.rows, &report.count);
	return r < 0 ? fail_call(cli, r) : print_report(&cli->out, &report);
}

DEFINE_VERB(attach) = {
	.name = "attach",
	.order = 100,
	.synopsis = "NAME PID... [--tree] [--dry-run] [--leave-unit]",
	.summary = "Move running processes into a container",
	.description =
		"Prints the outcome for each process. The status is 1 if one was refused, and 3 if all\n"
		"had ended. Pages that a process has mapped already stay charged where they are.\n"
		"With --tree every living descendant is inside at the end, or the command fails.\n"
		"With the controller memory-v2 an attached process leaves its systemd unit, with the\n"
		"unit's filters and limits: this needs root and --leave-unit.",
	.options = options,
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.local = true,
	.run = run,
};
