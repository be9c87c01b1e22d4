/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help: see help.h. */
#include "help.h"

#include <stdio.h>

#include "args.h"
#include "settings.h"
#include "verb.h"
#include "view/status.h"

#define COLUMN 36

static void print_option(const struct option_spec *option)
{
	int width = 0;

	width += option->letter ? printf("  -%c, ", option->letter) : printf("      ");
	width += printf("--%s", option->name);
	if (option->value)
		width += printf("=%s", option->value);
	printf("%*s%s\n", width < COLUMN ? COLUMN - width : 2, "", option->help);
}

static void print_options(const struct option_spec *options)
{
	for (; options && options->name; options++)
		print_option(options);
}

/* The keys of rssctl set, where a flag takes a value. */
static void print_setting_word(const struct option_spec *option)
{
	int width = printf("  %s=%s", option->name, option->value ?: "yes|no");

	printf("%*s%s\n", width < COLUMN ? COLUMN - width : 2, "", option->help);
}

static void print_verb_help(const struct verb *verb)
{
	printf("Usage: rssctl %s%s%s\n\n%s.\n", verb->name, *verb->synopsis ? " " : "",
	       verb->synopsis, verb->summary);
	if (verb->description)
		printf("\n%s\n", verb->description);
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
