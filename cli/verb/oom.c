/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl oom: list the recorded OOMs, or print the whole record of one. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/name.h"
#include "shared/size.h"
#include "shared/text.h"
#include "values.h"
#include "verb.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/output.h"
#include "view/pager.h"
#include "view/status.h"

enum {
	ID,
};

static const struct option_spec options[] = {
	[ID] = { "id", 'i', "ID", "The whole record of the OOM with this id" },
	{ 0 },
};

static const char *const columns[] = { ">ID", "TIME", "<LIMIT-OF", ">USAGE", ">LIMIT", "VICTIM" };

struct ooms {
	struct rss_oom **list;
	size_t count;
};

static void ooms_done(struct ooms *ooms)
{
	ooms->list = rss_ooms_free(ooms->list, ooms->count);
}

static const char *limit_of(const struct rss_oom *oom)
{
	return oom->container ?: oom->limit_owner;
}

static int add_oom_row(struct table *table, const struct rss_oom *oom)
{
	cleanup_free char *victim = oom_victim_to_text(oom);
	char when[TIME_TEXT_MAX];
	int r;

	if (!victim)
		return -1;
	r = table_addf(table, "%" PRIu64, oom->id);
	r = r < 0 ? r : table_add(table, oom->time ? format_time(oom->time, when) : NULL);
	r = r < 0 ? r : table_add(table, limit_of(oom));
	r = r < 0 ? r : add_usage(table, oom->usage);
	r = r < 0 ? r : add_usage(table, oom->limit);
	return r < 0 ? r : table_add(table, victim);
}

static int print_ooms_table(struct cli *cli, const struct ooms *ooms)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = 0;

	for (size_t i = 0; table && i < ooms->count && r >= 0; i++)
		r = add_oom_row(table, ooms->list[i]);
	return print_table(&cli->out, table, r, true);
}

static int print_ooms_json(const struct cli *cli, const struct ooms *ooms)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < ooms->count; i++)
		json_object_array_add(array, oom_to_json(ooms->list[i]));
	return print_json(&cli->out, array);
}

static void print_size(const char *key, uint64_t bytes)
{
	char size[SIZE_TEXT_MAX];

	printf("%15s: %s\n", key, bytes == RSS_ABSENT ? "-" : size_format(bytes, size));
}

static void print_number(const char *key, uint64_t number)
{
	if (number == RSS_ABSENT)
		printf("%15s: -\n", key);
	else
		printf("%15s: %" PRIu64 "\n", key, number);
}

static int print_processes(struct cli *cli, const struct rss_oom *oom)
{
	static const char *const headings[] = { ">PID", ">UID", ">RESIDENT", "COMMAND" };
	cleanup_table struct table *table = table_new(ARRAY_SIZE(headings), headings);
	int r = 0;

	if (!oom->n_processes)
		return STATUS_DONE;
	puts("\nThe largest processes at the OOM:");
	for (size_t i = 0; table && i < oom->n_processes && r >= 0; i++) {
		const struct rss_process *p = &oom->processes[i];

		r = table_addf(table, "%d", (int)p->pid);
		r = r < 0 ? r
			  : add_count(table, p->uid == (uid_t)-1 ? RSS_ABSENT : (uint64_t)p->uid);
		r = r < 0 ? r : add_usage(table, p->resident);
		r = r < 0 ? r : table_add(table, p->command);
	}
	return print_table(&cli->out, table, r, false);
}

static int print_oom(struct cli *cli, const struct rss_oom *oom)
{
	cleanup_free char *text = oom_to_text(oom);
	char when[TIME_TEXT_MAX];

	if (!text)
		return fail_memory();
	text_make_safe(text);
	print_number("ID", oom->id);
	printf("%15s: %s\n", "Time", oom->time ? format_time(oom->time, when) : "-");
	printf("%15s: %s\n", "What", text);
	printf("%15s: %s\n", "Limit of", limit_of(oom) ?: "-");
	printf("%15s: %s\n", "Control group", oom->limit_owner ?: "-");
	print_size("Usage", oom->usage);
	print_size("Limit", oom->limit);
	printf("%15s: %s\n", "Kills", oom->group ? "all of the container" : "one process");
	puts("\nReclaim since the previous OOM:");
	print_number("Limit met", oom->failures);
	print_size("Taken back", oom->reclaimed);
	print_number("Pages scanned", oom->scanned);
	puts("\nMemory that was left:");
	print_size("Anonymous", oom->anonymous);
	print_size("File", oom->file);
	print_size("Shmem", oom->shmem);
	print_size("Mapped", oom->mapped);
	print_size("Kernel", oom->kernel);
	print_size("Locked", oom->locked);
	print_size("Free swap", oom->swap_free);
	return print_processes(cli, oom);
}

static int print_oom_by_id(struct cli *cli, const struct ooms *ooms, uint64_t id)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < ooms->count; i++) {
		if (ooms->list[i]->id != id)
			continue;
		if (!cli->out.json)
			return print_oom(cli, ooms->list[i]);
		if (array)
			json_object_array_add(array, oom_to_json(ooms->list[i]));
		return print_json(&cli->out, array);
	}
	return print_error(STATUS_NOT_FOUND,
			   "No such OOM: %" PRIu64 "; rssctl oom lists the recorded ones", id);
}

static int run(struct cli *cli, const struct args *args)
{
	const char *name = args->n_operands ? args->operands[0] : NULL;
	cleanup_(ooms_done) struct ooms ooms = { 0 };
	int status = STATUS_DONE, r;
	uint64_t id = 0;

	if (args->values[ID])
		status = read_number("The id", args->values[ID], INT64_MAX, &id);
	if (status == STATUS_DONE && name && name_problem(name))
		status = print_error(STATUS_USAGE, "Invalid name \"%s\": it %s", name,
				     name_problem(name));
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_list_ooms(cli->client, name, &ooms.list, &ooms.count);
	if (r < 0)
		return fail_call(cli, r);
	if (args->values[ID])
		return print_oom_by_id(cli, &ooms, id);
	return cli->out.json ? print_ooms_json(cli, &ooms) : print_ooms_table(cli, &ooms);
}

DEFINE_VERB(oom) = {
	.name = "oom",
	.order = 190,
	.synopsis = "[NAME] [--id=ID]",
	.summary = "Show the recorded OOMs and their causes",
	.description =
		"Lists the OOMs of a container, or all, the oldest first, including those of removed\n"
		"containers. The id is the sequence number of the event. With --id: the container whose\n"
		"limit was hit, the victim, the reclaim before, and the largest processes.",
	.options = options,
	.max_operands = 1,
	.run = run,
};
