/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl apply: settings of several containers from a file, all of them or none. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "settings.h"
#include "values.h"
#include "verb.h"
#include "verb/apply-file.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/output.h"
#include "view/setting.h"
#include "view/status.h"

enum {
	MODE,
	TIMEOUT,
	DRY_RUN,
};

static const struct option_spec options[] = {
	[MODE] = { "mode", 'm', "reclaim|refuse|force",
		   "What to do if usage is above a limit; default: reclaim" },
	[TIMEOUT] = { "timeout", 0, "TIME",
		      "For each limit; default: LimitTimeout= in rssd.conf, 30s" },
	[DRY_RUN] = { "dry-run", 0, NULL, "Only print the differences and the forecast" },
	{ 0 },
};

/* The last one only in a dry run. */
static const char *const columns[] = { "<NAME", "SETTING", ">NOW", ">NEW", "FORECAST" };

static int add_change(struct table *table, const struct rss_settings *now,
		      const struct rss_change *change, bool dry_run)
{
	unsigned int differs = client_settings_difference(now, &change->settings);
	int r = 0;

	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if (r < 0 || !(differs & setting->bit))
			continue;
		r = table_add(table, change->name);
		r = r < 0 ? r : table_add(table, setting->option.name);
		r = r < 0 ? r : add_setting(table, now, client);
		r = r < 0 ? r : add_setting(table, &change->settings, client);
		/* Only a limit may need reclaim. */
		if (r >= 0 && dry_run)
			r = table_add(table, setting->bit == RSS_SET_LIMIT
						     ? rss_verdict_name(change->verdict)
						     : "-");
	}
	return r;
}

/* Prints the settings that differ from the current ones. rssd reports a container that is missing. */
static int print_difference(struct cli *cli, const struct settings_file *file,
			    const struct container_list *list, bool dry_run)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns) - !dry_run, columns);
	int r = 0;

	for (size_t i = 0; table && i < file->count; i++) {
		for (size_t j = 0; j < list->count && r >= 0; j++) {
			struct rss_settings now = client_settings_of(list->containers[j]);

			if (!strcmp(list->containers[j]->name, file->changes[i].name))
				r = add_change(table, &now, &file->changes[i], dry_run);
		}
	}
	r = print_table(&cli->out, table, r, false);
	fflush(stdout);
	return r;
}

static struct json_object *difference_to_json(const struct settings_file *file,
					      const struct container_list *list, bool applied)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < file->count; i++) {
		const struct rss_change *change = &file->changes[i];
		struct json_object *object = json_object_new_object();
		struct rss_settings now = { 0 };

		for (size_t j = 0; j < list->count; j++) {
			if (!strcmp(list->containers[j]->name, change->name))
				now = client_settings_of(list->containers[j]);
		}
		json_add_text(object, "name", change->name);
		json_add_settings(object, "before", &now);
		json_add_settings(object, "to", &change->settings);
		json_add_text(object, "outcome",
			      applied ? limit_outcome_name(change->outcome) : NULL);
		json_add_text(object, "forecast",
			      applied ? NULL : rss_verdict_name(change->verdict));
		json_object_array_add(array, object);
	}
	return array;
}

/* The status of a dry run: STATUS_REFUSED if rssd would refuse a limit. */
static int forecast_status(const struct settings_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		if (file->changes[i].verdict == RSS_REFUSES)
			return STATUS_REFUSED;
	}
	return STATUS_DONE;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(settings_file_done) struct settings_file file = { 0 };
	cleanup_json struct json_object *json = NULL;
	enum rss_limit_mode mode = RSS_LIMIT_RECLAIM;
	cleanup_container_list struct container_list list = { 0 };
	bool dry_run = args->values[DRY_RUN];
	uint64_t timeout = 0;
	int status, r;

	status = settings_file_read(args->operands[0], &file);
	if (status == STATUS_DONE && args->values[MODE])
		status = read_limit_mode(args->values[MODE], &mode);
	if (status == STATUS_DONE && args->values[TIMEOUT])
		status = read_timeout(args->values[TIMEOUT], &timeout);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_list(cli->client, &list.containers, &list.count);
	if (r < 0)
		return fail_call(cli, r);
	/* No differences are printed for changes that rssd refuses at once. */
	r = !file.count ? 0 : rss_apply_forecast(cli->client, file.changes, file.count, mode);
	if (r < 0)
		return fail_call(cli, r);
	if (!cli->out.json)
		status = print_difference(cli, &file, &list, dry_run);
	if (status == STATUS_DONE && !dry_run && file.count) {
		r = rss_apply(cli->client, file.changes, file.count, mode, timeout);
		if (r < 0)
			return fail_call(cli, r);
	}
	if (status == STATUS_DONE && cli->out.json) {
		json = difference_to_json(&file, &list, !dry_run);
		status = print_json(&cli->out, json);
	}
	return status == STATUS_DONE && dry_run ? forecast_status(&file) : status;
}

DEFINE_VERB(apply) = {
	.name = "apply",
	.order = 70,
	.synopsis = "FILE [OPTION...]",
	.summary = "Set several containers together, or none of them",
	.description =
		"FILE is a JSON array of objects, each with a name and settings, as in containers.d;\n"
		"- is standard input. The differences are printed first.\n"
		"If one setting is refused, all are restored, also if rssd is killed before it is done.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.changes = true,
	.run = run,
};
