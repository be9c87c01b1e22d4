/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OOMs of a step: see oom.h. */
#include "slurm/oom.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/text.h"
#include "slurm/client.h"
#include "slurm/config.h"
#include "slurm/pause.h"
#include "slurm/step.h"

/* rssd records an OOM soon after the kernel has killed the process. */
#define TRIES	     50
#define TRY_AGAIN_MS 20

static const char *size_text(uint64_t bytes, char buf[static RSS_SIZE_TEXT_MAX])
{
	if (bytes == RSS_ABSENT || rss_format_size(bytes, buf, RSS_SIZE_TEXT_MAX) < 0)
		return "an unknown amount";
	return buf;
}

void oom_describe(const struct rss_oom *oom, char text[static OOM_TEXT_MAX])
{
	char limit[RSS_SIZE_TEXT_MAX], usage[RSS_SIZE_TEXT_MAX], anonymous[RSS_SIZE_TEXT_MAX];
	int length = snprintf(text, OOM_TEXT_MAX,
			      "out of memory: process %" PRIu32
			      " (%s) was killed: the limit of %s is %s, in use were %s",
			      oom->victim_pid, oom->victim_command ?: "unknown",
			      oom->container	 ? oom->container
			      : oom->limit_owner ? oom->limit_owner
						 : "the machine",
			      size_text(oom->limit, limit), size_text(oom->usage, usage));

	if (length > 0 && length < OOM_TEXT_MAX && oom->anonymous != RSS_ABSENT)
		snprintf(text + length, (size_t)(OOM_TEXT_MAX - length), ", %s of it anonymous",
			 size_text(oom->anonymous, anonymous));
	/* The name of a process is its user's choice. */
	text_make_safe(text);
}

/* Reports those that are new. Return: how many, or a negative errno. */
static int report_new(struct rss_client *client, const struct step *step,
		      struct oom_progress *progress, oom_report_fn report)
{
	struct rss_oom **ooms = NULL;
	size_t count = 0;
	int found = 0, r = rss_list_ooms(client, step->container, &ooms, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		char text[OOM_TEXT_MAX];

		/* A job that was requeued has the containers of its first run. */
		if (ooms[i]->time < progress->since || ooms[i]->id <= progress->last)
			continue;
		progress->last = ooms[i]->id;
		oom_describe(ooms[i], text);
		report(text);
		found++;
	}
	rss_ooms_free(ooms, count);
	return found;
}

/* Returns true if the kernel has killed a process of the step. */
static bool has_kills(struct rss_client *client, const struct step *step)
{
	struct rss_container *container = NULL;
	bool kills;

	if (rss_get(client, step->container, &container) < 0)
		return false;
	kills = container->oom_kills != RSS_ABSENT && container->oom_kills > 0;
	rss_container_free(container);
	return kills;
}

void oom_report(const struct slurm_config *config, const struct step *step,
		struct oom_progress *progress, oom_report_fn report)
{
	cleanup_client struct rss_client *client = NULL;

	if (rss_open_within(config->timeout, &client) < 0 || !has_kills(client, step))
		return;
	/* After the first one, a task may end for another reason: this is not worth a wait. */
	for (int i = 0; i < (progress->last ? 1 : TRIES); i++) {
		if (report_new(client, step, progress, report) != 0)
			return;
		pause_ms(TRY_AGAIN_MS);
	}
}
