/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of the command line. Not getopt: the tables also write the help,
 * an unknown word gets a suggestion, and a command follows the words of rssctl.
 */
#include "args.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "shared/cleanup.h"
#include "shared/text.h"
#include "spelling.h"
#include "verb.h"
#include "view/status.h"

enum {
	GLOBAL_JSON,
	GLOBAL_OUTPUT,
	GLOBAL_NO_LEGEND,
	GLOBAL_NO_PAGER,
	GLOBAL_FULL,
	GLOBAL_QUIET,
	GLOBAL_HOST,
	GLOBAL_NO_ASK_PASSWORD,
	GLOBAL_HELP,
	GLOBAL_VERSION,
};

const struct option_spec global_options[] = {
	[GLOBAL_JSON] = { "json", 0, "short|pretty|off", "Print JSON; --json alone is pretty" },
	[GLOBAL_OUTPUT] = { "output", 'o', "table|json|json-pretty", "Print a table or JSON" },
	[GLOBAL_NO_LEGEND] = { "no-legend", 0, NULL, "Print no column names" },
	[GLOBAL_NO_PAGER] = { "no-pager", 0, NULL, "Do not pipe long output into a pager" },
	[GLOBAL_FULL] = { "full", 'l', NULL, "Do not cut texts to the width of the terminal" },
	[GLOBAL_QUIET] = { "quiet", 'q', NULL, "Print nothing, except errors" },
	[GLOBAL_HOST] = { "host", 'H', "USER@HOST", "Call rssd on another machine, over ssh" },
	[GLOBAL_NO_ASK_PASSWORD] = { "no-ask-password", 0, NULL,
				     "Fail where polkit wants a password" },
	[GLOBAL_HELP] = { "help", 'h', NULL, "Print help for rssctl, or for the verb" },
	[GLOBAL_VERSION] = { "version", 0, NULL, "Print the version of rssctl" },
	{ 0 },
};

/* The words of the command line, and the current one. */
struct reader {
	int end; /* the words from here on are not rssctl's */
	char **argv;
	int at;
};

static int fail_usage(const struct args *args, const char *what, const char *word)
{
	const char *verb = args->verb ? args->verb->name : "";

	return print_error(STATUS_USAGE, "%s \"%s\"; see: rssctl %s%s--help", what, word, verb,
			   args->verb ? " " : "");
}

/* A recognized option: its row, and the place for its value. */
struct found {
	const struct option_spec *spec;
	const char **value; /* NULL: it is one of global_options */
};

/* Returns true for "name" up to an '=', or if @name is NULL for the letter. */
static bool is_option_of(const struct option_spec *spec, const char *name, char letter)
{
	size_t length;

	if (!name)
		return spec->letter == letter;
	length = strcspn(name, "=");
	return strlen(spec->name) == length && !strncmp(spec->name, name, length);
}

static const struct option_spec *find_in(const struct option_spec *specs, const char *name,
					 char letter)
{
	for (; specs && specs->name; specs++) {
		if (is_option_of(specs, name, letter))
			return specs;
	}
	return NULL;
}

static bool takes_setting_options(const struct args *args)
{
	return args->verb && args->verb->settings == SETTINGS_OPTIONS;
}

/* By @name, or if that is NULL by its letter; false if there is no such option. */
static bool find_option(struct args *args, const char *name, char letter, struct found *ret)
{
	*ret = (struct found){ .spec = find_in(global_options, name, letter) };
	if (ret->spec)
		return true;
	if (args->verb)
		ret->spec = find_in(args->verb->options, name, letter);
	if (ret->spec) {
		assert(ret->spec - args->verb->options < OPTIONS_MAX);
		ret->value = &args->values[ret->spec - args->verb->options];
		return true;
	}
	for_each_cli_setting(setting) {
		if (takes_setting_options(args) && is_option_of(&setting->option, name, letter)) {
			ret->spec = &setting->option;
			ret->value = &args->settings[setting - cli_settings];
			return true;
		}
	}
	return false;
}

struct nearest {
	const char *name; /* NULL: none so far */
	size_t distance;
};

static void try_option(struct nearest *nearest, const struct option_spec *spec, const char *name)
{
	size_t distance = word_distance(name, spec->name);

	if (nearest->name && distance >= nearest->distance)
		return;
	*nearest = (struct nearest){ spec->name, distance };
}

static void try_options(struct nearest *nearest, const struct option_spec *specs, const char *name)
{
	for (; specs && specs->name; specs++)
		try_option(nearest, specs, name);
}

static int fail_unknown_option(const struct args *args, const char *option)
{
	cleanup_free char *name = strndup(option + 2, strcspn(option + 2, "="));
	const char *verb = args->verb ? args->verb->name : "";
	struct nearest near = { 0 };

	if (!name)
		return fail_memory();
	try_options(&near, global_options, name);
	if (args->verb)
		try_options(&near, args->verb->options, name);
	for_each_cli_setting(setting) {
		if (takes_setting_options(args))
			try_option(&near, &setting->option, name);
	}
	if (near.name && word_is_near(name, near.distance))
		return print_error(
			STATUS_USAGE,
			"Unknown option \"--%s\"; did you mean --%s? See: rssctl %s%s--help", name,
			near.name, verb, args->verb ? " " : "");
	return fail_usage(args, "Unknown option", option);
}

/* Returns true if the option may be given several times: its value is called "NAME...". */
static bool is_repeatable(const struct option_spec *spec)
{
	return spec->value && text_ends_with(spec->value, strlen(spec->value), "...");
}

static void set_option(struct args *args, const struct found *found, const char *value)
{
	if (found->value) {
		*found->value = value;
		if (is_repeatable(found->spec))
			args->repeated[args->n_repeated++] = value;
		return;
	}
	switch (found->spec - global_options) {
	case GLOBAL_JSON:
		args->json = value;
		break;
	case GLOBAL_OUTPUT:
		args->output = value;
		break;
	case GLOBAL_NO_LEGEND:
		args->no_legend = true;
		break;
	case GLOBAL_NO_PAGER:
		args->no_pager = true;
		break;
	case GLOBAL_FULL:
		args->full = true;
		break;
	case GLOBAL_QUIET:
		args->quiet = true;
		break;
	case GLOBAL_HOST:
		args->host = value;
		break;
	case GLOBAL_NO_ASK_PASSWORD:
		args->no_ask_password = true;
		break;
	case GLOBAL_HELP:
		args->help = true;
		break;
	case GLOBAL_VERSION:
		args->version = true;
		break;
	}
}

/* The value of --json is optional and only follows "=". */
static bool takes_next_word(const struct option_spec *spec)
{
	return spec->value && spec != &global_options[GLOBAL_JSON];
}

static int read_long(struct args *args, struct reader *reader)
{
	const char *word = reader->argv[reader->at], *name = word + 2;
	const char *value = strchr(name, '=');
	struct found found;

	if (value)
		value++;
	if (!find_option(args, name, 0, &found))
		return fail_unknown_option(args, word);
	if (!found.spec->value && value)
		return fail_usage(args, "This option takes no value:", word);
	if (takes_next_word(found.spec) && !value) {
		value = reader->argv[++reader->at];
		if (reader->at >= reader->end)
			return fail_usage(args, "This option needs a value:", word);
	}
	set_option(args, &found, value ?: "");
	return STATUS_DONE;
}

/* "-f", "-fx", "-n5", "-n 5". */
static int read_letters(struct args *args, struct reader *reader)
{
	const char *word = reader->argv[reader->at];

	for (const char *letter = word + 1; *letter; letter++) {
		struct found found;
		const char *value = "";

		if (!find_option(args, NULL, *letter, &found))
			return fail_usage(args, "Unknown option", word);
		if (!takes_next_word(found.spec)) {
			set_option(args, &found, value);
			continue;
		}
		value = letter[1] ? letter + 1 : reader->argv[++reader->at];
		if (reader->at >= reader->end)
			return fail_usage(args, "This option needs a value:", word);
		set_option(args, &found, value);
		break;
	}
	return STATUS_DONE;
}

/* "-5" is a number: the code that reads numbers refuses it with its own message. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9');
}

const struct option_spec *args_option(struct args *args, const char *word)
{
	struct found found = { 0 };

	if (!is_option(word))
		return NULL;
	if (word[1] == '-') {
		find_option(args, word + 2, 0, &found);
		return found.spec;
	}
	/* The value is that of the first letter that takes one. */
	for (const char *letter = word + 1; *letter; letter++) {
		if (!find_option(args, NULL, *letter, &found) || takes_next_word(found.spec))
			break;
	}
	return found.spec;
}

bool args_value_follows(struct args *args, const char *word)
{
	const struct option_spec *spec = args_option(args, word);

	if (!spec || !takes_next_word(spec))
		return false;
	return word[1] == '-' ? !strchr(word, '=') : word[strlen(word) - 1] == spec->letter;
}

/*
 * The verb is the first word that is not an option. An option of the verb that is before it needs
 * '=' for its value.
 */
static void find_verb(struct args *args, const struct verb *const verbs[], int argc, char **argv,
		      int *ret_at)
{
	int at = 1;

	while (at < argc && is_option(argv[at]) && strcmp(argv[at], "--"))
		at += args_value_follows(args, argv[at]) ? 2 : 1;
	*ret_at = at;
	args->verb = at < argc ? verb_find(verbs, argv[at]) : NULL;
}

static int fail_unknown_verb(const struct verb *const verbs[], const char *word)
{
	const char *best = NULL;
	size_t distance = (size_t)-1;

	for (size_t i = 0; verbs[i]; i++) {
		size_t d = verbs[i]->hidden ? distance : word_distance(word, verbs[i]->name);

		if (d < distance) {
			distance = d;
			best = verbs[i]->name;
		}
	}
	if (best && word_is_near(word, distance))
		return print_error(STATUS_USAGE,
				   "Unknown verb \"%s\"; did you mean %s? See: rssctl --help", word,
				   best);
	return print_error(STATUS_USAGE, "Unknown verb \"%s\"; see: rssctl --help", word);
}

/* Returns true for an option that gives a setting, as --limit. */
static bool is_setting_option(const struct args *args, const char *word)
{
	if (!takes_setting_options(args))
		return false;
	for_each_cli_setting(setting) {
		if (word[1] == '-' ? is_option_of(&setting->option, word + 2, 0)
				   : setting->option.letter && word[1] == setting->option.letter)
			return true;
	}
	return false;
}

/*
 * Where the words of rssctl end: at "--", which always begins the command of a verb that takes one,
 * or else at the command. This is the first word that is not an option after a setting, and the
 * one after the name otherwise.
 */
static int find_end(struct args *args, int verb_at, int argc, char **argv)
{
	bool takes_command = args->verb && args->verb->takes_command, has_settings = false;
	size_t operands = 0;
	int at;

	for (at = 1; at < argc; at++) {
		if (!strcmp(argv[at], "--"))
			return at;
	}
	for (at = 1; takes_command && at < argc; at++) {
		if (at == verb_at)
			continue;
		if (is_option(argv[at])) {
			has_settings = has_settings || is_setting_option(args, argv[at]);
			at += args_value_follows(args, argv[at]);
			continue;
		}
		if (operands == args->verb->max_operands || (operands == 0 && has_settings))
			return at;
		operands++;
	}
	return argc;
}

/* Errors of the command line are JSON as well, so this looks before it is read. */
static bool wants_json_errors(char **argv, int end)
{
	for (int at = 1; at < end; at++) {
		const char *output = argv[at];

		if (!strcmp(output, "--json") ||
		    (!strncmp(output, "--json=", 7) && strcmp(output + 7, "off") != 0))
			return true;
		if (!strcmp(output, "-o") || !strcmp(output, "--output"))
			output = argv[at + 1] ?: "";
		else if (!strncmp(output, "-o", 2))
			output += 2;
		else if (!strncmp(output, "--output=", 9))
			output += 9;
		else
			continue;
		if (!strncmp(output, "json", 4))
			return true;
	}
	return false;
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

/* Reads the words of rssctl. The words after "--" are operands, or the command. */
static int read_words(struct args *args, struct reader *reader, int verb_at, int argc)
{
	bool takes_command = args->verb && args->verb->takes_command;
	int status = STATUS_DONE, rest = reader->end;

	for (; status == STATUS_DONE && reader->at < reader->end; reader->at++) {
		const char *word = reader->argv[reader->at];

		if (reader->at == verb_at)
			continue;
		if (!is_option(word))
			args->operands[args->n_operands++] = word;
		else if (word[1] == '-')
			status = read_long(args, reader);
		else
			status = read_letters(args, reader);
	}
	if (rest >= argc)
		return status;
	rest += !strcmp(reader->argv[rest], "--");
	if (takes_command)
		args->command = reader->argv + rest;
	for (; !takes_command && rest < argc; rest++)
		args->operands[args->n_operands++] = reader->argv[rest];
	return status;
}

int args_find(struct args *args, const struct verb *const verbs[], int argc, char **argv,
	      int *ret_verb_at)
{
	find_verb(args, verbs, argc, argv, ret_verb_at);
	return find_end(args, *ret_verb_at, argc, argv);
}

int args_parse(struct args *args, const struct verb *const verbs[], int argc, char **argv)
{
	struct reader reader = { .argv = argv, .at = 1 };
	int verb_at, status;

	reader.end = args_find(args, verbs, argc, argv, &verb_at);
	if (wants_json_errors(argv, reader.end))
		print_errors_as_json();
	args->operands = calloc(argc + 1, sizeof(*args->operands));
	args->repeated = calloc(argc + 1, sizeof(*args->repeated));
	if (!args->operands || !args->repeated)
		return fail_memory();
	if (!args->verb && verb_at < argc)
		return fail_unknown_verb(verbs, argv[verb_at]);
	status = read_words(args, &reader, verb_at, argc);
	if (status == STATUS_DONE && args->verb && !args->help && !args->version)
		status = check_counts(args);
	return status;
}

void args_done(struct args *args)
{
	free(args->operands);
	free(args->repeated);
	args->operands = args->repeated = NULL;
}
