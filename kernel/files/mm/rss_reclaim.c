// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: reclaim from a container's own pages.
 *
 * What is looked at comes from the container's lists alone, node by node;
 * whether a folio goes, and how, is for shrink_folio_list() to say.  What
 * counts as success is that a page left the container: one that went to the
 * swap cache, or stays dirty in the page cache, is not mapped any more and
 * makes room at once, even while the machine has not got it back yet.
 */
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/psi.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/writeback.h>

#include "internal.h"
#include "rss_internal.h"

#include <trace/events/rss_container.h>

/**
 * struct rss_scan - one call of rss_reclaim()
 * @root: whose subtree
 * @nr_wanted: pages to take
 * @nr_taken: pages taken so far
 * @nr_scanned: pages looked at so far
 * @priority: a list's size is shifted right by this to get what is scanned of it
 * @unqueued_dirty: dirty pages met that nobody writes back yet
 */
struct rss_scan {
	struct rss_container *root;
	unsigned long nr_wanted;
	unsigned long nr_taken;
	unsigned long nr_scanned;
	unsigned long unqueued_dirty;
	int priority;
};

/*
 * Take up to @nr folios from the cold end of a list, and from the LRU.  Folios
 * that somebody else holds are passed by.
 */
static void rss_isolate(struct rss_lru *lru, enum rss_list from, unsigned int nr,
			struct list_head *list, unsigned long *scanned)
{
	struct folio *folios[SWAP_CLUSTER_MAX], *folio;
	unsigned int i;

	nr = rss_lru_isolate(lru, from, folios, nr, scanned);
	for (i = 0; i < nr; i++) {
		folio = folios[i];
		if (folio_isolate_lru(folio))
			list_add(&folio->lru, list);
		folio_put(folio);
	}
}

/*
 * Age: look which folios of an active list were used of late.  As in
 * shrink_active_list() only code that runs stays active, and as there the
 * folio's way back to the LRU brings it to the right list.
 */
static void rss_shrink_active(struct rss_lru *lru, enum rss_list active,
			      unsigned int nr_to_scan)
{
	unsigned long scanned = 0, vm_flags;
	struct folio *folio;
	LIST_HEAD(list);

	rss_isolate(lru, active, nr_to_scan, &list, &scanned);
	while (!list_empty(&list)) {
		cond_resched();
		folio = lru_to_folio(&list);
		list_del(&folio->lru);
		if (folio_referenced(folio, 0, NULL, &vm_flags) &&
		    (vm_flags & VM_EXEC) && folio_is_file_lru(folio)) {
			folio_set_active(folio);
		} else {
			folio_clear_active(folio);
			folio_set_workingset(folio);
		}
		folio_putback_lru(folio);
	}
}

/* Run the scanner over folios of an inactive list. */
static void rss_shrink_inactive(struct rss_lru *lru, enum rss_list inactive,
				unsigned int nr_to_scan,
				struct pglist_data *pgdat, struct rss_scan *scan)
{
	struct rss_shrink shrink = { .gfp_mask = GFP_KERNEL };
	unsigned long taken = 0;
	struct folio *folio;
	LIST_HEAD(list);

	rss_isolate(lru, inactive, nr_to_scan, &list, &scan->nr_scanned);
	if (list_empty(&list))
		return;
	list_for_each_entry(folio, &list, lru) {
		/* the scanner is for inactive folios */
		folio_clear_active(folio);
		/* and takes this for a promotion that lru_gen has not done yet */
		if (lru_gen_enabled())
			folio_clear_referenced(folio);
	}
	taken = rss_container_shrink_list(&list, pgdat, &shrink);

	while (!list_empty(&list)) {
		folio = lru_to_folio(&list);
		list_del(&folio->lru);
		/* swap cache or dirty page cache now, no longer the container's */
		if (!folio_mapped(folio))
			taken += folio_nr_pages(folio);
		folio_putback_lru(folio);
	}

	scan->nr_taken += taken;
	scan->unqueued_dirty += shrink.nr_unqueued_dirty;
}

/*
 * How much of anonymous and of file lists is to be looked at, out of 200: by
 * vm.swappiness, and file alone where nothing can be swapped.
 */
static void rss_scan_weights(unsigned int *anon, unsigned int *file)
{
	unsigned int swappiness = READ_ONCE(vm_swappiness);

	if (get_nr_swap_pages() <= 0)
		swappiness = 0;
	*anon = swappiness;
	*file = MAX_SWAPPINESS - swappiness;
}

static void rss_shrink_lru(struct rss_lru *lru, struct pglist_data *pgdat,
			   struct rss_scan *scan)
{
	unsigned long *nr = lru->nr, anon, file, all, total, todo[2], chunk;
	unsigned int weight[2];
	int type;

	rss_scan_weights(&weight[0], &weight[1]);
	anon = READ_ONCE(nr[RSS_INACTIVE_ANON]) + READ_ONCE(nr[RSS_ACTIVE_ANON]);
	file = READ_ONCE(nr[RSS_INACTIVE_FILE]) + READ_ONCE(nr[RSS_ACTIVE_FILE]);
	all = anon * weight[0] + file * weight[1];
	total = rss_scan_total(anon + file, scan->priority);
	todo[0] = rss_scan_share(total, anon * weight[0], all);
	todo[1] = rss_scan_share(total, file * weight[1], all);

	while ((todo[0] || todo[1]) && scan->nr_taken < scan->nr_wanted) {
		for (type = 0; type < 2; type++) {
			enum rss_list inactive = rss_list_of(type, false);
			enum rss_list active = rss_list_of(type, true);

			chunk = min_t(unsigned long, todo[type], SWAP_CLUSTER_MAX);
			if (!chunk)
				continue;
			todo[type] -= chunk;
			if (rss_inactive_is_low(READ_ONCE(nr[inactive]),
						READ_ONCE(nr[active])))
				rss_shrink_active(lru, active, chunk);
			rss_shrink_inactive(lru, inactive, chunk, pgdat, scan);
		}
		cond_resched();
	}
}

/* Every node, starting with the current one. */
static void rss_shrink_owner(struct rss_owner *owner, struct rss_scan *scan)
{
	int first = numa_node_id(), i, nid;

	for (i = 0; i < nr_node_ids; i++) {
		nid = (first + i) % nr_node_ids;
		if (!node_state(nid, N_MEMORY))
			continue;
		rss_shrink_lru(owner->lru[nid], NODE_DATA(nid), scan);
		if (scan->nr_taken >= scan->nr_wanted)
			break;
	}
}

/*
 * The owner that follows @owner, or the first one, with a reference.  Owners
 * that are going have no pages.  owners_lock held; @owner, on which the caller
 * has a reference, is on the list as long as it is @rss's.
 */
static struct rss_owner *rss_next_owner(struct rss_container *rss,
					struct rss_owner *owner)
{
	if (owner && rcu_access_pointer(owner->container) != rss)
		return NULL;
	owner = list_prepare_entry(owner, &rss->owners, sibling);
	list_for_each_entry_continue(owner, &rss->owners, sibling)
		if (percpu_ref_tryget(&owner->ref))
			return owner;
	return NULL;
}

/* The container's own pages and those it adopted. */
static void rss_shrink_container(struct rss_container *rss, struct rss_scan *scan)
{
	struct rss_owner *owner = NULL, *prev;

	for (;;) {
		prev = owner;
		owner = NULL;
		spin_lock_irq(&rss->owners_lock);
		if (scan->nr_taken < scan->nr_wanted)
			owner = rss_next_owner(rss, prev);
		spin_unlock_irq(&rss->owners_lock);
		if (prev)
			percpu_ref_put(&prev->ref);
		if (!owner)
			break;
		rss_shrink_owner(owner, scan);
	}
}

/*
 * Walk the subtree once, starting where the last walk ended, so that it is not
 * always the same child that pays.
 */
static void rss_shrink_subtree(struct rss_scan *scan)
{
	u64 start = READ_ONCE(scan->root->cursor);
	struct cgroup_subsys_state *pos = NULL, *prev;
	bool wrapped = false;

	for (;;) {
		prev = pos;
		rcu_read_lock();
		do {
			pos = css_next_descendant_pre(pos, &scan->root->css);
		} while (pos && ((pos->serial_nr < start) != wrapped ||
				 !css_tryget(pos)));
		rcu_read_unlock();
		if (prev)
			css_put(prev);
		if (!pos) {
			if (wrapped)
				break;
			wrapped = true;
			continue;
		}
		rss_shrink_container(css_rss(pos), scan);
		if (scan->nr_taken >= scan->nr_wanted) {
			WRITE_ONCE(scan->root->cursor, pos->serial_nr + 1);
			css_put(pos);
			break;
		}
	}
}

static void rss_count_reclaim(struct rss_container *rss, struct rss_scan *scan)
{
	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		atomic_long_add(scan->nr_scanned, &rss->pgscan);
		atomic_long_add(scan->nr_taken, &rss->pgsteal);
	}
}

/**
 * __rss_container_refault - see rss_container_refault()
 * @folio: the folio
 */
void __rss_container_refault(struct folio *folio)
{
	int file = folio_is_file_lru(folio);
	struct rss_container *rss;

	rcu_read_lock();
	/* the task's charge ahead keeps its owner */
	rss = rcu_dereference(current->rss_owner->container);
	for (; !rss_is_root(rss); rss = rss_parent(rss))
		atomic_long_add(folio_nr_pages(folio), &rss->refaults[file]);
	rcu_read_unlock();
}

/**
 * rss_reclaim - take pages from a container and what is below it
 * @rss: the container
 * @nr: pages wanted
 * @cause: for the event
 *
 * The seed's try_to_free_pages_in_container(): every node, swap and writeback
 * allowed, vm.swappiness honoured.
 *
 * Context: may sleep, as GFP_KERNEL reclaim does.
 * Return: pages taken; may be more than @nr, or less when a signal is pending
 * or nothing else can be had.
 */
unsigned long rss_reclaim(struct rss_container *rss, unsigned long nr,
			  enum rss_container_reclaim_cause cause)
{
	struct rss_scan scan = { .root = rss, .nr_wanted = nr };
	struct rss_event_info info = { .cause = cause };
	u64 start = ktime_get_ns();
	unsigned int noreclaim_flag;
	unsigned long pflags;

	trace_rss_container_reclaim_begin(rss, nr, cause);
	psi_memstall_enter(&pflags);
	/* also tells lru_gen that what is put back now was not faulted in */
	noreclaim_flag = memalloc_noreclaim_save();
	/* pages that were faulted in just now are not on any list yet */
	lru_add_drain();
	for (scan.priority = DEF_PRIORITY; scan.priority >= 0; scan.priority--) {
		rss_shrink_subtree(&scan);
		if (scan.nr_taken >= scan.nr_wanted)
			break;
		if (cause == RSS_CONTAINER_CAUSE_REQUEST ||
		    cause == RSS_CONTAINER_CAUSE_RESIZE ? signal_pending(current) :
							  fatal_signal_pending(current))
			break;
		if (scan.unqueued_dirty)
			wakeup_flusher_threads(WB_REASON_VMSCAN);
		/* other CPUs may have the rest of them */
		if (!scan.priority && !scan.nr_taken)
			lru_add_drain_all();
	}
	memalloc_noreclaim_restore(noreclaim_flag);
	psi_memstall_leave(&pflags);
	trace_rss_container_reclaim_end(rss, scan.nr_scanned, scan.nr_taken, cause);

	rss_count_reclaim(rss, &scan);
	info.scanned = scan.nr_scanned;
	info.freed = scan.nr_taken;
	info.usec = div_u64(ktime_get_ns() - start, NSEC_PER_USEC);
	rss_event(rss, RSS_CONTAINER_EVENT_RECLAIM, &info);
	return scan.nr_taken;
}

/*
 * In the background
 */

static unsigned long rss_low(struct rss_container *rss)
{
	return min(READ_ONCE(rss->low), READ_ONCE(rss->high));
}

/**
 * rss_background - the worker: from above the high watermark to the low one
 * @work: rss_container::background
 */
void rss_background(struct work_struct *work)
{
	struct rss_container *rss = container_of(work, struct rss_container, background);
	unsigned long usage;
	int failures = 0;

	while (!css_is_dying(&rss->css) && READ_ONCE(rss->above_high)) {
		usage = rss_usage(rss);
		if (usage <= rss_low(rss)) {
			WRITE_ONCE(rss->above_high, false);
			rss_event(rss, RSS_CONTAINER_EVENT_LOW, NULL);
			break;
		}
		if (rss_reclaim(rss, clamp(usage - rss_low(rss), SWAP_CLUSTER_MAX,
					   8 * SWAP_CLUSTER_MAX),
				RSS_CONTAINER_CAUSE_BACKGROUND)) {
			failures = 0;
			continue;
		}
		/* nothing can be had; the next charge that finds it high tries again */
		if (++failures == 3) {
			WRITE_ONCE(rss->above_high, false);
			break;
		}
		schedule_timeout_idle(HZ / 10);
	}
	css_put(&rss->css);
}

/**
 * rss_check_high - wake the worker where usage is above the high watermark
 * @rss: the container that was charged; its ancestors were, too
 *
 * Costs something only where charges come from the counter, so a watermark may
 * be passed by a stock per CPU before anybody looks.
 */
void rss_check_high(struct rss_container *rss)
{
	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		if (likely(page_counter_read(&rss->res) <= READ_ONCE(rss->high)))
			continue;
		if (!READ_ONCE(rss->above_high)) {
			WRITE_ONCE(rss->above_high, true);
			rss_event(rss, RSS_CONTAINER_EVENT_HIGH, NULL);
		}
		if (work_pending(&rss->background) || !css_tryget(&rss->css))
			continue;
		if (!queue_work(system_unbound_wq, &rss->background))
			css_put(&rss->css);
	}
}
