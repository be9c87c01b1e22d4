/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl ps: list the processes in a container. */
#include <inttypes.h>
#include <pwd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/process.h"
#include "view/status.h"

enum {
	NO_NESTED,
};

static const struct option_spec options[] = {
	[NO_NESTED] = { "no-nested", 0, NULL, "Leave out the processes of nested containers" },
	{ 0 },
};

static const char *const columns[] = { ">PID", "USER", ">RESIDENT", "IN", "COMMAND" };

struct processes {
	struct rss_process *rows;
	size_t count;
};

static void processes_done(struct processes *processes)
{
	processes->rows = rss_processes_free(processes->rows, processes->count);
}

static int add_process(struct table *table, const struct rss_process *process)
{
	/* The static buffer of getpwuid() is safe: rssctl has one thread. */
	const struct passwd *user = getpwuid(process->uid);
	int r = table_addf(table, "%d", (int)process->pid);

	if (r >= 0)
		r = user ? table_add(table, user->pw_name)
			 : table_addf(table, "%u", (unsigned int)process->uid);
	r = r < 0 ? r : add_usage(table, process->resident);
	r = r < 0 ? r : table_add(table, process_place(process));
	return r < 0 ? r : table_add(table, process->command);
}

/* To the table, or for JSON to the array. */
static int add_processes(const struct cli *cli, const struct processes *processes,
			 struct table *table, struct json_object *array)
{
	int r = 0;

	for (size_t i = 0; i < processes->count && r >= 0; i++) {
		if (cli->out.json)
			json_object_array_add(array, process_to_json(&processes->rows[i]));
		else
			r = add_process(table, &processes->rows[i]);
	}
	return r;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	cleanup_json struct json_object *array = json_object_new_array();
	cleanup_(name_list_done) struct name_list names = { 0 };
	unsigned int whom = args->values[NO_NESTED] ? RSS_NO_NESTED : 0;
	int status = connect_daemon(cli), r = 0;

	if (!table || !array)
		return fail_memory();
	if (status == STATUS_DONE)
		status = expand_names(cli, args, AS_GIVEN, false, &names);
	for (size_t i = 0; status == STATUS_DONE && i < names.count && r >= 0; i++) {
		cleanup_(processes_done) struct processes processes = { 0 };

		status = end_call(cli, rss_processes_with(cli->client, names.list[i], whom,
							  &processes.rows, &processes.count));
		r = add_processes(cli, &processes, table, array);
	}
	if (status != STATUS_DONE)
		return status;
	return cli->out.json ? print_json(&cli->out, array)
			     : print_table(&cli->out, table, r, true);
}

DEFINE_VERB(ps) = {
	.name = "ps",
	.order = 50,
	.synopsis = "NAME... [--no-nested]",
	.summary = "List the processes inside a container",
	.description =
		"RESIDENT is the resident memory of the process, whichever container it is charged to.\n"
		"IN is its container, NAME or a nested one, or a cgroup inside that another program\n"
		"created. A name may be a pattern: 'web*'.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
