/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The predicted outcome of a limit: see forecast.h. */
#include "report/forecast.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/failure.h"
#include "container/container.h"
#include "container/manager.h"
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

/* The reason why reclaim cannot free enough. */
static void explain_lack(struct forecast *f)
{
	const struct forecast_input *in = &f->of;
	char most[SIZE_TEXT_MAX], locked[SIZE_TEXT_MAX], stuck[SIZE_TEXT_MAX];
	uint64_t anon = known(in->anon), swap = known(in->swap);

	size_format(f->reclaimable, most);
	size_format(known(in->locked), locked);
	size_format(anon > swap ? anon - swap : 0, stuck);
	snprintf(f->reason, sizeof(f->reason),
		 "at most %s can be reclaimed: %s of %s memory %s, %s is locked", most, stuck,
		 known(in->shmem) ? "anonymous and shared" : "anonymous",
		 swap ? "does not fit in swap" : "stays, because no swap is free", locked);
}

void forecast_limit(const struct forecast_input *in, struct forecast *ret)
{
	struct forecast f = { .of = *in };
	char size[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];
	bool lists = in->anon != COUNTER_ABSENT && in->file != COUNTER_ABSENT;

	f.to_free = in->usage > in->target ? in->usage - in->target : 0;
	f.reclaimable = known(in->file) + least(known(in->anon), known(in->swap));
	if (f.to_free == 0) {
		f.verdict = FORECAST_FITS;
		snprintf(f.reason, sizeof(f.reason), "%s is in use, which fits",
			 size_format(in->usage, size));
	} else if (in->mode == LIMIT_MODE_REFUSE) {
		f.verdict = FORECAST_REFUSED;
		snprintf(f.reason, sizeof(f.reason), "%s is in use, %s too much",
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
		/* The last tenth is assumed to be in use. */
		f.verdict = f.to_free > f.reclaimable / 10 * 9 ? FORECAST_UNSURE
							       : FORECAST_RECLAIMS;
		snprintf(f.reason, sizeof(f.reason), "%s must be reclaimed, of %s that can be",
			 size_format(f.to_free, size), size_format(f.reclaimable, other));
	}
	*ret = f;
}

int forecast_container(struct container *c, uint64_t limit, enum limit_mode mode,
		       struct forecast *ret, struct failure *failure)
{
	const struct controller *controller = c->manager->controller;
	struct settings_change change = { .set = SETTING_LIMIT, .to.limit = limit };
	struct forecast_input in = { .mode = mode, .target = limit };
	struct memory_parts parts;
	struct sysinfo info = { 0 };
	int r = settings_check(&c->settings, &change, controller->settings, controller->ops->name,
			       controller_limit_min(controller), failure);

	if (r < 0)
		return r;
	r = group_read_usage(c->group, &in.usage);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The usage of %s cannot be read: %s; another program may have "
			    "removed its cgroup",
			    c->name, strerror(-r));
	group_read_parts(c->group, &parts);
	(void)sysinfo(&info);
	in.anon = parts.anon_list;
	in.file = parts.file_list;
	in.shmem = parts.shmem;
	in.locked = parts.locked;
	in.swap = (uint64_t)info.freeswap * info.mem_unit;
	in.can_reclaim = controller_can(controller, FEATURE_SAFE_LIMIT) ||
			 controller_can(controller, FEATURE_RECLAIM);
	forecast_limit(&in, ret);
	return 0;
}
