/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of steps: see record.h. The names of the counters are those of rssctl --json. */
#include "slurm/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"
#include "slurm/client.h"
#include "slurm/config.h"
#include "slurm/step.h"

#define LINE_MAX_BYTES 2048

/* A counter that the controller does not have is null. */
static void put_count(FILE *line, const char *key, uint64_t count)
{
	if (count == RSS_ABSENT)
		fprintf(line, ", \"%s\": null", key);
	else
		fprintf(line, ", \"%s\": %" PRIu64, key, count);
}

static void put_limit(FILE *line, uint64_t limit)
{
	if (limit == RSS_INFINITY)
		fprintf(line, ", \"limit\": \"infinity\"");
	else
		put_count(line, "limit", limit);
}

/* Nothing needs to be escaped: rssd has accepted the name of the container. */
static void put_record(FILE *line, const struct step *step, const struct rss_container *c)
{
	fprintf(line, "{\"time_usec\": %" PRIu64 ", \"container\": \"%s\"",
		clock_usec(CLOCK_REALTIME), c->name);
	put_count(line, "job", step->job);
	fprintf(line, ", \"step\": \"%s\"", step_name(step));
	put_count(line, "uid", step->uid);
	put_count(line, "tasks", step->tasks);
	put_limit(line, c->limit);
	put_count(line, "peak", c->peak);
	put_count(line, "usage", c->usage);
	put_count(line, "anonymous", c->anonymous);
	put_count(line, "file", c->file);
	put_count(line, "mapped", c->mapped);
	put_count(line, "failures", c->failures);
	put_count(line, "reclaimed", c->reclaimed);
	put_count(line, "refaults", c->refaults);
	put_count(line, "pressure_some_usec", c->pressure_some);
	put_count(line, "oom_kills", c->oom_kills);
	fprintf(line, "}\n");
}

/* One write, so that lines of several steps do not mix. */
static int append(const char *path, const char *text, size_t length)
{
	cleanup_close int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -ENOSPC;
}

int record_write(const struct slurm_config *config, const struct step *step)
{
	cleanup_client struct rss_client *client = NULL;
	cleanup_container struct rss_container *container = NULL;
	char text[LINE_MAX_BYTES] = "";
	FILE *line;
	int r = rss_open_within(config->timeout, &client);

	if (r == 0)
		r = rss_get(client, step->container, &container);
	if (r < 0)
		return r;
	line = fmemopen(text, sizeof(text), "w");
	if (!line)
		return -ENOMEM;
	put_record(line, step, container);
	if (fclose(line) != 0)
		return -ENOMEM;
	return append(config->record, text, strlen(text));
}
