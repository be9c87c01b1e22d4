/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl status: what a container is, how full, what happened last, and its processes as a tree.
 * Unlike show, which has every property, it answers "how is it?".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "shared/array.h"
#include "shared/cleanup.h"
#include "shared/size.h"
#include "shared/text.h"
#include "verb.h"
#include "view/bar.h"
#include "view/container-json.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/output.h"
#include "view/process.h"
#include "view/setting.h"
#include "view/status.h"

#define BAR_COLUMNS 20
/* More processes than this are only counted, except with --full. */
#define PROCESSES_SHOWN 20

/* All that is asked about one container. */
struct state {
	struct rss_container *container;
	struct rss_process *processes;
	size_t n_processes;
	struct rss_difference *differences; /* of all containers */
	size_t n_differences;
};

static void state_done(struct state *state)
{
	state->container = rss_container_free(state->container);
	state->processes = rss_processes_free(state->processes, state->n_processes);
	state->differences = rss_differences_free(state->differences, state->n_differences);
}

static int state_read(struct cli *cli, const char *name, struct state *ret)
{
	int r = rss_get(cli->client, name, &ret->container);

	if (r >= 0)
		r = rss_processes(cli->client, name, &ret->processes, &ret->n_processes);
	return r < 0 ? r : rss_diff(cli->client, &ret->differences, &ret->n_differences);
}

/* What differs between rssd and the kernel, or NULL. */
static const struct rss_difference *find_difference(const struct state *state)
{
	for (size_t i = 0; i < state->n_differences; i++)
		if (!strcmp(state->differences[i].name, state->container->name))
			return &state->differences[i];
	return NULL;
}

/* --- for people -------------------------------------------------------------- */

static void print_heading(const struct cli *cli, const struct rss_container *c)
{
	bool worry = !c->running || c->frozen;

	printf("%s%s%s %s",
	       cli->out.colour ? (worry ? "\033[" STYLE_YELLOW "m" : "\033[" STYLE_GREEN "m") : "",
	       cli->out.utf8 ? "●" : "*", cli->out.colour ? "\033[0m" : "", c->name);
	if (*c->unit)
		printf(" - unit %s", c->unit);
	else if (strcmp(c->place, "own") != 0)
		printf(" - cgroup %s", c->control_group);
	else
		printf(" - %s", c->declared    ? "declared"
				: c->transient ? "transient"
					       : "permanent");
	printf("%s%s\n", c->running ? "" : ", not running", c->frozen ? ", frozen" : "");
}

static void print_limits(const struct rss_container *c)
{
	char limit[SIZE_TEXT_MAX], high[SIZE_TEXT_MAX], low[SIZE_TEXT_MAX];

	print_key("Limit");
	printf("%s", size_format(c->limit, limit));
	if (c->wmark_high != RSS_INFINITY)
		printf(", background reclaim from %s to %s", size_format(c->wmark_high, high),
		       size_format(c->wmark_low, low));
	puts(c->oom_group ? ", an OOM kills all processes" : "");
}

static void print_usage(const struct cli *cli, const struct rss_container *c)
{
	char bar[BAR_TEXT_MAX], usage[SIZE_TEXT_MAX], peak[SIZE_TEXT_MAX];
	double percent = 100.0 * (double)c->usage / (double)(c->limit ?: 1);

	print_key("Usage");
	if (c->usage == RSS_ABSENT) {
		puts("-");
		return;
	}
	if (c->limit != RSS_INFINITY) {
		bar_draw(c->usage, c->limit, BAR_NO_MARK, BAR_NO_MARK, BAR_COLUMNS, cli->out.utf8,
			 bar);
		printf("%s%s%s %.0f%%, ",
		       !cli->out.colour ? ""
		       : percent >= 95	? "\033[" STYLE_RED "m"
					: "\033[" STYLE_GREEN "m",
		       bar, cli->out.colour ? "\033[0m" : "", percent);
	}
	printf("%s", size_format(c->usage, usage));
	if (c->peak != RSS_ABSENT)
		printf(", peak %s", size_format(c->peak, peak));
	puts("");
}

/* "anonymous 47.7M, file 12.0K": the parts that the controller reports and that are not 0. */
static void print_parts(const struct rss_container *c)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} parts[] = {
		{ "anonymous", c->anonymous }, { "file", c->file },	{ "shmem", c->shmem },
		{ "kernel", c->kernel },       { "locked", c->locked },
	};
	const char *before = "";
	char size[SIZE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].bytes == RSS_ABSENT || parts[i].bytes == 0)
			continue;
		if (!*before)
			print_key("Memory");
		printf("%s%s %s", before, parts[i].name, size_format(parts[i].bytes, size));
		before = ", ";
	}
	if (*before)
		puts("");
}

static void print_count(const char *before, uint64_t count, const char *one, const char *several)
{
	printf("%s%" PRIu64 " %s", before, count, count == 1 ? one : several);
}

static void print_counts(const struct rss_container *c)
{
	print_key("So far");
	print_count("", c->failures == RSS_ABSENT ? 0 : c->failures, "hit of the limit",
		    "hits of the limit");
	print_count(", ", c->oom_events == RSS_ABSENT ? 0 : c->oom_events, "OOM", "OOMs");
	print_count(", ", c->oom_kills == RSS_ABSENT ? 0 : c->oom_kills, "process killed",
		    "processes killed");
	puts("");
}

static int print_last_oom(const struct rss_oom *oom)
{
	cleanup_free char *text = oom ? oom_to_text(oom) : NULL;
	char when[TIME_TEXT_MAX];

	if (!oom)
		return STATUS_DONE;
	if (!text)
		return fail_memory();
	text_make_safe(text);
	print_key("Last OOM");
	printf("%s%s%s\n", oom->time ? format_time(oom->time, when) : "", oom->time ? ": " : "",
	       text);
	return STATUS_DONE;
}

static void print_drift(const struct cli *cli, const struct state *state)
{
	const struct rss_difference *difference = find_difference(state);
	const char *names[DRIFT_NAMES_MAX];
	size_t count = difference ? drift_names(difference, names) : 0;

	if (count == 0)
		return;
	print_key("Drift");
	printf("%s", cli->out.colour ? "\033[" STYLE_YELLOW "m" : "");
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? ", " : "", names[i]);
	printf("%s; see rssctl diff, and rssctl repair %s\n", cli->out.colour ? "\033[0m" : "",
	       state->container->name);
}

static void print_process(const struct cli *cli, const struct rss_process *process, bool is_last,
			  const char *indent)
{
	cleanup_free char *command = strdup(process->command);
	char resident[SIZE_TEXT_MAX];
	const char *branch = cli->out.utf8 ? (is_last ? "└─" : "├─") : (is_last ? "`-" : "|-");

	if (!command)
		return;
	text_make_safe(command);
	printf("%*s%s%s%d %s (%s)\n", VALUE_COLUMN, "", indent, branch, (int)process->pid, command,
	       process->resident == RSS_ABSENT ? "-" : size_format(process->resident, resident));
}

/* The processes of the container itself, then those of each place inside it. */
static void print_tree(const struct cli *cli, const struct state *state)
{
	const char *name = state->container->name;
	size_t shown = cli->out.full ? state->n_processes : PROCESSES_SHOWN;

	print_key("Processes");
	printf("%zu\n", state->n_processes);
	for (size_t i = 0; i < state->n_processes && i < shown; i++) {
		const struct rss_process *p = &state->processes[i];
		const char *place = process_place(p);
		bool inside = strcmp(place, name) != 0;
		bool is_last = i + 1 == state->n_processes || i + 1 == shown ||
			       strcmp(place, process_place(p + 1)) != 0;

		if (inside && (i == 0 || strcmp(place, process_place(p - 1)) != 0))
			printf("%*s%s\n", VALUE_COLUMN, "", place);
		print_process(cli, p, is_last, inside ? "  " : "");
	}
	if (state->n_processes > shown)
		printf("%*s%zu more: rssctl ps %s\n", VALUE_COLUMN, "", state->n_processes - shown,
		       name);
}

static int compare_places(const void *a, const void *b)
{
	const struct rss_process *one = a, *other = b;
	int order = strcmp(process_place(one), process_place(other));

	return order ?: (one->pid > other->pid) - (one->pid < other->pid);
}

static int print_for_people(const struct cli *cli, struct state *state)
{
	const struct rss_container *c = state->container;
	int status;

	if (state->n_processes)
		qsort(state->processes, state->n_processes, sizeof(*state->processes),
		      compare_places);
	print_heading(cli, c);
	print_limits(c);
	print_usage(cli, c);
	print_parts(c);
	print_counts(c);
	status = print_last_oom(c->last_oom);
	print_drift(cli, state);
	print_tree(cli, state);
	return status;
}

/* --- for programs ---------------------------------------------------------- */

/* The object of show, with the members and the drift. */
static struct json_object *state_to_json(const struct state *state)
{
	struct json_object *object = container_to_json(state->container, true);
	struct json_object *members = json_object_new_array();

	for (size_t i = 0; members && i < state->n_processes; i++)
		json_object_array_add(members, process_to_json(&state->processes[i]));
	json_add_value(object, "members", members);
	json_add_drift(object, find_difference(state));
	return object;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(name_list_done) struct name_list names = { 0 };
	cleanup_json struct json_object *array = json_object_new_array();
	int status = array ? connect_daemon(cli) : fail_memory();

	if (status == STATUS_DONE)
		status = expand_names(cli, args, AS_GIVEN, false, &names);
	for (size_t i = 0; status == STATUS_DONE && i < names.count; i++) {
		cleanup_(state_done) struct state state = { 0 };
		int r = state_read(cli, names.list[i], &state);

		if (r < 0)
			return fail_call(cli, r);
		if (cli->out.json) {
			json_object_array_add(array, state_to_json(&state));
			continue;
		}
		if (i > 0)
			puts("");
		status = print_for_people(cli, &state);
	}
	return status == STATUS_DONE && cli->out.json ? print_json(&cli->out, array) : status;
}

DEFINE_VERB(status) = {
	.name = "status",
	.order = 45,
	.synopsis = "NAME...",
	.summary = "Show the state of a container and its processes",
	.description =
		"Limit, usage, what happened so far, the last OOM, what another program changed, and the\n"
		"processes by nested container. A name may be a pattern: 'web*'.",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
