// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: reclaim from a container's own pages.
 *
 * Reclaim scans only the container's lists, node by node; shrink_folio_list()
 * decides which folios are reclaimed, and how.  A page counts as reclaimed when
 * it left the container.  A page in the swap cache or a dirty page of the page
 * cache is no longer mapped, so it makes room at once, although the machine has
 * not got the memory back yet.
 */
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/pagemap.h>
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
 * @root: whose subtree is scanned
 * @gfp_mask: what reclaim may do
 * @nr_wanted: pages to reclaim
 * @nr_taken: pages reclaimed so far
 * @nr_scanned: pages scanned so far
 * @unqueued_dirty: dirty pages found for which no writeback was started
 * @writeback: a folio under writeback, with a reference, or NULL
 * @swappiness: 0 to MAX_SWAPPINESS
 * @priority: a scan covers the size of a list, shifted right by this
 */
struct rss_scan {
	struct rss_container *root;
	gfp_t gfp_mask;
	unsigned long nr_wanted;
	unsigned long nr_taken;
	unsigned long nr_scanned;
	unsigned long unqueued_dirty;
	struct folio *writeback;
	unsigned int swappiness;
	int priority;
};

/*
 * Record what the reclaim of a type costs, for the container and its ancestors.
 * The type that costs less is scanned more.  As in lru_note_cost(), old costs
 * decay.  Updates may race; a lost one does no harm.
 */
static void rss_note_cost(struct rss_container *rss, bool file, unsigned long nr_io,
			  unsigned long nr_rotated)
{
	unsigned long anon_cost, file_cost;

	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		anon_cost = READ_ONCE(rss->cost[0]);
		file_cost = READ_ONCE(rss->cost[1]);
		*(file ? &file_cost : &anon_cost) += nr_io * SWAP_CLUSTER_MAX + nr_rotated;
		if (anon_cost + file_cost > page_counter_read(&rss->res) / 4) {
			anon_cost /= 2;
			file_cost /= 2;
		}
		WRITE_ONCE(rss->cost[0], anon_cost);
		WRITE_ONCE(rss->cost[1], file_cost);
	}
}

/*
 * Scan @nr_to_scan pages from the cold end of a list, and isolate the folios
 * from the LRU.  Folios that are in use elsewhere are skipped.
 * Returns the number of pages scanned, 0 if the list is empty.
 */
static unsigned long rss_isolate(struct rss_lru *lru, enum rss_list from,
				 unsigned long nr_to_scan, struct list_head *list)
{
	struct folio *folios[SWAP_CLUSTER_MAX], *folio;
	unsigned long scanned;
	unsigned int nr, i;

	nr = rss_lru_isolate(lru, from, folios, nr_to_scan, &scanned);
	for (i = 0; i < nr; i++) {
		folio = folios[i];
		if (folio_isolate_lru(folio))
			list_add(&folio->lru, list);
		folio_put(folio);
	}
	return scanned;
}

/*
 * Deactivate folios of an active list.  As in shrink_active_list(), only
 * executable file pages that were referenced stay active, and the LRU puts the
 * folio on the right list.
 */
static void rss_shrink_active(struct rss_lru *lru, int type, unsigned long nr_to_scan,
			      struct rss_scan *scan)
{
	unsigned long vm_flags, rotated = 0;
	struct folio *folio;
	LIST_HEAD(list);

	rss_isolate(lru, rss_list_of(type, true), nr_to_scan, &list);
	while (!list_empty(&list)) {
		cond_resched();
		folio = lru_to_folio(&list);
		list_del(&folio->lru);
		if (folio_referenced(folio, 0, NULL, &vm_flags) &&
		    (vm_flags & VM_EXEC) && folio_is_file_lru(folio)) {
			folio_set_active(folio);
			rotated += folio_nr_pages(folio);
		} else {
			folio_clear_active(folio);
			folio_set_workingset(folio);
		}
		folio_putback_lru(folio);
	}
	if (rotated)
		rss_note_cost(scan->root, type, 0, rotated);
}

/*
 * Reclaim folios of an inactive list.  Returns the number of pages scanned, 0 if
 * the list is empty.
 */
static unsigned long rss_shrink_inactive(struct rss_lru *lru, int type,
					 unsigned long nr_to_scan,
					 struct pglist_data *pgdat, struct rss_scan *scan)
{
	struct rss_shrink shrink = { .gfp_mask = scan->gfp_mask };
	unsigned long scanned, taken;
	struct folio *folio;
	LIST_HEAD(list);

	scanned = rss_isolate(lru, rss_list_of(type, false), nr_to_scan, &list);
	scan->nr_scanned += scanned;
	if (list_empty(&list))
		return scanned;
	list_for_each_entry(folio, &list, lru) {
		/* shrink_folio_list() expects inactive folios */
		folio_clear_active(folio);
		/* and takes this flag for a promotion that lru_gen has yet to do */
		if (lru_gen_enabled())
			folio_clear_referenced(folio);
	}
	taken = container_rss_shrink_list(&list, pgdat, &shrink);

	while (!list_empty(&list)) {
		folio = lru_to_folio(&list);
		list_del(&folio->lru);
		/* unmapped, and in the swap cache or the page cache */
		if (!folio_mapped(folio)) {
			taken += folio_nr_pages(folio);
		} else if (!scan->writeback && folio_test_writeback(folio) &&
			   scan->gfp_mask & __GFP_FS) {
			folio_get(folio);
			scan->writeback = folio;
		}
		folio_putback_lru(folio);
	}

	scan->nr_taken += taken;
	scan->unqueued_dirty += shrink.nr_unqueued_dirty;
	rss_note_cost(scan->root, type, shrink.nr_pageout,
		      scanned > taken ? scanned - taken : 0);
	return scanned;
}

static void rss_shrink_lru(struct rss_lru *lru, struct pglist_data *pgdat,
			   struct rss_scan *scan)
{
	unsigned int swappiness = scan->swappiness;
	unsigned long *nr = lru->nr, size[2], todo[2], chunk, scanned;
	int type;

	for (type = 0; type < 2; type++)
		size[type] = READ_ONCE(nr[rss_list_of(type, false)]) +
			     READ_ONCE(nr[rss_list_of(type, true)]);
	if (get_nr_swap_pages() <= 0)
		swappiness = 0;
	rss_scan_balance(size, scan->root->cost, swappiness, scan->priority, todo);

	while ((todo[0] || todo[1]) && scan->nr_taken < scan->nr_wanted) {
		for (type = 0; type < 2 && scan->nr_taken < scan->nr_wanted; type++) {
			chunk = min_t(unsigned long, todo[type], SWAP_CLUSTER_MAX);
			if (!chunk)
				continue;
			if (rss_inactive_is_low(READ_ONCE(nr[rss_list_of(type, false)]),
						READ_ONCE(nr[rss_list_of(type, true)])))
				rss_shrink_active(lru, type, chunk, scan);
			scanned = rss_shrink_inactive(lru, type, chunk, pgdat, scan);
			/* a large folio may be more than the chunk */
			todo[type] -= min(todo[type], max(chunk, scanned));
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
 * The owner after @owner, or the first one, with a reference.  Owners whose last
 * reference is gone have no pages.  owners_lock held.  The caller has a reference
 * on @owner, which is on the list while it is charged to @rss.
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

/* The container's own pages and those of removed children. */
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
 * Walk the subtree once, starting where the last walk ended, so that no child is
 * always reclaimed first.
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
 * __container_rss_refault - see container_rss_refault()
 * @folio: the folio
 * @workingset: whether it was in use
 */
void __container_rss_refault(struct folio *folio, bool workingset)
{
	int file = folio_is_file_lru(folio);
	struct rss_container *rss, *up;

	rcu_read_lock();
	/* the charges that the task reserved keep the owner */
	rss = rcu_dereference(current->rss_owner->container);
	for (up = rss; !rss_is_root(up); up = rss_parent(up))
		atomic_long_add(folio_nr_pages(folio), &up->refaults[file]);
	if (workingset)
		rss_note_cost(rss, file, folio_nr_pages(folio), 0);
	rcu_read_unlock();
}

/* Returns true if any signal ends the reclaim, because a write to a file asked for it. */
static bool rss_is_interruptible(enum rss_container_reclaim_cause cause)
{
	return cause == RSS_CONTAINER_CAUSE_REQUEST || cause == RSS_CONTAINER_CAUSE_RESIZE;
}

/*
 * Nothing could be reclaimed.  Wait for a folio that was under writeback, as it
 * can be reclaimed afterwards.  Returns true if there was one.
 */
static bool rss_wait_for_writeback(struct rss_scan *scan,
				   enum rss_container_reclaim_cause cause)
{
	struct folio *folio = scan->writeback;

	if (!folio)
		return false;
	if (!rss_is_interruptible(cause)) {
		folio_wait_writeback_killable(folio);
		return true;
	}
	/* the page cache has no interruptible wait */
	while (folio_test_writeback(folio) && !signal_pending(current))
		schedule_timeout_interruptible(HZ / 50);
	return true;
}

/**
 * rss_reclaim - reclaim pages from a container and its descendants
 * @rss: the container
 * @nr: pages wanted
 * @cause: for the event
 * @wait: wait for writeback if nothing else can be reclaimed; no folio is locked
 * @swappiness: as vm.swappiness, or RSS_VM_SWAPPINESS for what that is
 *
 * The seed's try_to_free_pages_in_container(): every node, with swap and
 * writeback.
 *
 * Context: may sleep; reclaims as the context of the task allows.
 * Return: pages reclaimed: more than @nr if the last folio was large, fewer if a
 * signal is pending or nothing else can be reclaimed; -EAGAIN if none were, but
 * a page whose writeback was waited for can be now.
 */
long rss_reclaim(struct rss_container *rss, unsigned long nr,
		 enum rss_container_reclaim_cause cause, bool wait, int swappiness)
{
	struct rss_scan scan = {
		.root = rss,
		.gfp_mask = current_gfp_context(GFP_KERNEL),
		.nr_wanted = nr,
		.swappiness = swappiness < 0 ? READ_ONCE(vm_swappiness) : swappiness,
	};
	struct rss_event_info info = { .cause = cause };
	u64 start = ktime_get_ns();
	unsigned int noreclaim_flag;
	unsigned long pflags;
	bool waited = false;

	trace_rss_container_reclaim_begin(rss, nr, cause);
	psi_memstall_enter(&pflags);
	/* lru_gen takes it as a sign that folios put back now were not faulted in */
	noreclaim_flag = memalloc_noreclaim_save();
	/* pages of recent faults are not on any list yet */
	lru_add_drain();
	for (scan.priority = DEF_PRIORITY; scan.priority >= 0; scan.priority--) {
		rss_shrink_subtree(&scan);
		if (scan.nr_taken >= scan.nr_wanted)
			break;
		if (rss_is_interruptible(cause) ? signal_pending(current) :
						  fatal_signal_pending(current))
			break;
		if (scan.unqueued_dirty)
			wakeup_flusher_threads(WB_REASON_VMSCAN);
		/* other CPUs may hold the remaining ones */
		if (!scan.priority && !scan.nr_taken)
			lru_add_drain_all();
	}
	memalloc_noreclaim_restore(noreclaim_flag);
	if (wait && !scan.nr_taken)
		waited = rss_wait_for_writeback(&scan, cause);
	if (scan.writeback)
		folio_put(scan.writeback);
	psi_memstall_leave(&pflags);
	trace_rss_container_reclaim_end(rss, scan.nr_scanned, scan.nr_taken, cause);

	rss_count_reclaim(rss, &scan);
	info.scanned = scan.nr_scanned;
	info.freed = scan.nr_taken;
	info.usec = div_u64(ktime_get_ns() - start, NSEC_PER_USEC);
	rss_event(rss, RSS_CONTAINER_EVENT_RECLAIM, &info);
	return waited ? -EAGAIN : scan.nr_taken;
}

/*
 * In the background
 */

static unsigned long rss_wmark_low(struct rss_container *rss)
{
	return min(READ_ONCE(rss->wmark_low), READ_ONCE(rss->wmark_high));
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

	while (!css_is_dying(&rss->css) && READ_ONCE(rss->above_wmark_high)) {
		usage = rss_usage(rss);
		if (usage <= rss_wmark_low(rss)) {
			WRITE_ONCE(rss->above_wmark_high, false);
			rss_event(rss, RSS_CONTAINER_EVENT_WMARK_LOW, NULL);
			break;
		}
		if (rss_reclaim(rss, clamp(usage - rss_wmark_low(rss), SWAP_CLUSTER_MAX,
					   8 * SWAP_CLUSTER_MAX),
				RSS_CONTAINER_CAUSE_BACKGROUND, true, RSS_VM_SWAPPINESS)) {
			failures = 0;
			continue;
		}
		/* after three failures, wait for the next charge that finds it high */
		if (++failures == 3) {
			WRITE_ONCE(rss->above_wmark_high, false);
			break;
		}
		schedule_timeout_idle(HZ / 10);
	}
	css_put(&rss->css);
}

/**
 * rss_check_wmark_high - wake the worker of each container above its high watermark
 * @rss: the container that was charged, with its ancestors
 *
 * Called only if charges come from the counter, so usage can exceed the watermark
 * by the stocks before the worker starts.
 */
void rss_check_wmark_high(struct rss_container *rss)
{
	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		if (likely(page_counter_read(&rss->res) <= READ_ONCE(rss->wmark_high)))
			continue;
		if (!READ_ONCE(rss->above_wmark_high)) {
			WRITE_ONCE(rss->above_wmark_high, true);
			rss_event(rss, RSS_CONTAINER_EVENT_WMARK_HIGH, NULL);
		}
		if (work_pending(&rss->background) || !css_tryget(&rss->css))
			continue;
		if (!queue_work(system_unbound_wq, &rss->background))
			css_put(&rss->css);
	}
}
