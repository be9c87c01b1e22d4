/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl version: print the versions of both programs, and the features of the controller. */
#include <stdio.h>

#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

DEFINE_CLEANUP(struct rss_daemon_info *, rss_daemon_info_free);

/* @info: NULL if rssd cannot be reached. */
static int print_version_json(const struct cli *cli, const struct rss_daemon_info *info)
{
	cleanup_json struct json_object *object = json_object_new_object();
	struct json_object *features = info ? json_object_new_array() : NULL;

	json_add_text(object, "rssctl", RSSD_VERSION);
	json_add_text(object, "rssd", info ? info->version : NULL);
	json_add_text(object, "controller", info ? info->controller : NULL);
	for (size_t i = 0; features && info->features[i]; i++)
		json_object_array_add(features, json_object_new_string(info->features[i]));
	json_add_value(object, "features", features);
	return print_json(&cli->out, object);
}

static void print_version_text(const struct rss_daemon_info *info)
{
	puts("rssctl      " RSSD_VERSION);
	if (!info)
		return;
	printf("rssd        %s\n", info->version);
	printf("controller  %s\n", info->controller);
	printf("features   ");
	for (size_t i = 0; info->features[i]; i++)
		printf(" %s", info->features[i]);
	puts(info->features[0] ? "" : " -");
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(rss_daemon_info_free_ptr) struct rss_daemon_info *info = NULL;
	int printed = STATUS_DONE, status, r;

	/* The version of rssctl is printed even if rssd cannot be reached. */
	status = connect_daemon(cli);
	if (status == STATUS_DONE) {
		r = rss_daemon_info(cli->client, &info);
		status = end_call(cli, r);
	}
	if (cli->out.json)
		printed = print_version_json(cli, info);
	else
		print_version_text(info);
	return status ?: printed;
}

DEFINE_VERB(version) = {
	.name = "version",
	.order = 250,
	.synopsis = "",
	.summary = "Print the versions of rssctl and of rssd",
	.run = run,
};
