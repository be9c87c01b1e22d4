/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of rssd: see contain.h. */
#include "slurm/contain.h"

#include <errno.h>
#include <stdio.h>

#include "shared/clock.h"
#include "slurm/client.h"
#include "slurm/pause.h"

#define TRY_AGAIN_MS 20

static int keep_message(int error, struct rss_client *client, char *message)
{
	const char *text = !client && error == -ETIME ? "rssd does not answer"
						      : rss_error_message(client);

	snprintf(message, CONTAIN_MESSAGE_MAX, "%s", text);
	return error;
}

static int create(struct rss_client *client, const char *name, const char *place,
		  const struct rss_settings *settings)
{
	return *place ? rss_create_at(client, name, NULL, place, settings)
		      : rss_create(client, name, settings);
}

static int create_root(struct rss_client *client)
{
	int r = rss_create(client, STEP_ROOT, NULL);

	return r == -EEXIST ? 0 : r;
}

static int create_job(struct rss_client *client, const struct slurm_config *config,
		      const struct step *step)
{
	struct rss_settings settings = { .set = RSS_SET_TRANSIENT, .transient = true };
	int r;

	if (step_limit(step->job_memory, config->mem_factor, &settings.limit) == 0)
		settings.set |= RSS_SET_LIMIT;
	r = create(client, step->job_container, step->job_place, &settings);
	if (r == -ENOENT) {
		r = create_root(client);
		if (r == 0)
			r = rss_create(client, step->job_container, &settings);
	}
	return r == -EEXIST ? 0 : r;
}

/* Processes that an earlier step with this number has left may keep its container. */
static int create_or_set(struct rss_client *client, const struct step *step,
			 const struct rss_settings *settings)
{
	struct rss_settings without = *settings;
	int r = create(client, step->container, step->place, settings);

	if (r != -EEXIST)
		return r;
	without.set &= ~(unsigned int)RSS_SET_TRANSIENT;
	return without.set ? rss_set(client, step->container, &without) : 0;
}

static int create_step(struct rss_client *client, const struct slurm_config *config,
		       const struct step *step, const struct rss_settings *settings)
{
	/*
	 * The first step of a job is one of these, so that the job has no container yet. The container of
	 * a cgroup can be created without that of the job.
	 */
	bool first = step->id == 0 || step_is_special(step) || *step->place;
	int r = first ? -ENOENT : create_or_set(client, step, settings);
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + config->timeout;

	/*
	 * Another step may be creating that of all jobs, which is on the disk before anything is created
	 * in it; and that of the job may be removed, as it is empty, before that of the step is in it.
	 */
	while (r == -ENOENT) {
		r = create_job(client, config, step);
		if (r == 0)
			r = create_or_set(client, step, settings);
		if (r == -ENOENT && clock_usec(CLOCK_MONOTONIC) > end)
			break;
		if (r == -ENOENT)
			pause_ms(TRY_AGAIN_MS);
	}
	return r;
}

/* The tasks wait for this, so none has ended. */
static int attach(struct rss_client *client, const struct step *step, const pid_t pids[],
		  size_t count, char *message)
{
	struct rss_report *report = NULL;
	size_t rows = 0;
	int r = rss_attach_with(client, step->container, pids, count, 0, &report, &rows);

	if (r < 0)
		return keep_message(r, client, message);
	for (size_t i = 0; i < rows && r == 0; i++) {
		if (report[i].outcome == RSS_MOVED)
			continue;
		snprintf(message, CONTAIN_MESSAGE_MAX, "process %d was not attached: %s",
			 (int)report[i].pid,
			 report[i].outcome == RSS_VANISHED ? "it has ended" : report[i].reason);
		r = -ECHILD;
	}
	rss_report_free(report, rows);
	return r;
}

int contain_step(const struct slurm_config *config, const struct step *step,
		 const struct request *request, const pid_t pids[], size_t count,
		 char message[static CONTAIN_MESSAGE_MAX])
{
	cleanup_client struct rss_client *client = NULL;
	struct rss_settings settings = request->settings;
	int r, without_watermarks = 0;

	if (!(settings.set & RSS_SET_LIMIT) &&
	    step_limit(step->memory, config->mem_factor, &settings.limit) == 0)
		settings.set |= RSS_SET_LIMIT;
	settings.set |= RSS_SET_TRANSIENT;
	settings.transient = true;
	r = rss_open_within(config->timeout, &client);
	if (r < 0)
		return keep_message(r, NULL, message);
	r = create_step(client, config, step, &settings);
	if (r == -EOPNOTSUPP && (settings.set & (RSS_SET_WMARK_HIGH | RSS_SET_WMARK_LOW))) {
		without_watermarks = 1;
		settings.set &= ~(unsigned int)(RSS_SET_WMARK_HIGH | RSS_SET_WMARK_LOW);
		keep_message(r, client, message);
		r = create_step(client, config, step, &settings);
	}
	if (r < 0)
		return keep_message(r, client, message);
	r = *step->place ? 0 : attach(client, step, pids, count, message);
	return r < 0 ? r : without_watermarks;
}
