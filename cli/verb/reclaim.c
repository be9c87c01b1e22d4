/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl reclaim: reclaim memory from a container now. */
#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "values.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

enum {
	SWAPPINESS,
};

static const struct option_spec options[] = {
	[SWAPPINESS] = { "swappiness", 0, "N", "0 swaps nothing, 200 prefers to swap" },
	{ 0 },
};

static const char *const columns[] = { "<NAME", ">ASKED", ">RECLAIMED" };

static int print_reclaimed_table(struct cli *cli, const char *name, uint64_t asked,
				 uint64_t reclaimed)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = table ? table_add(table, name) : 0;

	r = !table || r < 0 ? r : add_limit(table, asked);
	r = !table || r < 0 ? r : add_usage(table, reclaimed);
	return print_table(&cli->out, table, r, false);
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_json struct json_object *object = NULL;
	uint64_t asked, reclaimed, swappiness = 0;
	int status, r;

	status = read_size("The size", args->operands[1], &asked);
	if (status == STATUS_DONE && args->values[SWAPPINESS])
		status = read_number("The swappiness", args->values[SWAPPINESS], 200, &swappiness);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = args->values[SWAPPINESS]
		    ? rss_reclaim_swappiness(cli->client, args->operands[0], asked,
					     (unsigned int)swappiness, &reclaimed)
		    : rss_reclaim(cli->client, args->operands[0], asked, &reclaimed);
	if (r < 0)
		return fail_call(cli, r);
	if (!cli->out.json)
		return print_reclaimed_table(cli, args->operands[0], asked, reclaimed);
	object = json_object_new_object();
	json_add_text(object, "name", args->operands[0]);
	json_add_limit(object, "asked", asked);
	json_add_count(object, "reclaimed", reclaimed);
	return print_json(&cli->out, object);
}

DEFINE_VERB(reclaim) = {
	.name = "reclaim",
	.order = 160,
	.synopsis = "NAME SIZE [--swappiness=N]",
	.summary = "Reclaim memory from a container now",
	.description =
		"Requests SIZE from the kernel; infinity is as much as possible. Prints the amount that\n"
		"was reclaimed, which may be less, or - if the kernel does not report it. Nothing is killed.",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.changes = true,
	.run = run,
};
