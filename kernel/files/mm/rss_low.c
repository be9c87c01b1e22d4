// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: protection from global reclaim.
 *
 * Pages of a container stay on the LRU of their node, so global reclaim finds them
 * among others.  It asks here about each folio that it is about to reclaim, and
 * activates those of a container whose usage is at most its effective protection.
 * That is what memory.low means: the value of rss.low, bounded by the parent's
 * effective protection, which is distributed between the children.
 *
 * If nothing else can be reclaimed, direct reclaim tries again without protection,
 * as for memory.low.  Each such attempt has scanned the lists of the node to their
 * end, so protection is then lifted on the node for a second, for all reclaimers.
 */
#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page_counter.h>

#include "rss_internal.h"

/* On while a container has rss.low set; deferred for the reason of container_rss_key. */
DEFINE_STATIC_KEY_DEFERRED_FALSE(container_rss_low_key, HZ);

/* Serializes page_counter_set_low(). */
static DEFINE_MUTEX(rss_low_mutex);

/* How long protection is lifted. */
#define RSS_LOW_LIFTED		HZ

/* By node: until when protection is lifted, in jiffies; 0: it is not. */
static unsigned long rss_low_lifted[MAX_NUMNODES];

/**
 * rss_set_low - set the protection of a container
 * @rss: the container
 * @low: pages; 0 for none
 *
 * Context: may sleep.
 */
void rss_set_low(struct rss_container *rss, unsigned long low)
{
	unsigned long old;

	mutex_lock(&rss_low_mutex);
	old = rss->res.low;
	if (low && !old)
		static_branch_deferred_inc(&container_rss_low_key);
	page_counter_set_low(&rss->res, low);
	if (old && !low)
		static_branch_slow_dec_deferred(&container_rss_low_key);
	mutex_unlock(&rss_low_mutex);
	if (!low)
		return;
	/* usage has to be exact enough, see rss_owner_batch() */
	rss_update_batches(rss);
	rss_drain_stocks(rss);
}

/* Returns true if all of the usage of @rss is protected.  RCU read lock held. */
static bool rss_is_below_low(struct rss_container *rss)
{
	struct page_counter *counter, *above = NULL;

	if (rss_is_root(rss))
		return false;
	/* from the top-level container down to this one */
	while (above != &rss->res) {
		counter = &rss->res;
		while (counter->parent != above)
			counter = counter->parent;
		page_counter_calculate_protection(NULL, counter, true);
		above = counter;
	}
	return READ_ONCE(rss->res.elow) &&
	       page_counter_read(&rss->res) <= READ_ONCE(rss->res.elow);
}

static bool rss_low_is_lifted(int nid)
{
	unsigned long end = READ_ONCE(rss_low_lifted[nid]);

	if (likely(!end))
		return false;
	if (time_before(jiffies, end))
		return true;
	WRITE_ONCE(rss_low_lifted[nid], 0);
	return false;
}

/* Pages of @rss are reclaimed although they are protected: an event, once a tick. */
static void rss_low_event(struct rss_container *rss)
{
	unsigned long now = jiffies;

	if (READ_ONCE(rss->low_event) == now)
		return;
	WRITE_ONCE(rss->low_event, now);
	atomic_long_inc(&rss->low_local);
	cgroup_file_notify(&rss->events_local_file);
	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		atomic_long_inc(&rss->low_count);
		cgroup_file_notify(&rss->events_file);
	}
}

/**
 * __container_rss_is_protected - see container_rss_is_protected()
 * @folio: the folio
 * @last: whether nothing else can be reclaimed
 */
bool __container_rss_is_protected(struct folio *folio, bool last)
{
	int nid = folio_nid(folio);
	struct rss_container *rss;
	bool protected = false;

	rcu_read_lock();
	rss = rss_folio_container(folio);
	if (!rss || !rss_is_below_low(rss))
		goto unlock;
	if (last)
		WRITE_ONCE(rss_low_lifted[nid], (jiffies + RSS_LOW_LIFTED) ?: 1);
	protected = !rss_low_is_lifted(nid);
	if (!protected)
		rss_low_event(rss);
unlock:
	rcu_read_unlock();
	return protected;
}
