/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl set: change several settings of a container, all or none. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "read-settings.h"
#include "verb.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	struct rss_settings settings = { 0 };
	int status;

	for (size_t i = 1; i < args->n_operands; i++) {
		status = cli_settings_read_word(args->operands[i], &settings);
		if (status != STATUS_DONE)
			return status;
	}
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	return end_call(cli, rss_set(cli->client, args->operands[0], &settings));
}

DEFINE_VERB(set) = {
	.name = "set",
	.order = 90,
	.synopsis = "NAME KEY=VALUE...",
	.summary = "Change settings of a container, all or none",
	.description = "A limit below usage reclaims, as with rssctl limit, which has more options.",
	.settings = SETTINGS_WORDS,
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
