/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl set: change several settings of a container, all or none. */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "read-settings.h"
#include "relative-limit.h"
#include "shared/cleanup.h"
#include "verb.h"
#include "view/status.h"

/* Returns the rule of the word join=RULE, "" for none, or NULL for another word. */
static const char *rule_of(const char *word)
{
	return strncmp(word, "join=", strlen("join=")) == 0 ? word + strlen("join=") : NULL;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_free const char **rules = calloc(args->n_operands + 1, sizeof(*rules));
	struct rss_settings settings = { 0 };
	const char *change = NULL; /* of the limit */
	size_t n_rules = 0;
	int status;

	if (!rules)
		return fail_memory();
	for (size_t i = 1; i < args->n_operands; i++) {
		const char *rule = rule_of(args->operands[i]);

		if (rule) {
			settings.set |= RSS_SET_JOIN;
			settings.join = rules;
			if (*rule)
				rules[n_rules++] = rule;
			continue;
		}
		if (!strncmp(args->operands[i], "limit=", 6) &&
		    limit_is_relative(args->operands[i] + 6)) {
			change = args->operands[i] + 6;
			continue;
		}
		status = cli_settings_read_word(args->operands[i], &settings);
		if (status != STATUS_DONE)
			return status;
	}
	status = connect_daemon(cli);
	if (status == STATUS_DONE && change) {
		settings.set |= RSS_SET_LIMIT;
		status = limit_read_relative(cli, args->operands[0], change, &settings.limit);
	}
	if (status != STATUS_DONE)
		return status;
	return end_call(cli, rss_set(cli->client, args->operands[0], &settings));
}

DEFINE_VERB(set) = {
	.name = "set",
	.order = 90,
	.synopsis = "NAME KEY=VALUE...",
	.summary = "Change settings of a container, all or none",
	.description =
		"A limit below usage reclaims, as with rssctl limit, which has more options; limit=+10M\n"
		"and limit=-10% change the limit in force.\n"
		"join=RULE, which may be repeated, sets the rules by which processes join, in the form\n"
		"of rssctl create --join; join= removes them.",
	.settings = SETTINGS_WORDS,
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
