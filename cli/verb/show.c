/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl show: print all properties of a container, with its last OOM. */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "settings.h"
#include "shared/cleanup.h"
#include "shared/pressure-trigger.h"
#include "shared/size.h"
#include "shared/text.h"
#include "verb.h"
#include "view/container-json.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/output.h"
#include "view/pager.h"
#include "view/status.h"

enum {
	PROPERTY,
	VALUE,
};

static const struct option_spec options[] = {
	[PROPERTY] = { "property", 'p', "KEY",
		       "Print KEY=VALUE for these keys, separated by commas" },
	[VALUE] = { "value", 0, NULL, "Print only the values" },
	{ 0 },
};

static void print_text(const char *key, const char *text)
{
	print_key(key);
	puts(*text ? text : "-");
}

/* "512.0M (536870912)": rounded, and exact. */
static void print_size(const char *key, uint64_t bytes, const char *no_size)
{
	char buf[SIZE_TEXT_MAX];

	print_key(key);
	if (bytes == RSS_INFINITY)
		puts(no_size);
	else if (bytes < 1024)
		printf("%" PRIu64 "\n", bytes);
	else
		printf("%s (%" PRIu64 ")\n", size_format(bytes, buf), bytes);
}

static void print_count(const char *key, uint64_t count)
{
	print_key(key);
	if (count == RSS_ABSENT)
		puts("-");
	else
		printf("%" PRIu64 "\n", count);
}

static void print_pages(const char *key, uint64_t count)
{
	print_key(key);
	if (count == RSS_ABSENT)
		puts("-");
	else
		printf("%" PRIu64 " page%s\n", count, count == 1 ? "" : "s");
}

static void print_usage(const struct rss_container *c)
{
	char usage[SIZE_TEXT_MAX];

	if (c->usage == RSS_ABSENT || c->limit == RSS_INFINITY || !c->limit) {
		print_size("Usage", c->usage, "-");
		return;
	}
	print_key("Usage");
	printf("%s (%" PRIu64 "), %.0f%% of the limit\n", size_format(c->usage, usage), c->usage,
	       100.0 * (double)c->usage / (double)c->limit);
}

/* The place, if rssd did not create the cgroup. */
static void print_place(const struct rss_container *c)
{
	if (!strcmp(c->place, "own"))
		return;
	print_key("Place");
	printf("%s%s%s%s\n", *c->unit ? "the unit " : "a cgroup of another program", c->unit,
	       c->running ? ""
	       : *c->unit ? ", not running"
			  : ", which does not exist",
	       c->running ? "" : "; its limit is kept");
}

/* The lifetime of the container. */
static void print_kind(const struct rss_container *c)
{
	print_key("Kind");
	if (c->declared)
		puts("declared by a file in containers.d");
	else if (c->transient)
		puts(strcmp(c->place, "own") == 0
			     ? "transient: removed when its last process has left"
			     : "transient: removed when its unit or cgroup is gone");
	else
		puts("kept until it is removed");
}

/* The user who manages it, unless that is root. */
static void print_owner(const struct rss_container *c)
{
	/* The static buffer of getpwuid() is safe: rssctl has one thread. */
	const struct passwd *user = c->owner ? getpwuid(c->owner) : NULL;

	if (!c->owner)
		return;
	print_key("Owner");
	if (user)
		printf("%s (%" PRIu32 ")", user->pw_name, c->owner);
	else
		printf("%" PRIu32, c->owner);
	puts(c->delegated ? ", delegated" : "");
}

static int print_oom(const struct cli *cli, const struct rss_oom *oom)
{
	cleanup_free char *text = NULL;
	char when[TIME_TEXT_MAX];

	print_key("Last OOM");
	if (!oom) {
		puts("-");
		return STATUS_DONE;
	}
	text = oom_to_text(oom);
	if (!text)
		return fail_memory();
	text_make_safe(text);
	if (oom->time)
		printf("%s: ", format_time(oom->time, when));
	printf("%s%s%s\n", cli->out.colour ? "\033[" STYLE_RED "m" : "", text,
	       cli->out.colour ? "\033[0m" : "");
	return STATUS_DONE;
}

/* One rule a line, the first next to the key. */
static void print_rules(const char *const rules[])
{
	for (size_t i = 0; rules && rules[i]; i++) {
		cleanup_free char *rule = strdup(rules[i]);

		if (!rule)
			return;
		text_make_safe(rule);
		if (i == 0)
			print_key("Joined by");
		printf("%*s%s\n", i == 0 ? 0 : VALUE_COLUMN, "", rule);
	}
}

static void print_sizes(const struct rss_container *c)
{
	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if (client_setting_is_size(client) && client_setting_is_there(client, c))
			print_size(setting->label, client_setting_shown(client, c), "infinity");
	}
}

static void print_flags(const struct rss_container *c)
{
	char text[PRESSURE_TRIGGER_TEXT_MAX];

	for_each_cli_setting(setting) {
		const struct client_setting *client = cli_setting_client(setting);

		if (!client_setting_is_flag(client) && !client_setting_is_size(client) &&
		    client_setting_is_there(client, c))
			print_text(setting->label,
				   pressure_trigger_format(client_setting_shown(client, c), text));
		else if (client_setting_is_flag(client))
			print_text(setting->label,
				   client_setting_shown(client, c) ? setting->yes : setting->no);
	}
}

/* "12.05, 3.00, 1.00% in 10, 60, 300 s; 1.235 s in all" */
static void print_pressure(const char *key, const uint64_t averages[3], uint64_t total)
{
	print_key(key);
	if (averages[0] == RSS_ABSENT || total == RSS_ABSENT) {
		puts("-");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (averages[i] == RSS_ABSENT)
			printf("%s-", i ? ", " : "");
		else
			printf("%s%.2f%%", i ? ", " : "", (double)averages[i] / 100);
	}
	printf(" in 10, 60, 300 s; %.3f s in all\n", (double)total / 1e6);
}

/* Absent unless the kernel has pressure stall information for the control group. */
static void print_pressures(const struct rss_container *c)
{
	print_pressure("Pressure some",
		       (const uint64_t[]){ c->pressure_some_avg10, c->pressure_some_avg60,
					   c->pressure_some_avg300 },
		       c->pressure_some);
	print_pressure("Pressure full",
		       (const uint64_t[]){ c->pressure_full_avg10, c->pressure_full_avg60,
					   c->pressure_full_avg300 },
		       c->pressure_full);
}

static int show_for_people(struct cli *cli, const struct rss_container *c)
{
	output_start_pager(&cli->out);
	print_text("Name", c->name);
	print_kind(c);
	print_place(c);
	print_owner(c);
	print_text("Control group", c->control_group);
	print_text("Object", c->object_path);
	print_sizes(c);
	print_rules(c->rules);
	print_flags(c);
	print_key("Processes");
	printf("%" PRIu32 "%s\n", c->processes, c->frozen ? ", frozen" : "");
	print_usage(c);
	print_size("Anonymous", c->anonymous, "-");
	print_size("File", c->file, "-");
	print_size("Shmem", c->shmem, "-");
	print_size("Mapped", c->mapped, "-");
	print_size("Kernel", c->kernel, "-");
	print_size("Locked", c->locked, "-");
	print_size("Swap", c->swap, "-");
	print_size("Zswap", c->zswap, "-");
	print_pressures(c);
	print_size("Peak", c->peak, "-");
	print_count("Failures", c->failures);
	print_size("Reclaimed", c->reclaimed, "-");
	print_pages("Scanned", c->scanned);
	print_pages("Refaults", c->refaults);
	print_count("OOM events", c->oom_events);
	print_count("OOM kills", c->oom_kills);
	return print_oom(cli, c->last_oom);
}

/* "limit=67108864", or with @value_only "67108864". Unknown values are empty. */
static void print_property(const char *key, struct json_object *value, bool value_only)
{
	if (!value_only)
		printf("%s=", key);
	puts(value ? json_object_get_string(value) : "");
}

/* The properties of --property=KEY,KEY, by the keys of --json. */
static int show_properties(struct json_object *object, const char *keys, bool value_only)
{
	cleanup_free char *copy = strdup(keys);
	char *rest = NULL;

	if (!copy || !object)
		return fail_memory();
	for (char *key = strtok_r(copy, ",", &rest); key; key = strtok_r(NULL, ",", &rest)) {
		struct json_object *value;

		if (!json_object_object_get_ex(object, key, &value))
			return print_error(
				STATUS_USAGE,
				"Unknown property \"%s\"; rssctl show NAME --json shows all", key);
		print_property(key, value, value_only);
	}
	return STATUS_DONE;
}

static int show_one(struct cli *cli, const struct args *args, const char *name,
		    struct json_object *array, bool is_first)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	cleanup_json struct json_object *object = NULL;
	int r = rss_get(cli->client, name, &container);

	if (r < 0)
		return fail_call(cli, r);
	if (!cli->out.json && !args->values[PROPERTY]) {
		if (!is_first)
			puts("");
		return show_for_people(cli, container);
	}
	object = container_to_json(container, true);
	if (args->values[PROPERTY])
		return show_properties(object, args->values[PROPERTY], args->values[VALUE]);
	json_object_array_add(array, take_ptr(object));
	return STATUS_DONE;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	cleanup_json struct json_object *array = json_object_new_array();
	int status;

	if (!array)
		return fail_memory();
	if (args->values[VALUE] && !args->values[PROPERTY])
		return print_error(STATUS_USAGE, "--value needs --property");
	status = connect_daemon(cli);
	if (status == STATUS_DONE)
		status = expand_names(cli, args, AS_GIVEN, false, &names);
	for (size_t i = 0; status == STATUS_DONE && i < names.count; i++)
		status = show_one(cli, args, names.list[i], array, i == 0);
	if (status != STATUS_DONE || !cli->out.json || args->values[PROPERTY])
		return status;
	return print_json(&cli->out, array);
}

DEFINE_VERB(show) = {
	.name = "show",
	.alias = "inspect",
	.order = 40,
	.synopsis = "NAME... [--property=KEY,... [--value]]",
	.summary = "Show all properties of a container",
	.description = "A name may be a pattern: 'web*'. The keys are those of --json.",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
