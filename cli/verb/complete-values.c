/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values for the completion: see complete-values.h. */
#include "verb/complete-values.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "librss/rss.h"
#include "settings.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/size.h"
#include "shared/text.h"
#include "verb.h"
#include "view/container-json.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/top-order.h"

void complete_offer(const struct complete_word *word, const char *text, const char *description)
{
	if (strncmp(text, word->value, strlen(word->value)) != 0)
		return;
	printf("%.*s%s", word->prefix_length, word->prefix, text);
	if (description)
		printf("\t%s", description);
	putchar('\n');
}

/* A command of a process is the choice of its user. */
static void offer_process(const struct complete_word *word, pid_t pid, const char *command,
			  const char *container)
{
	cleanup_free char *text = NULL;
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	if (asprintf(&text, "%s%s%s", command, container ? " in " : "", container ?: "") < 0)
		text = NULL;
	if (text)
		(void)text_make_safe(text);
	complete_offer(word, number, text);
}

/* Completion is no occasion to ask for a password, or to explain what is wrong. */
static struct rss_client *connect_quietly(struct cli *cli)
{
	if (!cli->client && rss_open(&cli->client) < 0)
		cli->client = NULL;
	return cli->client;
}

static void offer_names(struct cli *cli, const struct complete_word *word, const char *suffix)
{
	cleanup_container_list struct container_list list = { 0 };

	if (!connect_quietly(cli) || rss_list(cli->client, &list.containers, &list.count) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		cleanup_free char *text = NULL;
		char limit[SIZE_TEXT_MAX], description[SIZE_TEXT_MAX + 8];

		(void)snprintf(description, sizeof(description), "limit %s",
			       size_format(list.containers[i]->limit, limit));
		if (asprintf(&text, "%s%s", list.containers[i]->name, suffix) < 0)
			text = NULL;
		else
			complete_offer(word, text, description);
	}
}

static void complete_name(struct cli *cli, const struct complete_word *word)
{
	offer_names(cli, word, "");
}

/* A new container is often created inside another one. */
static void complete_parent(struct cli *cli, const struct complete_word *word)
{
	offer_names(cli, word, "/");
}

/* The processes of all containers: those of nested ones are in the list of the outermost. */
static void complete_member(struct cli *cli, const struct complete_word *word)
{
	cleanup_container_list struct container_list list = { 0 };

	if (!connect_quietly(cli) || rss_list(cli->client, &list.containers, &list.count) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		struct rss_process *processes = NULL;
		size_t count = 0;

		if (strchr(list.containers[i]->name, '/') ||
		    rss_processes(cli->client, list.containers[i]->name, &processes, &count) < 0)
			continue;
		for (size_t j = 0; j < count; j++)
			offer_process(word, processes[j].pid, processes[j].command,
				      processes[j].container);
		rss_processes_free(processes, count);
	}
}

static void complete_pid(struct cli *cli, const struct complete_word *word)
{
	cleanup_(closedir_ptr) DIR *dir = opendir("/proc");
	struct dirent *entry;

	(void)cli;
	while (dir && (entry = readdir(dir))) {
		cleanup_free char *command = NULL;
		char path[64];
		size_t length;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		(void)snprintf(path, sizeof(path), "%.20s/comm", entry->d_name);
		if (read_file_at(dirfd(dir), path, FILE_OWN_MAX, &command, &length) < 0)
			continue;
		command[strcspn(command, "\n")] = '\0';
		offer_process(word, (pid_t)atoi(entry->d_name), command, NULL);
	}
}

static void complete_oom(struct cli *cli, const struct complete_word *word)
{
	struct rss_oom **ooms = NULL;
	size_t count = 0;

	if (!connect_quietly(cli) || rss_list_ooms(cli->client, NULL, &ooms, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		cleanup_free char *text = oom_to_text(ooms[i]);
		char id[24];

		(void)snprintf(id, sizeof(id), "%" PRIu64, ooms[i]->id);
		if (text)
			(void)text_make_safe(text);
		complete_offer(word, id, text);
	}
	rss_ooms_free(ooms, count);
}

/* "5" is offered as 5M and 5G; a sign stays. */
static void complete_size(struct cli *cli, const struct complete_word *word)
{
	static const char *const sizes[] = { "infinity", "64M", "256M", "512M", "1G",
					     "2G",	 "10%", "25%",	"50%",	NULL };
	static const char *const units[] = { "K", "M", "G", "T", "%", NULL };
	const char *number = word->value + strspn(word->value, "+-");

	(void)cli;
	for (size_t i = 0; !*number && sizes[i]; i++)
		complete_offer(word, sizes[i], NULL);
	for (size_t i = 0; *number && !number[strspn(number, "0123456789.")] && units[i]; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "%.40s%s", word->value, units[i]);
		complete_offer(word, text, NULL);
	}
	if (*number >= 'a')
		complete_offer(word, "infinity", NULL);
}

static void complete_signal(struct cli *cli, const struct complete_word *word)
{
	(void)cli;
	for (int i = 1; i < SIGRTMIN; i++) {
		if (sigabbrev_np(i))
			complete_offer(word, sigabbrev_np(i), NULL);
	}
}

static void complete_user(struct cli *cli, const struct complete_word *word)
{
	const struct passwd *entry;

	(void)cli;
	for (setpwent(); (entry = getpwent());)
		complete_offer(word, entry->pw_name, NULL);
	endpwent();
}

static void complete_group(struct cli *cli, const struct complete_word *word)
{
	const struct group *entry;

	(void)cli;
	for (setgrent(); (entry = getgrent());)
		complete_offer(word, entry->gr_name, NULL);
	endgrent();
}

/* The keys of show --json. */
static void complete_key(struct cli *cli, const struct complete_word *word)
{
	cleanup_json struct json_object *keys = container_json_keys();

	(void)cli;
	if (!keys)
		return;
	json_object_object_foreach(keys, key, value)
	{
		(void)value;
		complete_offer(word, key, NULL);
	}
}

static void complete_order(struct cli *cli, const struct complete_word *word)
{
	(void)cli;
	for (int i = ORDER_NAME; i <= ORDER_KILLS; i++)
		complete_offer(word, top_order_name((enum top_order)i), NULL);
}

static void complete_verb(struct cli *cli, const struct complete_word *word)
{
	for (size_t i = 0; cli->verbs[i]; i++) {
		if (!cli->verbs[i]->hidden)
			complete_offer(word, cli->verbs[i]->name, cli->verbs[i]->summary);
	}
}

/* "limit=" and then the values of --limit. */
static void complete_setting(struct cli *cli, const struct complete_word *word)
{
	size_t length = strcspn(word->value, "=");

	for_each_cli_setting(setting) {
		const struct option_spec *option = &setting->option;
		cleanup_free char *text = NULL;

		if (!word->value[length]) {
			if (asprintf(&text, "%s=", option->name) >= 0)
				complete_offer(word, text, option->help);
		} else if (strlen(option->name) == length &&
			   !strncmp(option->name, word->value, length)) {
			const struct complete_word value = { word->value, (int)length + 1,
							     word->value + length + 1 };

			complete_value(cli, option->value ?: "yes|no", &value);
		}
	}
}

static void complete_files(struct cli *cli, const struct complete_word *word)
{
	(void)cli;
	(void)word;
	puts(":files");
}

/* "a|b|c" */
static void complete_choice(const char *choice, const struct complete_word *word)
{
	cleanup_free char *copy = strdup(choice);
	char *rest = NULL;

	for (char *one = copy ? strtok_r(copy, "|", &rest) : NULL; one;
	     one = strtok_r(NULL, "|", &rest))
		complete_offer(word, one, NULL);
}

void complete_value(struct cli *cli, const char *kind, const struct complete_word *word)
{
	static const struct {
		const char *kind;
		void (*complete)(struct cli *cli, const struct complete_word *word);
		const char *choice; /* instead of a function */
	} kinds[] = {
		{ "NAME", complete_name, NULL },
		{ "PARENT", complete_parent, NULL },
		{ "MEMBER", complete_member, NULL },
		{ "PID", complete_pid, NULL },
		{ "ID", complete_oom, NULL },
		{ "SIZE", complete_size, NULL },
		{ "SIGNAL", complete_signal, NULL },
		{ "USER", complete_user, NULL },
		{ "GROUP", complete_group, NULL },
		{ "KEY", complete_key, NULL },
		{ "KEY=VALUE", complete_setting, NULL },
		{ "ORDER", complete_order, NULL },
		{ "VERB", complete_verb, NULL },
		{ "FILE", complete_files, NULL },
		{ "PATH", complete_files, NULL },
		{ "TIME", NULL, "500ms|1s|10s|1min" },
		{ "SEQUENCE", NULL, "0|today|yesterday|10min" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		if (kinds[i].complete)
			kinds[i].complete(cli, word);
		else
			complete_choice(kinds[i].choice, word);
		return;
	}
	if (strchr(kind, '|'))
		complete_choice(kind, word);
}
