/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl create: a new container, empty. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/status.h"

enum {
	LIMIT,
	HIGH,
	LOW,
	OOM_GROUP,
	TRANSIENT,
};

static const struct option_spec options[] = {
	[LIMIT] = { "limit", 'l', "SIZE", "Hard bound of the resident memory; default: none" },
	[HIGH] = { "high", 0, "SIZE", "Reclaim in the background above this" },
	[LOW] = { "low", 0, "SIZE", "Stop the reclaim in the background below this" },
	[OOM_GROUP] = { "oom-group", 0, NULL,
			"When memory runs out, kill all of it, not one process" },
	[TRANSIENT] = { "transient", 0, NULL, "Remove it when its last process has left" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	struct rss_settings settings;
	int status, r;

	status = read_settings(args->values[LIMIT], args->values[HIGH], args->values[LOW],
			       args->values[OOM_GROUP], &settings);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	if (args->values[TRANSIENT]) {
		settings.set |= RSS_SET_TRANSIENT;
		settings.transient = true;
	}
	r = rss_create(cli->client, args->operands[0], &settings);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

const struct verb verb_create = {
	.name = "create",
	.synopsis = "NAME [OPTION...]",
	.summary = "Create a container",
	.description =
		"A name is made of letters, digits and : _ . @ -, with slashes between the names of\n"
		"nested containers: web/worker1 lies inside web, which must be there first.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
