/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl detach: move processes back to where they were attached from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/report.h"
#include "view/status.h"

enum {
	TREE,
	ALL,
};

static const struct option_spec options[] = {
	[TREE] = { "tree", 'r', NULL, "Also detach the descendants of each process" },
	[ALL] = { "all", 'a', NULL, "All processes of the container NAME" },
	{ 0 },
};

/* Processes may fork inside while others are moved: the most times that they are listed. */
#define PASSES_MAX 32

static bool is_reported(const struct report *report, pid_t pid)
{
	for (size_t i = 0; i < report->count; i++) {
		if (report->rows[i].pid == pid)
			return true;
	}
	return false;
}

/* Adds the rows of @more, and leaves it empty. */
static int append_report(struct report *report, struct report *more)
{
	size_t count = report->count + more->count;
	struct rss_report *rows = reallocarray(report->rows, count, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	memcpy(rows + report->count, more->rows, more->count * sizeof(*rows));
	report->rows = rows;
	report->count = count;
	free(more->rows);
	*more = (struct report){ 0 };
	return 0;
}

/* Detaches processes inside that were not tried before. Returns how many, or a negative errno. */
static int detach_pass(struct cli *cli, const char *name, struct report *report)
{
	cleanup_report struct report more = { 0 };
	struct rss_process *processes = NULL;
	cleanup_free pid_t *pids = NULL;
	size_t count = 0, n = 0;
	int r = rss_processes(cli->client, name, &processes, &count);

	if (r < 0)
		return r;
	pids = calloc(count + 1, sizeof(*pids));
	for (size_t i = 0; pids && i < count; i++) {
		if (!is_reported(report, processes[i].pid))
			pids[n++] = processes[i].pid;
	}
	rss_processes_free(processes, count);
	if (!pids)
		return -ENOMEM;
	if (n == 0)
		return 0;
	r = rss_detach_pids(cli->client, pids, n, &more.rows, &more.count);
	if (r >= 0 && more.count > 0)
		r = append_report(report, &more);
	return r < 0 ? r : (int)n;
}

static int detach_all(struct cli *cli, const char *name)
{
	cleanup_report struct report report = { 0 };
	int status = connect_daemon(cli), r = 1;

	if (status != STATUS_DONE)
		return status;
	for (unsigned int pass = 0; r > 0 && pass < PASSES_MAX; pass++)
		r = detach_pass(cli, name, &report);
	return r < 0 ? fail_call(cli, r) : print_report(&cli->out, &report);
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_report struct report report = { 0 };
	cleanup_free pid_t *pids = NULL;
	int status, r;

	if (args->values[ALL]) {
		if (args->n_operands != 1)
			return print_error(STATUS_USAGE, "--all needs the name of one container");
		return detach_all(cli, args->operands[0]);
	}
	status = read_pids(args, 0, &pids);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_detach_with(cli->client, pids, args->n_operands,
			    args->values[TREE] ? RSS_ATTACH_TREE : 0, &report.rows, &report.count);
	return r < 0 ? fail_call(cli, r) : print_report(&cli->out, &report);
}

DEFINE_VERB(detach) = {
	.name = "detach",
	.order = 110,
	.synopsis = "PID... [--tree] | NAME --all",
	.summary = "Move processes back to where they were before",
	.description = "Prints the outcome for each process. The status is that of rssctl attach.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.local = true,
	.run = run,
};
