/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples for the usage histories of containers: see usage.h. */
#include "container/usage.h"

#include "container/manager.h"
#include "container/usage-clock.h"
#include "container/usage-save.h"
#include "policy/usage-history.h"

static struct usage_totals totals_of(const struct counters *counters, uint64_t refaults,
				     uint64_t time)
{
	return (struct usage_totals){
		.time = time,
		.failures = counters->failures,
		.reclaimed = counters->reclaimed,
		.oom_events = counters->oom_events,
		.oom_kills = counters->oom_kills,
		.refaults = refaults,
	};
}

/* Its history begins when it is first used: ten thousand containers that are not need none. */
static bool is_unused(const struct counters *counters)
{
	return counters->usage == 0 &&
	       (counters->failures == 0 || counters->failures == COUNTER_ABSENT);
}

static uint64_t zero_if_known(uint64_t counter)
{
	return counter == COUNTER_ABSENT ? COUNTER_ABSENT : 0;
}

/* The totals of a container that was unused when it was looked at before. */
static struct usage_totals from_zero(const struct usage_totals *totals)
{
	return (struct usage_totals){
		.time = totals->time,
		.failures = zero_if_known(totals->failures),
		.reclaimed = zero_if_known(totals->reclaimed),
		.oom_events = zero_if_known(totals->oom_events),
		.oom_kills = zero_if_known(totals->oom_kills),
		.refaults = zero_if_known(totals->refaults),
	};
}

bool container_wants_totals(const struct container *c, uint64_t time)
{
	return usage_history_wants_totals(c->usage_history, time);
}

void container_note(struct container *c, uint64_t time, const struct counters *counters,
		    const uint64_t *refaults)
{
	struct usage_totals totals;

	if (!c->usage_history && is_unused(counters)) {
		c->was_unused = true;
		return;
	}
	/* Without memory this sample is dropped. */
	if (counters->usage == COUNTER_ABSENT ||
	    usage_history_add(&c->usage_history, time, counters->usage) < 0)
		return;
	if (refaults) {
		totals = totals_of(counters, *refaults, time);
		if (c->was_unused)
			totals = from_zero(&totals);
		c->was_unused = false;
		usage_history_put_totals(c->usage_history, &totals);
	}
	usage_save_later(c->manager, time);
}

void container_note_look(struct container *c, const struct counters *counters)
{
	uint64_t time = container_history_time(c->manager), refaults = COUNTER_ABSENT;
	bool wanted = container_wants_totals(c, time);

	if (wanted)
		(void)group_read_refaults(c->group, &refaults);
	container_note(c, time, counters, wanted ? &refaults : NULL);
}

void container_restart_totals(struct container *c, bool raised)
{
	uint64_t refaults = COUNTER_ABSENT;
	struct usage_totals totals;
	struct counters counters;

	if (!c->usage_history || container_read_counters(c, &counters) < 0)
		return;
	(void)group_read_refaults(c->group, &refaults);
	totals = totals_of(&counters, refaults, container_history_time(c->manager));
	usage_history_restart_totals(c->usage_history, &totals, raised);
	usage_save_later(c->manager, totals.time);
}
