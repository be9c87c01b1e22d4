/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl: the command line of rssd. This is the table of verbs and the way to
 * one of them; what a verb does is in the file of its name.
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
#include "shared/cleanup.h"
#include "verb.h"
#include "view/pager.h"
#include "view/status.h"
#include "view/terminal.h"

static const struct verb *const verbs[] = {
	&verb_create,  &verb_remove, &verb_list,    &verb_show,	   &verb_ps,	     &verb_limit,
	&verb_apply,   &verb_diff,   &verb_set,	    &verb_attach,  &verb_detach,     &verb_run,
	&verb_kill,    &verb_freeze, &verb_thaw,    &verb_reclaim, &verb_reset_peak, &verb_watch,
	&verb_oom,     &verb_top,    &verb_suggest, &verb_metrics, &verb_doctor,     &verb_reload,
	&verb_version, &verb_help,   NULL,
};

static void cli_done(struct cli *cli)
{
	cli->out.pager = pager_close(cli->out.pager);
	cli->client = rss_close(cli->client);
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

static int dispatch(struct cli *cli, const struct args *args)
{
	int status;

	if (args->version) {
		puts("rssctl " RSSD_VERSION);
		return STATUS_DONE;
	}
	if (args->help) {
		print_help(cli->verbs, args->verb);
		return STATUS_DONE;
	}
	if (!args->verb)
		return print_error(STATUS_USAGE, "What is to be done? See: rssctl --help");
	cli->out.legend = !args->no_legend;
	cli->out.paging = !args->no_pager;
	cli->out.full = args->full;
	cli->out.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	cli->out.colour = wants_colour();
	status = read_json_mode(args->json, &cli->out.json);

	return status == STATUS_DONE ? args->verb->run(cli, args) : status;
}

/* Output that was lost is a failure, even if the verb succeeded. */
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
	cleanup_(cli_done) struct cli cli = { .verbs = verbs };
	int status;

	setlocale(LC_ALL, "");
	status = args_parse(&args, verbs, argc, argv);
	if (status == STATUS_DONE)
		status = dispatch(&cli, &args);
	cli_done(&cli);
	return finish_output(status);
}
