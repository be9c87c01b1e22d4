/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl create: make a new, empty container. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "read-settings.h"
#include "verb.h"
#include "view/status.h"

enum {
	TRANSIENT,
};

static const struct option_spec options[] = {
	[TRANSIENT] = { "transient", 0, NULL, "Remove it when its last process has left" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	struct rss_settings settings;
	int status;

	status = cli_settings_read_options(args, &settings);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	if (args->values[TRANSIENT]) {
		settings.set |= RSS_SET_TRANSIENT;
		settings.transient = true;
	}
	return end_call(cli, rss_create(cli->client, args->operands[0], &settings));
}

DEFINE_VERB(create) = {
	.name = "create",
	.order = 10,
	.synopsis = "NAME [OPTION...]",
	.summary = "Create a container",
	.description =
		"A name is made of letters, digits and : _ . @ -, with slashes between the names of\n"
		"nested containers: web/worker1 lies inside web, which must be there first.",
	.options = options,
	.settings = SETTINGS_OPTIONS,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
