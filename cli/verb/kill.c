/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl kill: send a signal to every process in a container. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
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

static int print_kill_table(struct cli *cli, const char *name, int signal, uint32_t count)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	const char *abbreviation = sigabbrev_np(signal);
	int r = table ? table_add(table, name) : 0;

	if (table && r >= 0)
		r = abbreviation ? table_add(table, abbreviation) : table_addf(table, "%d", signal);
	r = !table || r < 0 ? r : add_count(table, count);
	return print_table(&cli->out, table, r, false);
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_json struct json_object *object = NULL;
	int signal = SIGTERM, status, r;
	uint32_t count;

	if (args->values[SIGNAL]) {
		status = read_signal(args->values[SIGNAL], &signal);
		if (status != STATUS_DONE)
			return status;
	}
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_kill_with(cli->client, args->operands[0], signal,
			  args->values[NO_NESTED] ? RSS_NO_NESTED : 0, &count);
	if (r < 0)
		return fail_call(cli, r);
	if (!cli->out.json)
		return print_kill_table(cli, args->operands[0], signal, count);
	object = json_object_new_object();
	json_add_text(object, "name", args->operands[0]);
	json_add_count(object, "signal", (uint64_t)signal);
	json_add_count(object, "processes", count);
	return print_json(&cli->out, object);
}

DEFINE_VERB(kill) = {
	.name = "kill",
	.order = 130,
	.synopsis = "NAME [--signal=SIGNAL] [--no-nested]",
	.summary = "Send a signal to every process in a container",
	.description =
		"Processes of nested containers and of cgroups inside receive it as well. KILL, TERM and\n"
		"HUP also continue stopped processes and thaw a frozen container, because such processes\n"
		"do not end.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
