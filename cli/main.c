/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl: the command line of rssd. This file finds a verb and calls it; what
 * the verb does is in the file of its name in cli/verb.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "help.h"
#include "librss/rss.h"
#include "password-agent.h"
#include "shared/cleanup.h"
#include "verb.h"
#include "view/pager.h"
#include "view/status.h"
#include "view/terminal.h"

/* Every DEFINE_VERB(), in the order of the linker. */
extern const struct verb *const __start_rssctl_verbs[], *const __stop_rssctl_verbs[];

static int compare_verbs(const void *a, const void *b)
{
	const struct verb *const *one = a, *const *other = b;

	return (*one)->order < (*other)->order ? -1 : (*one)->order > (*other)->order;
}

/* All verbs in the order of help, ended by NULL; to be freed. NULL if out of memory. */
static const struct verb **list_verbs(void)
{
	size_t count = (size_t)(__stop_rssctl_verbs - __start_rssctl_verbs);
	const struct verb **verbs = calloc(count + 1, sizeof(const struct verb *));

	if (!verbs)
		return NULL;
	memcpy(verbs, __start_rssctl_verbs, count * sizeof(const struct verb *));
	qsort(verbs, count, sizeof(const struct verb *), compare_verbs);
	return verbs;
}

static void cli_done(struct cli *cli)
{
	cli->out.pager = pager_close(cli->out.pager);
	cli->client = rss_close(cli->client);
	cli->password_agent = password_agent_stop(cli->password_agent);
}

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return !(no_colour && *no_colour) && terminal_is_capable(STDOUT_FILENO);
}

static int read_json_mode(const char *text, enum json_mode *ret)
{
	if (!text || !strcmp(text, "off"))
		*ret = JSON_OFF;
	else if (!*text || !strcmp(text, "pretty"))
		*ret = JSON_PRETTY;
	else if (!strcmp(text, "short"))
		*ret = JSON_SHORT;
	else
		return print_error(STATUS_USAGE, "--json takes short, pretty or off, not \"%s\"",
				   text);
	return STATUS_DONE;
}

/* --output=json is --json=short. */
static int read_output(const struct args *args, enum json_mode *ret)
{
	if (!args->output)
		return read_json_mode(args->json, ret);
	if (!strcmp(args->output, "table"))
		*ret = JSON_OFF;
	else if (!strcmp(args->output, "json"))
		*ret = JSON_SHORT;
	else if (!strcmp(args->output, "json-pretty"))
		*ret = JSON_PRETTY;
	else
		return print_error(STATUS_USAGE,
				   "--output takes table, json or json-pretty, not \"%s\"",
				   args->output);
	return STATUS_DONE;
}

/* The program of rssctl run still has standard output: only rssctl's own is dropped. */
static int drop_output(struct cli *cli)
{
	FILE *nowhere = fopen("/dev/null", "we");

	if (!nowhere)
		return print_error(STATUS_FAILED, "Cannot open /dev/null: %s", strerror(errno));
	stdout = nowhere;
	cli->out.paging = false;
	return STATUS_DONE;
}

static int prepare(struct cli *cli, const struct args *args, const struct verb *verb)
{
	int status;

	cli->out.legend = !args->no_legend;
	cli->out.paging = !args->no_pager;
	cli->out.full = args->full;
	cli->out.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	cli->out.colour = wants_colour();
	cli->host = args->host;
	cli->may_ask = verb->changes && !args->no_ask_password && !args->host;
	if (args->host && verb->local)
		return print_error(STATUS_USAGE,
				   "%s needs processes or files of its own machine; run it there: "
				   "ssh %s rssctl %s",
				   verb->name, args->host, verb->name);
	status = read_output(args, &cli->out.json);
	return status == STATUS_DONE && args->quiet ? drop_output(cli) : status;
}

static int dispatch(struct cli *cli, const struct args *args)
{
	/* As systemctl: without a verb, list. */
	const struct verb *verb = args->verb ?: verb_find(cli->verbs, "list");
	int status;

	if (args->version) {
		puts("rssctl " RSSD_VERSION);
		return STATUS_DONE;
	}
	if (args->help) {
		print_help(cli->verbs, args->verb);
		return STATUS_DONE;
	}
	status = prepare(cli, args, verb);
	return status == STATUS_DONE ? verb->run(cli, args) : status;
}

/* Lost output is a failure, even if the verb succeeded. */
static int finish_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return print_error(status ?: STATUS_FAILED, "The output could not be written: %s",
			   strerror(errno ?: EIO));
}

int main(int argc, char **argv)
{
	cleanup_(args_done) struct args args = { 0 };
	cleanup_free const struct verb **verbs = list_verbs();
	cleanup_(cli_done) struct cli cli = { .verbs = verbs };
	int status;

	setlocale(LC_ALL, "");
	if (!verbs)
		return fail_memory();
	status = args_parse(&args, verbs, argc, argv);
	if (status == STATUS_DONE)
		status = dispatch(&cli, &args);
	cli_done(&cli);
	return finish_output(status);
}
