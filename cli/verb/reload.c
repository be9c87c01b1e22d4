/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl reload: make rssd read its files again. */
#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/status.h"

static int run(struct cli *cli, const struct args *args)
{
	int status = connect_daemon(cli), r;
	struct rss_finding *findings;
	size_t count;

	if (status != STATUS_DONE)
		return status;
	r = rss_reload_findings(cli->client, &findings, &count);
	if (r < 0)
		return fail_call(cli, r);
	for (size_t i = 0; i < count; i++)
		status = print_error(STATUS_FAILED, "%s is not in force: %s", findings[i].subject,
				     findings[i].text);
	rss_findings_free(findings, count);
	return status;
}

DEFINE_VERB(reload) = {
	.name = "reload",
	.order = 240,
	.synopsis = "",
	.summary = "Make rssd read its configuration again",
	.description =
		"Reads rssd.conf and containers.d; see rssd.conf(5). If a declaration cannot be read,\n"
		"it is reported and the status is 1.",
	.changes = true,
	.run = run,
};
