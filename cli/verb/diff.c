/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl diff: compare the declared, the stored and the kernel's settings. */
#include "connect.h"
#include "librss/rss.h"
#include "settings.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/setting.h"
#include "view/status.h"

static const char *const columns[] = { "<NAME", "SETTING", ">DECLARED", ">SET", ">KERNEL" };

struct differences {
	struct rss_difference *rows;
	size_t count;
};

static void differences_done(struct differences *differences)
{
	differences->rows = rss_differences_free(differences->rows, differences->count);
}

static int add_difference(struct table *table, const struct rss_difference *difference)
{
	int r = 0;

	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if (r < 0 || !(difference->differs & setting->bit))
			continue;
		r = table_add(table, difference->name);
		r = r < 0 ? r : table_add(table, setting->option.name);
		r = r < 0 ? r : add_setting(table, &difference->declared, client);
		r = r < 0 ? r : add_setting(table, &difference->stored, client);
		r = r < 0 ? r : add_setting(table, &difference->kernel, client);
	}
	return r < 0 ? r : add_drift(table, difference, true);
}

static int print_differences_table(struct cli *cli, const struct differences *differences)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = 0;

	for (size_t i = 0; table && i < differences->count && r >= 0; i++)
		r = add_difference(table, &differences->rows[i]);
	return print_table(&cli->out, table, r, true);
}

static int print_differences_json(const struct cli *cli, const struct differences *differences)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < differences->count; i++) {
		const struct rss_difference *row = &differences->rows[i];
		struct json_object *object = json_object_new_object();

		json_add_text(object, "name", row->name);
		json_add_settings(object, "declared", &row->declared);
		json_add_settings(object, "set", &row->stored);
		json_add_settings(object, "kernel", &row->kernel);
		json_add_drift(object, row);
		json_object_array_add(array, object);
	}
	return print_json(&cli->out, array);
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(differences_done) struct differences differences = { 0 };
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	r = rss_diff(cli->client, &differences.rows, &differences.count);
	if (r < 0)
		return fail_call(cli, r);
	if (cli->out.json)
		status = print_differences_json(cli, &differences);
	else if (differences.count)
		status = print_differences_table(cli, &differences);
	if (status != STATUS_DONE)
		return status;
	return differences.count ? STATUS_FAILED : STATUS_DONE;
}

DEFINE_VERB(diff) = {
	.name = "diff",
	.order = 80,
	.synopsis = "",
	.summary = "Show differences between declared, saved and kernel settings",
	.description =
		"Compares the files in containers.d, the settings that were set last, and the kernel:\n"
		"its settings, whether the cgroup exists, its OOM killer is on, and it is frozen.\n"
		"Prints the differences; the status is 1 if there are any, else 0.\n"
		"rssctl reload applies changed declarations; rssctl repair restores the kernel.",
	.run = run,
};
