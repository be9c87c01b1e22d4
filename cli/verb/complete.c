/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl _complete -- WORD...: what may stand in place of the last word, for the completion of the
 * shells. Each line has a word, a tab and a description. ":files" asks for names of files,
 * ":command N" for the completion of the command that begins with word N after the program.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "settings.h"
#include "shared/cleanup.h"
#include "verb.h"
#include "verb/complete-values.h"
#include "view/status.h"

/* The command line that is completed. */
struct line {
	struct cli *cli;
	struct args args; /* only its verb is set */
	char **words;	  /* as of main(): the first is the program */
	int last, verb_at;
};

static void offer_option(const struct complete_word *word, const struct option_spec *option)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "--%s%s", option->name, option->value ? "=" : "");
	complete_offer(word, text, option->help);
}

static void offer_options(const struct verb *verb, const struct complete_word *word)
{
	for_each_cli_setting(setting) {
		if (verb && verb->settings == SETTINGS_OPTIONS)
			offer_option(word, &setting->option);
	}
	for (const struct option_spec *option = verb ? verb->options : NULL; option && option->name;
	     option++)
		offer_option(word, option);
	for (const struct option_spec *option = global_options; option->name; option++)
		offer_option(word, option);
}

/* "...[NAME...]" to "NAME" */
static char *strip(char *token)
{
	size_t length;

	token += strspn(token, "[");
	length = strcspn(token, "]");
	token[length] = '\0';
	if (length > 3 && !strcmp(token + length - 3, "..."))
		token[length - 3] = '\0';
	return token;
}

/* What the synopsis calls the operand at @place: NAME... is that and all that follow. To be freed. */
static char *operand_name(const struct verb *verb, size_t place)
{
	cleanup_free char *synopsis = strdup(verb->synopsis);
	char *rest = NULL, *name = NULL;

	for (char *token = synopsis ? strtok_r(synopsis, " ", &rest) : NULL; token;
	     token = strtok_r(NULL, " ", &rest)) {
		bool repeats = strstr(token, "...");

		token = strip(token);
		if (!strcmp(token, "|"))
			break;
		if (*token == '-' || !strcmp(token, "OPTION"))
			continue;
		name = token;
		if (place == 0 || repeats)
			return strdup(name);
		place--;
	}
	return NULL;
}

/* Returns true if an option of the line is @option. */
static bool has_option(struct line *line, const char *option)
{
	for (int at = 1; at < line->last; at++) {
		const struct option_spec *spec = args_option(&line->args, line->words[at]);

		if (spec && !strcmp(spec->name, option))
			return true;
	}
	return false;
}

static void complete_operand(struct line *line, const struct complete_word *word)
{
	cleanup_free char *name = NULL;
	const char *kind, *first = NULL;
	size_t place = 0;

	for (int at = 1; at < line->last; at++) {
		if (at == line->verb_at || !strcmp(line->words[at], "--"))
			continue;
		if (args_option(&line->args, line->words[at])) {
			at += args_value_follows(&line->args, line->words[at]);
			continue;
		}
		first = first ?: line->words[at];
		place++;
	}
	kind = name = operand_name(line->args.verb, place);
	/* Only members can be detached, and --all takes one name. */
	if (!strcmp(line->args.verb->name, "detach"))
		kind = has_option(line, "all") ? (place ? NULL : "NAME") : "MEMBER";
	if (!strcmp(line->args.verb->name, "create"))
		kind = place ? NULL : "PARENT";
	if (kind && !strcmp(kind, "MEMBER") && first && !(*first >= '0' && *first <= '9'))
		complete_offer(word, "--all", "All processes of the container");
	else if (kind)
		complete_value(line->cli, kind, word);
}

static void complete(struct line *line)
{
	const char *last = line->words[line->last], *before = line->words[line->last - 1];
	size_t length = strcspn(last, "=");
	const struct option_spec *spec = line->last > 1 ? args_option(&line->args, before) : NULL;
	struct complete_word word = { "", 0, last };

	if (spec && args_value_follows(&line->args, before)) {
		complete_value(line->cli, spec->value, &word);
	} else if (last[0] == '-' && last[length]) {
		spec = args_option(&line->args, last);
		word = (struct complete_word){ last, (int)length + 1, last + length + 1 };
		if (spec && spec->value)
			complete_value(line->cli, spec->value, &word);
	} else if (last[0] == '-') {
		offer_options(line->args.verb, &word);
	} else if (!line->args.verb) {
		complete_value(line->cli, "VERB", &word);
	} else {
		complete_operand(line, &word);
	}
}

static int run(struct cli *cli, const struct args *args)
{
	struct line line = { .cli = cli };
	int count = 0, end;

	while (args->command && args->command[count])
		count++;
	if (!count)
		return print_error(STATUS_USAGE, "No words to complete");
	/* The word before the command, "--", stands for the program. */
	line.words = args->command - 1;
	line.last = count;
	end = args_find(&line.args, cli->verbs, count + 1, line.words, &line.verb_at);
	/* The last word is not complete yet. */
	if (line.verb_at >= line.last)
		line.args.verb = NULL;
	if (end <= line.last && !strcmp(line.words[end], "--"))
		end++;
	if (line.args.verb && line.args.verb->takes_command && end <= line.last)
		printf(":command %d\n", end);
	else
		complete(&line);
	return STATUS_DONE;
}

DEFINE_VERB(complete) = {
	.name = "_complete",
	.hidden = true,
	.order = 1000,
	.synopsis = "-- WORD...",
	.summary = "Print completions of a command line",
	.takes_command = true,
	.run = run,
};
