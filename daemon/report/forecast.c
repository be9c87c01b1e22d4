/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The predicted outcome of a limit: see forecast.h. */
#include "report/forecast.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/failure.h"
#include "cgroup/control-file.h"
#include "container/container.h"
#include "container/manager.h"
#include "shared/name.h"
#include "shared/size.h"

static const char *const verdict_names[] = {
	[FORECAST_FITS] = "fits",     [FORECAST_RECLAIMS] = "reclaims",
	[FORECAST_UNSURE] = "unsure", [FORECAST_REFUSED] = "refused",
	[FORECAST_KILLS] = "kills",
};

const char *forecast_verdict_name(enum forecast_verdict verdict)
{
	return verdict_names[verdict];
}

static uint64_t known(uint64_t size)
{
	return size == COUNTER_ABSENT ? 0 : size;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The swap that reclaim for a limit can use. */
static uint64_t usable_swap(const struct forecast_input *in)
{
	return in->swappiness == 0 ? 0 : known(in->swap);
}

/* The reason why reclaim cannot free enough. */
static void explain_lack(struct forecast *f)
{
	const struct forecast_input *in = &f->of;
	char most[SIZE_TEXT_MAX], locked[SIZE_TEXT_MAX], stuck[SIZE_TEXT_MAX];
	uint64_t anon = known(in->anon), swap = usable_swap(in);
	const char *why = "does not fit in swap";

	if (swap == 0)
		why = known(in->swap) ? "stays, because vm.swappiness is 0"
				      : "stays, because no swap is free";
	size_format(f->reclaimable, most);
	size_format(known(in->locked), locked);
	size_format(anon > swap ? anon - swap : 0, stuck);
	snprintf(f->reason, sizeof(f->reason),
		 "at most %s can be reclaimed: %s of %s memory %s, %s is locked", most, stuck,
		 known(in->shmem) ? "anonymous and shared" : "anonymous", why, locked);
}

/* There are enough reclaimable pages. */
static void explain_reclaim(struct forecast *f)
{
	char size[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX], dirty[SIZE_TEXT_MAX];
	uint64_t later = least(known(f->of.dirty), known(f->of.file));
	bool waits = f->to_free > f->reclaimable - later;

	/* The last tenth is assumed to be in use. */
	f->verdict = waits || f->to_free > f->reclaimable / 10 * 9 ? FORECAST_UNSURE
								   : FORECAST_RECLAIMS;
	size_format(f->to_free, size);
	size_format(f->reclaimable, most);
	snprintf(f->reason, sizeof(f->reason), "%s must be reclaimed, of %s that can be%s%s%s",
		 size, most, waits ? "; " : "", waits ? size_format(later, dirty) : "",
		 waits ? " of it must be written first" : "");
}

void forecast_limit(const struct forecast_input *in, struct forecast *ret)
{
	struct forecast f = { .of = *in };
	char size[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];
	bool lists = in->anon != COUNTER_ABSENT && in->file != COUNTER_ABSENT;

	f.to_free = in->usage > in->target ? in->usage - in->target : 0;
	f.reclaimable = known(in->file) + least(known(in->anon), usable_swap(in));
	if (f.to_free == 0) {
		f.verdict = FORECAST_FITS;
		snprintf(f.reason, sizeof(f.reason), "%s is in use, which fits",
			 size_format(in->usage, size));
	} else if (in->mode == LIMIT_MODE_REFUSE) {
		f.verdict = FORECAST_REFUSED;
		snprintf(f.reason, sizeof(f.reason), "%s is in use, %s above the limit",
			 size_format(in->usage, size), size_format(f.to_free, other));
	} else if (in->mode == LIMIT_MODE_RECLAIM && !in->can_reclaim) {
		f.verdict = FORECAST_REFUSED;
		snprintf(f.reason, sizeof(f.reason), "this kernel cannot reclaim on request");
	} else if (!lists) {
		f.verdict = FORECAST_UNSURE;
		snprintf(f.reason, sizeof(f.reason),
			 "this kernel does not report how much can be reclaimed");
	} else if (f.to_free > f.reclaimable) {
		f.verdict = in->mode == LIMIT_MODE_FORCE ? FORECAST_KILLS : FORECAST_REFUSED;
		explain_lack(&f);
	} else {
		explain_reclaim(&f);
	}
	*ret = f;
}

/* --- the limits of a transaction ----------------------------------------------------- */

static uint64_t less(uint64_t size, uint64_t by)
{
	return size == COUNTER_ABSENT ? size : size - least(size, by);
}

static bool is_bad(enum forecast_verdict verdict)
{
	return verdict == FORECAST_REFUSED || verdict == FORECAST_KILLS;
}

/*
 * Pages that were reclaimed for an earlier limit may all be those of other containers, or, if
 * that limit is of a container around this one, pages of this one.
 */
static void forecast_step(struct forecast_step steps[], size_t at)
{
	struct forecast_step *step = &steps[at];
	struct forecast_input worst = step->in, best;
	struct forecast other;

	for (size_t i = 0; i < at; i++)
		worst.swap = less(worst.swap, steps[i].freed_anon);
	best = worst;
	for (size_t i = 0; i < at; i++) {
		uint64_t file = least(steps[i].freed_file, known(best.file));
		uint64_t anon = least(steps[i].freed_anon, known(best.anon));

		if (!name_is_inside(step->name, steps[i].name))
			continue;
		best.file = less(best.file, file);
		best.anon = less(best.anon, anon);
		best.usage = less(best.usage, file + anon);
	}
	forecast_limit(&worst, &step->forecast);
	forecast_limit(&best, &other);
	if (is_bad(step->forecast.verdict) && !is_bad(other.verdict)) {
		step->forecast.verdict = FORECAST_UNSURE;
		snprintf(step->forecast.reason, sizeof(step->forecast.reason),
			 "it depends on what is reclaimed for the limits of its parents");
	}
	/* Sizes as they are now. */
	step->forecast.of = step->in;
}

void forecast_steps(struct forecast_step steps[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct forecast_step *step = &steps[i];
		uint64_t freed;

		forecast_step(steps, i);
		if (step->forecast.verdict == FORECAST_REFUSED)
			continue;
		freed = least(step->forecast.to_free, step->forecast.reclaimable);
		step->freed_file = least(freed, known(step->in.file));
		step->freed_anon = freed - step->freed_file;
	}
}

/* --- containers ---------------------------------------------------------------------- */

/* As reclaim for a limit of @group uses it. */
static uint64_t read_swappiness(const struct group *group)
{
	uint64_t swappiness = COUNTER_ABSENT;

	/* Groups of memory-v1 have their own. */
	if (cgroup_read_u64(group->fd, "memory.swappiness", &swappiness) < 0)
		(void)cgroup_read_u64(AT_FDCWD, "/proc/sys/vm/swappiness", &swappiness);
	return swappiness;
}

int forecast_read(struct container *c, uint64_t limit, enum limit_mode mode,
		  struct forecast_input *ret, struct failure *failure)
{
	const struct controller *controller = c->manager->controller;
	struct settings_change change = { .set = SETTING_LIMIT, .to.limit = limit };
	struct forecast_input in = { .mode = mode, .target = limit };
	struct memory_parts parts;
	struct sysinfo info = { 0 };
	int r = container_check_settings(c, &change, failure);

	if (r < 0)
		return r;
	/* Nothing is in use in a unit that is not running. */
	r = group_is_bound(c->group) ? group_read_usage(c->group, &in.usage) : 0;
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the usage of \"%s\": %s; if another program removed its "
			    "cgroup, rssctl repair creates it again",
			    c->name, strerror(-r));
	group_read_parts(c->group, &parts);
	(void)sysinfo(&info);
	in.anon = parts.anon_list;
	in.file = parts.file_list;
	in.shmem = parts.shmem;
	in.locked = parts.locked;
	in.dirty = parts.dirty;
	in.swappiness = read_swappiness(c->group);
	in.swap = (uint64_t)info.freeswap * info.mem_unit;
	in.can_reclaim = controller_can(controller, FEATURE_SAFE_LIMIT) ||
			 controller_can(controller, FEATURE_RECLAIM);
	*ret = in;
	return 0;
}

int forecast_container(struct container *c, uint64_t limit, enum limit_mode mode,
		       struct forecast *ret, struct failure *failure)
{
	struct forecast_input in;
	int r = forecast_read(c, limit, mode, &in, failure);

	if (r == 0)
		forecast_limit(&in, ret);
	return r;
}
