/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of the command line. Not getopt: the tables also write the help,
 * an unknown word gets a suggestion, and "--" has a meaning of its own.
 */
#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "spelling.h"
#include "verb.h"
#include "view/status.h"

enum {
	GLOBAL_JSON,
	GLOBAL_NO_LEGEND,
	GLOBAL_NO_PAGER,
	GLOBAL_HELP,
	GLOBAL_VERSION,
};

const struct option_spec global_options[] = {
	[GLOBAL_JSON] = { "json", 0, "short|pretty|off", "Print JSON; --json alone is pretty" },
	[GLOBAL_NO_LEGEND] = { "no-legend", 0, NULL, "Print no column names" },
	[GLOBAL_NO_PAGER] = { "no-pager", 0, NULL, "Do not pipe long output into a pager" },
	[GLOBAL_HELP] = { "help", 'h', NULL, "Print help, of a verb where one is named" },
	[GLOBAL_VERSION] = { "version", 0, NULL, "Print the version of rssctl" },
	{ 0 },
};

/* Where the reader stands. */
struct reader {
	int argc;
	char **argv;
	int at;
};

static int fail_usage(const struct args *args, const char *what, const char *word)
{
	const char *verb = args->verb ? args->verb->name : "";

	return print_error(STATUS_USAGE, "%s \"%s\"; see: rssctl %s%s--help", what, word, verb,
			   args->verb ? " " : "");
}

/* The place of "--name" (to the '=', if any) in @specs; -1: not there. */
static int find_long(const struct option_spec *specs, const char *name)
{
	size_t length = strcspn(name, "=");

	for (int i = 0; specs && specs[i].name; i++)
		if (strlen(specs[i].name) == length && !strncmp(specs[i].name, name, length))
			return i;
	return -1;
}

static int find_letter(const struct option_spec *specs, char letter)
{
	for (int i = 0; specs && specs[i].name; i++)
		if (specs[i].letter == letter)
			return i;
	return -1;
}

static const char *nearest_option(const struct option_spec *specs, const char *name,
				  const char *best, size_t *best_distance)
{
	for (int i = 0; specs && specs[i].name; i++) {
		size_t distance = word_distance(name, specs[i].name);

		if (distance < *best_distance) {
			*best_distance = distance;
			best = specs[i].name;
		}
	}
	return best;
}

static int fail_unknown_option(const struct args *args, const char *option)
{
	cleanup_free char *name = strndup(option + 2, strcspn(option + 2, "="));
	const char *verb = args->verb ? args->verb->name : "";
	size_t distance = (size_t)-1;
	const char *near;

	if (!name)
		return fail_memory();
	near = nearest_option(global_options, name, NULL, &distance);
	if (args->verb)
		near = nearest_option(args->verb->options, name, near, &distance);
	if (near && word_is_near(name, distance))
		return print_error(
			STATUS_USAGE,
			"Unknown option \"--%s\"; did you mean --%s? See: rssctl %s%s--help", name,
			near, verb, args->verb ? " " : "");
	return fail_usage(args, "Unknown option", option);
}

static void set_global(struct args *args, int option, const char *value)
{
	switch (option) {
	case GLOBAL_JSON:
		args->json = value;
		break;
	case GLOBAL_NO_LEGEND:
		args->no_legend = true;
		break;
	case GLOBAL_NO_PAGER:
		args->no_pager = true;
		break;
	case GLOBAL_HELP:
		args->help = true;
		break;
	case GLOBAL_VERSION:
		args->version = true;
		break;
	}
}

static int read_long(struct args *args, struct reader *reader)
{
	const char *word = reader->argv[reader->at], *name = word + 2;
	const char *value = strchr(name, '=');
	const struct option_spec *spec;
	int global = find_long(global_options, name), own = -1;

	if (value)
		value++;
	if (global < 0 && args->verb)
		own = find_long(args->verb->options, name);
	if (global < 0 && own < 0)
		return fail_unknown_option(args, word);
	spec = global >= 0 ? &global_options[global] : &args->verb->options[own];
	if (!spec->value && value)
		return fail_usage(args, "This option takes no value:", word);
	/* --json alone is fine, so that it never takes the word behind it. */
	if (spec->value && !value && own >= 0) {
		value = reader->argv[++reader->at];
		if (reader->at >= reader->argc)
			return fail_usage(args, "This option needs a value:", word);
	}
	if (global >= 0)
		set_global(args, global, value ?: "");
	else
		args->values[own] = value ?: "";
	return STATUS_DONE;
}

/* "-f", "-fx", "-n5", "-n 5". */
static int read_letters(struct args *args, struct reader *reader)
{
	const char *word = reader->argv[reader->at];

	for (const char *letter = word + 1; *letter; letter++) {
		int global = find_letter(global_options, *letter);
		int own = args->verb ? find_letter(args->verb->options, *letter) : -1;

		if (global >= 0) {
			set_global(args, global, "");
			continue;
		}
		if (own < 0)
			return fail_usage(args, "Unknown option", word);
		if (!args->verb->options[own].value) {
			args->values[own] = "";
			continue;
		}
		args->values[own] = letter[1] ? letter + 1 : reader->argv[++reader->at];
		if (reader->at >= reader->argc)
			return fail_usage(args, "This option needs a value:", word);
		break;
	}
	return STATUS_DONE;
}

/* "-5" is a number with something to be said about it, not an option. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

/* The verb is the first word that is no option: options before it are written with '='. */
static int find_verb(struct args *args, const struct verb *const verbs[], int argc, char **argv,
		     int *ret_at)
{
	const char *best = NULL;
	size_t distance = (size_t)-1;
	int at = 1;

	while (at < argc && is_option(argv[at]) && strcmp(argv[at], "--"))
		at++;
	*ret_at = at;
	if (at >= argc)
		return STATUS_DONE;
	args->verb = verb_find(verbs, argv[at]);
	if (args->verb)
		return STATUS_DONE;
	for (size_t i = 0; verbs[i]; i++) {
		size_t d = word_distance(argv[at], verbs[i]->name);

		if (d < distance) {
			distance = d;
			best = verbs[i]->name;
		}
	}
	if (best && word_is_near(argv[at], distance))
		return print_error(STATUS_USAGE,
				   "Unknown verb \"%s\"; did you mean %s? See: rssctl --help",
				   argv[at], best);
	return print_error(STATUS_USAGE, "Unknown verb \"%s\"; see: rssctl --help", argv[at]);
}

static int check_counts(const struct args *args)
{
	const struct verb *verb = args->verb;

	if (args->n_operands < verb->min_operands)
		return print_error(STATUS_USAGE, "An argument is missing; usage: rssctl %s %s",
				   verb->name, verb->synopsis);
	if (args->n_operands > verb->max_operands && verb->takes_command)
		return print_error(STATUS_USAGE, "Put -- before the command; usage: rssctl %s %s",
				   verb->name, verb->synopsis);
	if (args->n_operands > verb->max_operands)
		return print_error(STATUS_USAGE, "Unexpected argument \"%s\"; usage: rssctl %s%s%s",
				   args->operands[verb->max_operands], verb->name,
				   *verb->synopsis ? " " : "", verb->synopsis);
	return STATUS_DONE;
}

int args_parse(struct args *args, const struct verb *const verbs[], int argc, char **argv)
{
	struct reader reader = { argc, argv, 1 };
	int verb_at, status;

	args->operands = calloc(argc + 1, sizeof(*args->operands));
	if (!args->operands)
		return fail_memory();
	status = find_verb(args, verbs, argc, argv, &verb_at);
	for (; status == STATUS_DONE && reader.at < argc; reader.at++) {
		const char *word = argv[reader.at];

		if (reader.at == verb_at)
			continue;
		if (!strcmp(word, "--")) {
			if (args->verb && args->verb->takes_command) {
				args->command = argv + reader.at + 1;
				break;
			}
			while (++reader.at < argc)
				args->operands[args->n_operands++] = argv[reader.at];
			break;
		}
		if (!is_option(word))
			args->operands[args->n_operands++] = word;
		else if (word[1] == '-')
			status = read_long(args, &reader);
		else
			status = read_letters(args, &reader);
	}
	if (status == STATUS_DONE && args->verb && !args->help && !args->version)
		status = check_counts(args);
	return status;
}

void args_done(struct args *args)
{
	free(args->operands);
	args->operands = NULL;
}
