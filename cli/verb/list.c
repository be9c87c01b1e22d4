/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl list: print all containers and their counters. */
#include "args.h"
#include "connect.h"
#include "names.h"
#include "verb.h"
#include "view/container-json.h"
#include "view/container-list.h"
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

static int print_list_table(struct cli *cli, const struct container_list *list)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = 0;

	for (size_t i = 0; table && i < list->count && r >= 0; i++)
		r = add_container_row(table, list->containers[i], cli->out.colour);
	return print_table(&cli->out, table, r, true);
}

static int print_list_json(const struct cli *cli, const struct container_list *list)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < list->count; i++)
		json_object_array_add(array, container_to_json(list->containers[i], false));
	return print_json(&cli->out, array);
}

/* Leaves out the containers that no operand names. They are freed with the others. */
static void keep_selected(struct container_list *list, const struct args *args)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (name_is_selected(list->containers[i]->name, args->operands, args->n_operands))
			list->containers[kept++] = list->containers[i];
	}
	list->count = kept;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_container_list struct container_list list = { 0 };
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	r = rss_list(cli->client, &list.containers, &list.count);
	if (r < 0)
		return fail_call(cli, r);
	keep_selected(&list, args);
	return cli->out.json ? print_list_json(cli, &list) : print_list_table(cli, &list);
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
