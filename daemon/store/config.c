/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssd.conf: see config.h. */
#include "store/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "base/failure.h"
#include "shared/file.h"
#include "shared/size.h"

enum key_type {
	KEY_TEXT,
	KEY_PATH,
	KEY_NAME,
	KEY_COUNT,
	KEY_DURATION,
	KEY_INTERVAL,
	KEY_LOG_LEVEL,
	KEY_HIERARCHY,
	KEY_VISIBILITY,
	KEY_SWITCH
};

/* The shortest sample interval: sampling more often would cost too much for background work. */
#define INTERVAL_USEC_MIN (1000 * 1000)

static const struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	const char *initial;
} keys[] = {
	{ "Controller", KEY_TEXT, offsetof(struct config, controller), "auto" },
	{ "Hierarchy", KEY_HIERARCHY, offsetof(struct config, hierarchy), "auto" },
	{ "FavorDynMods", KEY_SWITCH, offsetof(struct config, favor_dynmods), "yes" },
	{ "Root", KEY_NAME, offsetof(struct config, root), "rssd" },
	{ "StateDirectory", KEY_PATH, offsetof(struct config, state_directory), "/var/lib/rssd" },
	{ "RuntimeDirectory", KEY_PATH, offsetof(struct config, runtime_directory), "/run/rssd" },
	{ "ContainersDirectory", KEY_PATH, offsetof(struct config, containers_directory),
	  "/etc/rssd/containers.d" },
	{ "LimitTimeout", KEY_DURATION, offsetof(struct config, limit_timeout), "30s" },
	{ "SampleInterval", KEY_INTERVAL, offsetof(struct config, sample_interval), "off" },
	{ "ContainersMax", KEY_COUNT, offsetof(struct config, containers_max), "20000" },
	{ "PendingCallsPerUser", KEY_COUNT, offsetof(struct config, pending_max), "64" },
	{ "ProcessVisibility", KEY_VISIBILITY, offsetof(struct config, visibility), "auto" },
	{ "LogLevel", KEY_LOG_LEVEL, offsetof(struct config, log_level), "info" },
};

static const struct {
	const char *name;
	int level;
} log_levels[] = {
	{ "err", LOG_ERR },   { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO }, { "debug", LOG_DEBUG },
};

static const char *const hierarchies[] = {
	[HIERARCHY_AUTO] = "auto",
	[HIERARCHY_V1] = "v1",
	[HIERARCHY_V2] = "v2",
};

static const char *const visibilities[] = {
	[VISIBILITY_AUTO] = "auto",
	[VISIBILITY_ALL] = "all",
	[VISIBILITY_OWN] = "own",
};

/* Returns the index of @word, or -1. */
static int find_word(const char *word, const char *const words[], int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return i;
	}
	return -1;
}

static int set_text(char **member, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

/* Sets the member of @key. Returns NULL, or what is wrong with @value. */
static const char *set_key(struct config *config, const struct key *key, const char *value)
{
	void *member = (char *)config + key->offset;
	char *end;
	int word;

	switch (key->type) {
	case KEY_TEXT:
		return set_text(member, value) < 0 ? "out of memory" : NULL;
	case KEY_PATH:
		if (value[0] != '/')
			return "must be a path that starts with /";
		return set_text(member, value) < 0 ? "out of memory" : NULL;
	case KEY_NAME:
		if (!value[0] || strstr(value, "..") || value[strlen(value) - 1] == '/')
			return "must be the name of a cgroup directory";
		return set_text(member, value) < 0 ? "out of memory" : NULL;
	case KEY_COUNT:
		errno = 0;
		if (!isdigit((unsigned char)value[0]))
			return "must be a whole number";
		*(uint64_t *)member = strtoull(value, &end, 10);
		return errno || *end || *(uint64_t *)member == 0 ? "must be a whole number above 0"
								 : NULL;
	case KEY_DURATION:
		if (duration_parse(value, member) < 0 || *(uint64_t *)member == 0)
			return "must be a time span like 500ms, 30s or 2min";
		return NULL;
	case KEY_INTERVAL:
		*(uint64_t *)member = 0;
		if (strcmp(value, "off") != 0 &&
		    (duration_parse(value, member) < 0 || *(uint64_t *)member < INTERVAL_USEC_MIN))
			return "must be off, or a time span of 1s or more";
		return NULL;
	case KEY_LOG_LEVEL:
		for (size_t i = 0; i < ARRAY_SIZE(log_levels); i++) {
			if (strcmp(value, log_levels[i].name) == 0) {
				*(int *)member = log_levels[i].level;
				return NULL;
			}
		}
		return "must be one of err, warning, notice, info, debug";
	case KEY_HIERARCHY:
		word = find_word(value, hierarchies, ARRAY_SIZE(hierarchies));
		if (word < 0)
			return "must be auto, v1 or v2";
		*(enum hierarchy_choice *)member = word;
		return NULL;
	case KEY_VISIBILITY:
		word = find_word(value, visibilities, ARRAY_SIZE(visibilities));
		if (word < 0)
			return "must be auto, all or own";
		*(enum process_visibility *)member = word;
		return NULL;
	case KEY_SWITCH:
		*(bool *)member = strcmp(value, "yes") == 0;
		return *(bool *)member || strcmp(value, "no") == 0 ? NULL : "must be yes or no";
	}
	return "cannot be set";
}

static char *strip(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static int parse_line(struct config *config, char *line, const char *file, unsigned int number,
		      struct failure *failure)
{
	char *name = strip(line), *value;

	if (!name[0] || name[0] == '#' || name[0] == ';' || strcmp(name, "[rssd]") == 0)
		return 0;
	value = strchr(name, '=');
	if (!value)
		return fail(failure, RSS_ERROR_CONFIG, "%s:%u: \"%s\" is not of the form Key=Value",
			    file, number, name);
	*value++ = '\0';
	name = strip(name);
	value = strip(value);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *problem;

		if (strcmp(name, keys[i].name) != 0)
			continue;
		problem = set_key(config, &keys[i], value);
		if (!problem)
			return 0;
		return fail(failure, RSS_ERROR_CONFIG, "%s:%u: %s=%s: %s", file, number, name,
			    value, problem);
	}
	return fail(failure, RSS_ERROR_CONFIG,
		    "%s:%u: %s is not a known key; rssd.conf(5) lists the keys", file, number,
		    name);
}

int config_parse(const char *text, const char *file, struct config **ret, struct failure *failure)
{
	cleanup_(config_free_ptr) struct config *config = calloc(1, sizeof(*config));
	cleanup_free char *copy = strdup(text);
	unsigned int number = 0;
	char *rest = copy;

	if (!config || !copy)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (set_key(config, &keys[i], keys[i].initial))
			return -ENOMEM;
	}
	while (rest) {
		char *line = strsep(&rest, "\n");
		int r = parse_line(config, line, file, ++number, failure);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(config);
	return 0;
}

int config_load(const char *path, struct config **ret, struct failure *failure)
{
	cleanup_free char *text = NULL;
	const char *file = path ? path : CONFIG_FILE;
	size_t length;
	int r = read_file_at(AT_FDCWD, file, FILE_FOREIGN_MAX, &text, &length);

	if (r == -ENOENT && !path)
		return config_parse("", file, ret, failure);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONFIG, "%s: %s", file, strerror(-r));
	if (strlen(text) != length)
		return fail(failure, RSS_ERROR_CONFIG, "%s: the file contains a NUL byte", file);
	return config_parse(text, file, ret, failure);
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	free(config->controller);
	free(config->root);
	free(config->state_directory);
	free(config->runtime_directory);
	free(config->containers_directory);
	free(config);
	return NULL;
}
