/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that the completion offers for a value, by what the help calls it. */
#ifndef RSSCTL_COMPLETE_VALUES_H
#define RSSCTL_COMPLETE_VALUES_H

struct cli;

/* The word that is completed: the part before the value, and the value so far. */
struct complete_word {
	const char *prefix; /* as "--limit=" of @prefix_length bytes */
	int prefix_length;
	const char *value;
};

/* Prints a word with a description (may be NULL), if it begins as @word does. */
void complete_offer(const struct complete_word *word, const char *text, const char *description);

/*
 * Prints the words for a value that is called @kind: "SIZE", "NAME", "reclaim|refuse|force". One
 * that has to do with containers asks rssd, and is silent without it. Prints ":files" for files.
 */
void complete_value(struct cli *cli, const char *kind, const struct complete_word *word);

#endif
