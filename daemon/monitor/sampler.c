/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples all containers regularly: see sampler.h. */
#include "monitor/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "monitor/collect.h"
#include "store/config.h"

struct sampler {
	sd_event_source *timer;
};

/* The collection itself adds to the usage histories. */
static void on_collected(int error, const struct failure *failure, const struct collect_row rows[],
			 size_t count, void *userdata)
{
	if (error < 0)
		log_debug("Cannot take samples: %s", failure->text);
}

static int on_sample_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;
	struct failure failure = { 0 };
	int r;

	if (m->stopping)
		return 0;
	r = collect_start(m, COLLECT_COUNTERS, on_collected, NULL, &failure);
	if (r < 0)
		on_collected(r, &failure, NULL, 0, NULL);
	(void)sd_event_source_set_time_relative(source, m->config->sample_interval);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int sampler_apply(struct manager *m)
{
	uint64_t interval = m->config->sample_interval;

	sampler_close(m);
	if (!interval)
		return 0;
	m->sampler = calloc(1, sizeof(*m->sampler));
	if (!m->sampler)
		return -ENOMEM;
	/* This clock stops while the machine is suspended, when no usage changes. */
	return sd_event_add_time_relative(m->event, &m->sampler->timer, CLOCK_MONOTONIC, interval,
					  interval / 10, on_sample_due, m);
}

void sampler_close(struct manager *m)
{
	if (!m->sampler)
		return;
	sd_event_source_disable_unref(m->sampler->timer);
	free(m->sampler);
	m->sampler = NULL;
}
