/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl kill: send a signal to every process in a container. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "shared/cleanup.h"
#include "values.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

enum {
	SIGNAL,
	NO_NESTED,
};

static const struct option_spec options[] = {
	[SIGNAL] = { "signal", 's', "SIGNAL", "TERM, SIGTERM or 15; default: TERM" },
	[NO_NESTED] = { "no-nested", 0, NULL, "Leave out the processes of nested containers" },
	{ 0 },
};

static const char *const columns[] = { "<NAME", "SIGNAL", ">PROCESSES" };

static int add_kill_row(struct table *table, const char *name, int signal, uint32_t count)
{
	const char *abbreviation = sigabbrev_np(signal);
	int r = table_add(table, name);

	if (r >= 0)
		r = abbreviation ? table_add(table, abbreviation) : table_addf(table, "%d", signal);
	return r < 0 ? r : add_count(table, count);
}

static struct json_object *kill_to_json(const char *name, int signal, uint32_t count)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "name", name);
	json_add_count(object, "signal", (uint64_t)signal);
	json_add_count(object, "processes", count);
	return object;
}

/* As kill(1): "-9" among the operands is a signal. */
static int take_signal(struct args *args, int *ret)
{
	size_t kept = 0;
	int status = STATUS_DONE;

	for (size_t i = 0; i < args->n_operands && status == STATUS_DONE; i++) {
		if (args->operands[i][0] == '-')
			status = read_signal(args->operands[i] + 1, ret);
		else
			args->operands[kept++] = args->operands[i];
	}
	args->n_operands = kept;
	if (status == STATUS_DONE && kept == 0)
		return print_error(STATUS_USAGE,
				   "An argument is missing; usage: rssctl kill NAME...");
	return status;
}

static int kill_all(struct cli *cli, const struct args *args, const struct name_list *names,
		    int signal)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	cleanup_json struct json_object *array = json_object_new_array();
	int status = STATUS_DONE, printed, r = table && array ? 0 : -ENOMEM;
	size_t killed = 0;

	/* Continue after a failure; the status is that of the first. */
	for (size_t i = 0; i < names->count && r >= 0; i++) {
		uint32_t count;
		int failed = end_call(
			cli, rss_kill_with(cli->client, names->list[i], signal,
					   args->values[NO_NESTED] ? RSS_NO_NESTED : 0, &count));

		status = status ?: failed;
		if (failed != STATUS_DONE)
			continue;
		killed++;
		r = add_kill_row(table, names->list[i], signal, count);
		json_object_array_add(array, kill_to_json(names->list[i], signal, count));
	}
	if (killed == 0 && r >= 0)
		return status;
	printed = cli->out.json ? print_json(&cli->out, array)
				: print_table(&cli->out, table, r, false);
	return status ?: printed;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	/* The operands are taken apart: the array of words stays that of @args. */
	struct args rest = *args;
	int signal = SIGTERM, status = STATUS_DONE;

	if (args->values[SIGNAL])
		status = read_signal(args->values[SIGNAL], &signal);
	if (status == STATUS_DONE)
		status = take_signal(&rest, &signal);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status == STATUS_DONE)
		status = expand_names(cli, &rest, AS_GIVEN, false, &names);
	return status == STATUS_DONE ? kill_all(cli, args, &names, signal) : status;
}

DEFINE_VERB(kill) = {
	.name = "kill",
	.order = 130,
	.synopsis = "NAME... [--signal=SIGNAL | -SIGNAL] [--no-nested]",
	.summary = "Send a signal to every process in a container",
	.description =
		"Processes of nested containers and of cgroups inside receive it as well. KILL, TERM and\n"
		"HUP also continue stopped processes and thaw a frozen container, because such processes\n"
		"do not end. A name may be a pattern: 'run-*'.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
