/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command of rssctl run: its words, and the user, directory and environment that it gets.
 * They are read by rssctl, with all look-ups, and applied by the process that executes it.
 */
#ifndef RSSCTL_RUN_COMMAND_H
#define RSSCTL_RUN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct command {
	char **argv;
	const char *directory; /* NULL: that of rssctl */
	/* "NAME=VALUE", or "NAME" with the value that rssctl has */
	const char *const *variables;
	size_t n_variables;

	bool changes_user; /* with all members below */
	bool is_other;	   /* it must get no hold of what is the caller's, as the terminal */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary */
	size_t n_groups;
	char *user, *home, *shell; /* NULL: these variables stay */
};

/* The last two are set by the caller of command_read(). */
enum command_step {
	COMMAND_TERMINAL,
	COMMAND_USER,
	COMMAND_DIRECTORY,
	COMMAND_EXECUTE,
};

/* Why a command could not be executed. */
struct command_failure {
	enum command_step step;
	int error; /* a positive errno */
};

void command_done(struct command *command);

/**
 * command_read_user() - look up the user and the group that a command runs as
 * @command: its members of the user are set
 * @user, @group: names or numbers; one of them may be NULL
 *
 * Without @group it is the user's own, without @user only the group changes.
 * Return: STATUS_DONE, or after a message STATUS_USAGE or, if the caller is not root, STATUS_DENIED.
 */
int command_read_user(struct command *command, const char *user, const char *group);

/* Checks the names of the variables. Returns STATUS_DONE, or STATUS_USAGE after a message. */
int command_check_variables(const struct command *command);

/* Becomes the user, sets environment and directory, and executes the command. Returns on failure. */
struct command_failure command_execute(const struct command *command);

#endif
