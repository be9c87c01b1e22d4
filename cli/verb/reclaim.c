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
	uint64_t asked, reclaimed;
	int status, r;

	status = read_size("The size", args->operands[1], &asked);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_reclaim(cli->client, args->operands[0], asked, &reclaimed);
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
	.synopsis = "NAME SIZE",
	.summary = "Reclaim memory from a container now",
	.description =
		"Requests SIZE from the kernel; infinity is as much as possible. Prints the amount that\n"
		"was reclaimed, which may be less, or - if the kernel does not report it. Nothing is killed.",
	.min_operands = 2,
	.max_operands = 2,
	.changes = true,
	.run = run,
};
