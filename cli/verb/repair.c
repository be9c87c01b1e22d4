/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl repair: bring the kernel back to what is set. */
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "settings.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/setting.h"
#include "view/status.h"

static const char *const columns[] = { "<NAME", "SETTING", ">WAS", ">IS" };

/* What was done, in each of the two styles. */
struct repairs {
	struct table *table;
	struct json_object *array;
	int error;
};

/* The settings of which the kernel holds something else than was set. */
static unsigned int drift_of(const struct rss_difference *difference)
{
	unsigned int drift = 0;

	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if ((difference->stored.set & difference->kernel.set & setting->bit) &&
		    client_setting_get(client, &difference->stored) !=
			    client_setting_get(client, &difference->kernel))
			drift |= setting->bit;
	}
	return drift;
}

static void add_repair(struct repairs *repairs, const struct rss_difference *difference,
		       unsigned int drift)
{
	struct json_object *object = json_object_new_object();
	int r = 0;

	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if (r < 0 || !(drift & setting->bit))
			continue;
		r = table_add(repairs->table, difference->name);
		r = r < 0 ? r : table_add(repairs->table, setting->option.name);
		r = r < 0 ? r : add_setting(repairs->table, &difference->kernel, client);
		r = r < 0 ? r : add_setting(repairs->table, &difference->stored, client);
	}
	r = r < 0 ? r : add_drift(repairs->table, difference, false);
	json_add_text(object, "name", difference->name);
	json_add_settings(object, "was", &difference->kernel);
	json_add_settings(object, "is", &difference->stored);
	json_add_drift(object, difference);
	json_object_array_add(repairs->array, object);
	if (r < 0)
		repairs->error = r;
}

/* The first failure is the status; the others are repaired all the same. */
static int repair_all(struct cli *cli, const struct args *args,
		      const struct rss_difference *differences, size_t count,
		      struct repairs *repairs)
{
	int status = STATUS_DONE;

	for (size_t i = 0; i < count; i++) {
		unsigned int drift = drift_of(&differences[i]);
		int r;

		if ((!drift && !differences[i].drift) ||
		    !name_is_selected(differences[i].name, args->operands, args->n_operands))
			continue;
		r = rss_repair(cli->client, differences[i].name);
		if (r < 0)
			status = status ?: fail_call(cli, r);
		else
			add_repair(repairs, &differences[i], drift);
	}
	return status;
}

/* A name without a container is a mistake, though nothing has to be repaired. */
static int check_names(struct cli *cli, const struct args *args)
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	int status = expand_names(cli, args, AS_GIVEN, false, &names);

	for (size_t i = 0; status == STATUS_DONE && i < names.count; i++) {
		struct rss_container *container = NULL;

		status = end_call(cli, rss_get(cli->client, names.list[i], &container));
		rss_container_free(container);
	}
	return status;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	cleanup_json struct json_object *array = json_object_new_array();
	struct repairs repairs = { .table = table, .array = array };
	struct rss_difference *differences = NULL;
	size_t count = 0;
	int status = connect_daemon(cli), r;

	if (!table || !array)
		return fail_memory();
	if (status == STATUS_DONE)
		status = check_names(cli, args);
	if (status != STATUS_DONE)
		return status;
	r = rss_diff(cli->client, &differences, &count);
	if (r < 0)
		return fail_call(cli, r);
	status = repair_all(cli, args, differences, count, &repairs);
	rss_differences_free(differences, count);
	if (cli->out.json)
		return print_json(&cli->out, array) ?: status;
	if (json_object_array_length(array) == 0)
		return status;
	return print_table(&cli->out, table, repairs.error, true) ?: status;
}

DEFINE_VERB(repair) = {
	.name = "repair",
	.order = 85,
	.synopsis = "[NAME...]",
	.summary = "Restore in the kernel what other programs changed",
	.description =
		"Restores the settings that rssd had set, of all containers or of the named ones, and\n"
		"prints what was restored. A removed cgroup is created again, the OOM killer is switched\n"
		"on, and the freezer is set again.",
	.max_operands = OPERANDS_ANY,
	.changes = true,
	.run = run,
};
