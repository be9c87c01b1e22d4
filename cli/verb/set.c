/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl set: several settings at once, all or none. */
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/cleanup.h"
#include "values.h"
#include "verb.h"
#include "view/status.h"

enum key {
	LIMIT,
	HIGH,
	LOW,
	OOM_GROUP,
};

static const char *const keys[] = {
	[LIMIT] = "limit",
	[HIGH] = "high",
	[LOW] = "low",
	[OOM_GROUP] = "oom-group",
};

static int find_key(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i]) == length && !strncmp(keys[i], text, length))
			return (int)i;
	return -1;
}

static int read_setting(const char *text, struct rss_settings *settings)
{
	size_t length = strcspn(text, "=");
	const char *value = text + length + 1;

	if (!text[length])
		return print_error(STATUS_USAGE, "\"%s\" is not KEY=VALUE", text);
	switch (find_key(text, length)) {
	case LIMIT:
		settings->set |= RSS_SET_LIMIT;
		return read_size("The limit", value, &settings->limit);
	case HIGH:
		settings->set |= RSS_SET_HIGH;
		return read_size("The high watermark", value, &settings->high);
	case LOW:
		settings->set |= RSS_SET_LOW;
		return read_size("The low watermark", value, &settings->low);
	case OOM_GROUP:
		settings->set |= RSS_SET_OOM_GROUP;
		return read_yes_no("oom-group", value, &settings->oom_group);
	default:
		return print_error(
			STATUS_USAGE,
			"There is no setting \"%.*s\"; there are limit, high, low and oom-group",
			(int)length, text);
	}
}

static int run(struct cli *cli, const struct args *args)
{
	struct rss_settings settings = { 0 };
	int status, r;

	for (size_t i = 1; i < args->n_operands; i++) {
		status = read_setting(args->operands[i], &settings);
		if (status != STATUS_DONE)
			return status;
	}
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = rss_set(cli->client, args->operands[0], &settings);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

const struct verb verb_set = {
	.name = "set",
	.synopsis = "NAME KEY=VALUE...",
	.summary = "Change settings of a container, all or none",
	.description =
		"Keys: limit, high and low take a size or infinity; oom-group takes yes or no.\n"
		"A limit below usage is reclaimed for, as rssctl limit does; it has more to choose from.",
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
