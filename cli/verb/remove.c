/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl remove: remove containers; with --force, kill and remove what is inside first. */
#include <errno.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "shared/cleanup.h"
#include "verb.h"
#include "view/status.h"

enum {
	FORCE,
	IGNORE_MISSING,
};

static const struct option_spec options[] = {
	[FORCE] = { "force", 'f', NULL, "Kill the processes inside, and remove nested containers" },
	[IGNORE_MISSING] = { "ignore-missing", 0, NULL, "Ignore containers that do not exist" },
	{ 0 },
};

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	int status = connect_daemon(cli);

	if (status == STATUS_DONE)
		status = expand_names(cli, args, NESTED_FIRST, args->values[IGNORE_MISSING] != NULL,
				      &names);
	if (status != STATUS_DONE)
		return status;

	/* Continue after a failure; the status is that of the first. */
	for (size_t i = 0; i < names.count; i++) {
		int r = rss_remove(cli->client, names.list[i], args->values[FORCE]), failed;

		if (r == -ENOENT && args->values[IGNORE_MISSING])
			continue;
		failed = end_call(cli, r);
		/* Status 5 is for limits. A process that does not end in time is an ordinary failure. */
		if (failed == STATUS_REFUSED)
			failed = STATUS_FAILED;
		status = status ?: failed;
	}
	return status;
}

DEFINE_VERB(remove) = {
	.name = "remove",
	.alias = "rm",
	.order = 20,
	.synopsis = "NAME... [--force] [--ignore-missing]",
	.summary = "Remove containers",
	.description =
		"Without --force, a container with processes or nested containers is not removed. A name\n"
		"may be a pattern: 'run-*'.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
