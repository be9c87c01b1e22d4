/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl list: print all containers and their counters. */
#include "args.h"
#include "connect.h"
#include "names.h"
#include "verb.h"
#include "view/container-json.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"
#include "view/top-order.h"

static const char *const columns[] = {
	"<NAME", ">LIMIT", ">USAGE", ">PEAK", ">PROCESSES", ">FAILURES", ">RECLAIMED", ">OOM-KILLS",
};

/* In colour: a usage near the limit, and processes that an OOM killed. */
static int add_container_row(struct table *table, const struct rss_container *c, bool colour)
{
	int r = table_add(table, c->name);

	r = r < 0 ? r : add_limit(table, c->limit);
	r = r < 0 ? r : add_usage(table, c->usage);
	if (colour && top_used(c) != RSS_ABSENT && top_used(c) >= USAGE_NEAR)
		table_style(table, usage_style(top_used(c)));
	r = r < 0 ? r : add_usage(table, c->peak);
	r = r < 0 ? r : add_count(table, c->processes);
	r = r < 0 ? r : add_count(table, c->failures);
	r = r < 0 ? r : add_usage(table, c->reclaimed);
	r = r < 0 ? r : add_count(table, c->oom_kills);
	if (colour && c->oom_kills && c->oom_kills != RSS_ABSENT)
		table_style(table, STYLE_RED);
	return r;
}

/* What is printed: a table or an array. */
struct rows {
	const struct cli *cli;
	const struct args *args;
	struct table *table;
	struct json_object *array;
	int error;
};

static int add_container(const struct rss_container *c, void *userdata)
{
	struct rows *rows = userdata;

	if (!name_is_selected(c->name, rows->args->operands, rows->args->n_operands))
		return 0;
	if (rows->array)
		rows->error = json_object_array_add(rows->array, container_to_json(c, false));
	else
		rows->error = add_container_row(rows->table, c, rows->cli->out.colour);
	return rows->error;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_table struct table *table = NULL;
	cleanup_json struct json_object *array = NULL;
	struct rows rows = { .cli = cli, .args = args };
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	if (cli->out.json)
		rows.array = array = json_object_new_array();
	else
		rows.table = table = table_new(ARRAY_SIZE(columns), columns);
	if (!table && !array)
		return fail_memory();
	r = rss_for_each(cli->client, add_container, &rows);
	if (r < 0 && !rows.error)
		return fail_call(cli, r);
	return array ? print_json(&cli->out, rows.error ? NULL : array)
		     : print_table(&cli->out, table, rows.error, true);
}

DEFINE_VERB(list) = {
	.name = "list",
	.alias = "ls",
	.order = 30,
	.synopsis = "[NAME...]",
	.summary = "List the containers and their counters",
	.description =
		"A counter that this kernel's controller lacks is shown as -; see rssctl doctor. A name\n"
		"may be a pattern: 'web*'.",
	.max_operands = OPERANDS_ANY,
	.run = run,
};
