/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OOM as a phrase: see oom-text.h. Unknown facts are left out. */
#include "view/oom-text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/size.h"
#include "shared/file.h"

static void write_victim(FILE *out, const struct rss_oom *oom)
{
	if (!oom->victim_pid && !oom->victim_command) {
		fputs("OOM, the victim is unknown", out);
		return;
	}
	if (oom->killed > 1)
		fprintf(out, "killed %" PRIu64 " processes, the largest", oom->killed);
	else
		fputs("killed", out);
	if (oom->victim_pid)
		fprintf(out, " %" PRIu32, oom->victim_pid);
	if (oom->victim_command)
		fprintf(out, oom->victim_pid ? " (%s)" : " %s", oom->victim_command);
	if (oom->victim_container && oom->container &&
	    strcmp(oom->victim_container, oom->container))
		fprintf(out, " of %s", oom->victim_container);
}

static void write_cause(FILE *out, const struct rss_oom *oom)
{
	if (!oom->cause)
		return;
	fprintf(out, "; by rssd (%s)", oom->cause);
	if (oom->requester_uid != (uint32_t)-1)
		fprintf(out, " for user %" PRIu32, oom->requester_uid);
}

static void write_limit(FILE *out, const struct rss_oom *oom)
{
	const char *owner = oom->container && *oom->container ? oom->container : oom->limit_owner;
	char buf[SIZE_TEXT_MAX];

	if (oom->limit != RSS_ABSENT)
		fprintf(out, "; the limit of %s is %s", owner ?: "the container",
			size_format(oom->limit, buf));
	else if (owner)
		fprintf(out, "; the limit of %s was hit", owner);
	if (oom->usage != RSS_ABSENT)
		fprintf(out, ", usage was %s", size_format(oom->usage, buf));
}

static char *oom_format(const struct rss_oom *oom, bool with_limit)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_victim(out, oom);
	write_cause(out, oom);
	if (with_limit)
		write_limit(out, oom);
	if (close_text(out, &text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *oom_to_text(const struct rss_oom *oom)
{
	return oom_format(oom, true);
}

char *oom_victim_to_text(const struct rss_oom *oom)
{
	return oom_format(oom, false);
}
