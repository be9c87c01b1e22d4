/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help: see help.h. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "settings.h"
#include "verb.h"
#include "view/status.h"

/* Where the text about an option begins, and where it is wrapped. */
#define COLUMN 36
#define WIDTH  80

/* Prints a word after the line that is @at columns long; returns how long it is then. */
static int print_word(int at, int indent, const char *word, int length)
{
	if (at > indent && at + 1 + length > WIDTH) {
		putchar('\n');
		at = 0;
	}
	if (at < indent)
		at += printf("%*s", indent - at, "");
	else if (at > indent)
		at += printf(" ");
	return at + printf("%.*s", length, word);
}

/* Prints the text about an option, from COLUMN on; @at: where the line is now. */
static void print_wrapped(int at, const char *text)
{
	if (at + 2 > COLUMN) {
		putchar('\n');
		at = 0;
	}
	while (*text) {
		size_t length = strcspn(text, " ");

		at = print_word(at, COLUMN, text, (int)length);
		text += length + strspn(text + length, " ");
	}
	putchar('\n');
}

/* Prints a description: its lines are joined and wrapped, except those that are indented. */
static void print_description(const char *text)
{
	int at = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		bool apart = *text == ' ' || text[length + !!text[length]] == ' ';

		if (*text == ' ') {
			printf("%s%.*s", at ? "\n" : "", (int)length, text);
			at = 0;
		}
		for (const char *word = text; *text != ' ' && word < text + length;) {
			size_t end = strcspn(word, " \n");

			at = print_word(at, 0, word, (int)end);
			word += end + strspn(word + end, " ");
		}
		text += length + !!text[length];
		if (apart || !*text) {
			putchar('\n');
			at = 0;
		}
	}
}

static void print_option(const struct option_spec *option)
{
	int width = 0;

	width += option->letter ? printf("  -%c, ", option->letter) : printf("      ");
	width += printf("--%s", option->name);
	if (option->value)
		width += printf("=%s", option->value);
	print_wrapped(width, option->help);
}

static void print_options(const struct option_spec *options)
{
	for (; options && options->name; options++)
		print_option(options);
}

/* The keys of rssctl set, where a flag takes a value. */
static void print_setting_word(const struct option_spec *option)
{
	print_wrapped(printf("  %s=%s", option->name, option->value ?: "yes|no"), option->help);
}

static void print_verb_help(const struct verb *verb)
{
	printf("Usage: rssctl %s%s%s\n\n%s.\n", verb->name, *verb->synopsis ? " " : "",
	       verb->synopsis, verb->summary);
	if (verb->description) {
		putchar('\n');
		print_description(verb->description);
	}
	if (verb->alias)
		printf("\nAlias: %s\n", verb->alias);
	if (verb->settings == SETTINGS_WORDS) {
		puts("\nSettings:");
		for_each_cli_setting(setting)
			print_setting_word(&setting->option);
	}
	if (verb->options || verb->settings == SETTINGS_OPTIONS)
		puts("\nOptions:");
	if (verb->settings == SETTINGS_OPTIONS) {
		for_each_cli_setting(setting)
			print_option(&setting->option);
	}
	print_options(verb->options);
	puts("\nOptions of every verb:");
	print_options(global_options);
	puts("\nSee rssctl(1).");
}

void print_help(const struct verb *const verbs[], const struct verb *verb)
{
	if (verb) {
		print_verb_help(verb);
		return;
	}
	puts("Usage: rssctl [OPTION...] VERB [ARGUMENT...]\n\n"
	     "Limit the resident memory of groups of processes (containers), through rssd.\n\n"
	     "Verbs:");
	for (size_t i = 0; verbs[i]; i++) {
		if (!verbs[i]->hidden)
			printf("  %-12s%s\n", verbs[i]->name, verbs[i]->summary);
	}
	puts("\nOptions, before or after the verb:");
	print_options(global_options);
	puts("\nSizes are bytes, 64K, 512M, 1.5G, 20% of the memory, or infinity.\n"
	     "See rssctl VERB --help for one verb, and rssctl(1) for all.");
}
