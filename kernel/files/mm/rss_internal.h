/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: how the parts fit together.
 *
 *  rss_container  a cgroup: counter, limits, events.  Freed with its directory
 *                 (mm/rss_container.c).
 *  rss_owner      what pages, mms and reserved charges refer to, as obj_cgroup
 *                 is for memcg.  It outlives the directory, and points to the
 *                 container that is charged: the one it was created with or,
 *                 after that was removed, the parent (mm/rss_charge.c).
 *  page_container one charged folio: its number of pages, its owner's lists and
 *                 its place on them.  The page_ext word of the folio's first
 *                 page points to it (mm/rss_pages.c; mm/rss_window.c for many
 *                 folios at once, mm/rss_migrate.c for migration and split).
 *  rss_lru        the owner's lists on one node (mm/rss_pages.c), from which
 *                 mm/rss_reclaim.c isolates.
 *
 * One charge is one page in the page_counter and one reference on the owner,
 * always both.  It is in exactly one of these places: the stock of a CPU, the
 * reserve of a task (task_struct::rss_reserved), page_container::state.  It moves
 * between them without touching counter or reference, so a fault is cheap.
 *
 * Locks, outermost first:
 *
 *  page-table lock, or lruvec->lru_lock with interrupts off
 *    bit 0 of the page_ext word ("word lock"), interrupts off
 *      rss_lru.lock
 *      rss_depot.lock
 *  While rss_lru.lock is held for several folios, the word lock is only tried.
 *  rss_container.owners_lock	not nested with the others
 *
 * rss_owner.container changes under cgroup_mutex and is read under RCU.
 */
#ifndef _MM_RSS_INTERNAL_H
#define _MM_RSS_INTERNAL_H

#include <linux/cgroup.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/page_counter.h>
#include <linux/percpu-refcount.h>
#include <linux/rss_container.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/workqueue.h>
#include <uapi/linux/rss_container.h>

/* Page_containers in a batch. */
#define RSS_BATCH	64U
/* The most charges in a batch: a huge page. */
#define RSS_CHARGE_BATCH	512U

enum rss_list {
	RSS_INACTIVE_ANON,
	RSS_ACTIVE_ANON,
	RSS_INACTIVE_FILE,
	RSS_ACTIVE_FILE,
	RSS_UNEVICTABLE,
	NR_RSS_LISTS,
	RSS_UNLISTED = NR_RSS_LISTS,	/* charged, not on the LRU yet */
};

static inline enum rss_list rss_list_of(bool file, bool active)
{
	return (file ? RSS_INACTIVE_FILE : RSS_INACTIVE_ANON) + active;
}

/**
 * union rss_pc_state - what a page_container is charged for, and where it is
 * @nr: pages charged, all of the folio's
 * @where: enum rss_list, the list that the page_container is on
 * @file: counted as file pages, not as anonymous ones
 * @migrating: the folio stays charged without mappings
 * @all: all of it, to write or compare at once
 */
union rss_pc_state {
	struct {
		unsigned int nr;
		u8 where;
		bool file;
		bool migrating;
		u8 unused;
	};
	u64 all;
};

/**
 * struct page_container - a charged folio; the seed's struct of this name
 * @list: place on one of @lru's lists
 * @folio: the folio
 * @lru: the owner's lists on the folio's node; the charges hold references on the
 *	owner
 * @state: what is charged.  Of the first of an unused chain, @state.nr is its length
 *
 * All but @list and @folio change under the word lock only.
 */
struct page_container {
	struct list_head list;
	struct folio *folio;
	struct rss_lru *lru;
	union rss_pc_state state;
};

/* The state of a folio of @nr pages that is not migrating. */
static __always_inline union rss_pc_state rss_pc_state(unsigned int nr, enum rss_list where,
						       bool file)
{
	return (union rss_pc_state){ .nr = nr, .where = where, .file = file };
}

static_assert(sizeof(struct page_container) <= 48);

/**
 * struct rss_lru - an owner's folios on one node
 * @lock: guards @lists and @nr; interrupts off
 * @nid: the node
 * @owner: the owner
 * @lists: most recently used first
 * @nr: pages charged on each list
 */
struct rss_lru {
	spinlock_t lock;	/* lists, nr */
	int nid;
	struct rss_owner *owner;
	struct list_head lists[NR_RSS_LISTS];
	unsigned long nr[NR_RSS_LISTS];
} ____cacheline_aligned_in_smp;

/* Charged pages, by rss_pc_state::file.  A CPU's share may be negative. */
struct rss_owner_stat {
	long nr[2];
};

/**
 * struct rss_owner - what pages, mms and charges refer to: obj_cgroup's counterpart
 * @ref: one reference for each charge, each mm, the container while it lives, and
 *	@leave_work until its end
 * @container: the container that is charged; under RCU
 * @stat: charged pages
 * @batch: charges that are taken from the counter at once
 * @sibling: on container->owners
 * @leave_work: after the container was removed: leaves the stocks
 * @merge_work: then moves the pages to the parent's owner
 * @free_work: frees the owner, in process context
 * @lru: by node
 */
struct rss_owner {
	struct percpu_ref ref;
	struct rss_container __rcu *container;
	struct rss_owner_stat __percpu *stat;
	unsigned int batch;
	struct list_head sibling;
	struct rcu_work leave_work;
	struct delayed_work merge_work;
	struct rcu_work free_work;
	struct rss_lru *lru[];
};

/**
 * struct rss_event_state - one kind of event of one container
 * @count: how often it happened, subtree
 * @local: how often it happened in this container
 * @window: when the current second began, in jiffies
 * @sent: messages sent in it
 * @pending: the last one that was left out
 */
struct rss_event_state {
	atomic_long_t count;
	atomic_long_t local;
	unsigned long window;
	unsigned int sent;
	bool left_out;
	struct rss_event_info {
		u32 cause, pid;
		u64 scanned, freed, usec;
		char comm[TASK_COMM_LEN];
	} pending;
};

/**
 * struct rss_container - a cgroup directory
 * @css: the cgroup's side
 * @res: usage, limit and peak, in pages; a top-level container's has no parent
 * @owner: of the pages that its processes map
 * @owners: @owner and those adopted from removed children
 * @owners_lock: guards @owners
 * @wmark_high: background reclaim starts above it, pages
 * @wmark_low: and stops at it; PAGE_COUNTER_MAX: the same as @wmark_high
 * @above_wmark_high: usage exceeded @wmark_high, and has not fallen to @wmark_low since
 * @oom_group: an OOM kills all its tasks
 * @background: the worker
 * @cursor: cgroup serial number where the next walk of the subtree starts
 * @pgscan: pages that reclaim scanned, subtree
 * @pgsteal: pages that it reclaimed, subtree
 * @refaults: reclaimed pages that were read again, subtree; anonymous, file
 * @cost: what reclaim of anonymous and of file pages cost lately, see rss_note_cost()
 * @overrun: pages charged past the limit because the path could not wait
 * @uncharged: folios that are uncharged because no page_container was allocated
 * @low_count: how often protected pages were reclaimed, subtree
 * @low_local: how often in this container
 * @low_event: when the last time was, in jiffies
 * @event_lock: guards @event and @seq
 * @event: by kind
 * @seq: of the last message
 * @events_file: rss.events, for notification
 * @events_local_file: rss.events.local
 * @peaks: the open files of rss.peak that were written, v2
 * @peaks_lock: guards @peaks
 * @failcnt_base: events that rss.failcnt leaves out since it was written
 * @event_work: sends what was left out when the second is over
 */
struct rss_container {
	struct cgroup_subsys_state css;
	struct page_counter res;
	struct rss_owner *owner;
	struct list_head owners;
	spinlock_t owners_lock;	/* owners */
	unsigned long wmark_high;
	unsigned long wmark_low;
	bool above_wmark_high;
	bool oom_group;
	struct work_struct background;
	u64 cursor;
	atomic_long_t pgscan;
	atomic_long_t pgsteal;
	atomic_long_t refaults[2];
	unsigned long cost[2];
	atomic_long_t overrun;
	atomic_long_t uncharged;
	atomic_long_t low_count;
	atomic_long_t low_local;
	unsigned long low_event;
	spinlock_t event_lock;	/* event, seq */
	struct rss_event_state event[RSS_CONTAINER_EVENT_MAX + 1];
	u64 seq;
	struct cgroup_file events_file;
	struct cgroup_file events_local_file;
	struct list_head peaks;
	spinlock_t peaks_lock;	/* peaks */
	unsigned long failcnt_base;
	struct delayed_work event_work;
};

extern struct rss_container *rss_root;

static inline struct rss_container *css_rss(struct cgroup_subsys_state *css)
{
	return css ? container_of(css, struct rss_container, css) : NULL;
}

static inline struct rss_container *rss_parent(struct rss_container *rss)
{
	return css_rss(rss->css.parent);
}

static inline struct rss_container *res_rss(struct page_counter *counter)
{
	return container_of(counter, struct rss_container, res);
}

/* Returns true if @nr more pages fit into the limit of @rss; its ancestors' are not looked at. */
static inline bool rss_has_room(struct rss_container *rss, unsigned int nr)
{
	return page_counter_read(&rss->res) + nr <= READ_ONCE(rss->res.max);
}

/* The root is outside all containers: nothing is charged to it. */
static inline bool rss_is_root(struct rss_container *rss)
{
	return rss == rss_root;
}

/* rss_charge.c */
struct rss_owner *rss_owner_new(struct rss_container *rss);
void rss_owners_init(void);
void rss_owner_reparent(struct rss_container *rss);
struct rss_container *rss_owner_get_container(struct rss_owner *owner);
void rss_mm_set_owner(struct mm_struct *mm, struct rss_owner *owner);
void rss_mm_follow_task(struct mm_struct *mm, struct task_struct *task);
bool rss_commit_slow(struct rss_owner *owner, unsigned int nr);
unsigned long rss_usage(struct rss_container *rss);
void rss_update_batches(struct rss_container *rss);
void rss_task_exit(struct task_struct *task);

/* rss_stock.c */
void rss_drain_stocks(struct rss_container *rss);
unsigned long rss_stocked(struct rss_container *rss);

/* rss_pages.c */
extern struct kmem_cache *page_container_cache;
struct rss_lru *rss_lru_new(struct rss_owner *owner, int nid);
unsigned int rss_lru_isolate(struct rss_lru *lru, enum rss_list from,
			     struct folio *folios[SWAP_CLUSTER_MAX],
			     unsigned long nr_to_scan, unsigned long *scanned);
void rss_owner_move_pages(struct rss_owner *from);
struct rss_container *rss_folio_container(struct folio *folio);
void rss_pages_init(void);

/* rss_window.c */
void rss_windows_close(void);

/* rss_reclaim.c */
#define RSS_VM_SWAPPINESS	(-1)	/* vm.swappiness */
long rss_reclaim(struct rss_container *rss, unsigned long nr,
		 enum rss_container_reclaim_cause cause, bool wait, int swappiness);
void rss_background(struct work_struct *work);
void rss_check_wmark_high(struct rss_container *rss);

/* rss_low.c */
void rss_set_low(struct rss_container *rss, unsigned long low);

/* rss_oom.c */
bool rss_out_of_memory(struct rss_container *rss, unsigned int nr);

/* rss_event.c */
void rss_event(struct rss_container *rss, enum rss_container_event_kind kind,
	       const struct rss_event_info *info);
unsigned long rss_event_count(struct rss_container *rss,
			      enum rss_container_event_kind kind);
unsigned long rss_event_count_local(struct rss_container *rss,
				    enum rss_container_event_kind kind);
void rss_event_new(struct rss_container *rss);
void rss_event_free(struct rss_container *rss);

/*
 * Arithmetic that mm/rss_container_test.c tests.
 */

/*
 * The charges to take at once from the counter of a container with this @limit
 * and @usage.  Stocks, which keep up to two batches for each CPU, then hold at
 * most a quarter of either, or two pages for each CPU.
 */
static inline unsigned int rss_stock_batch(unsigned long limit, unsigned long usage,
					   unsigned int cpus)
{
	return clamp_t(unsigned long, min(limit, usage) / (8 * cpus), 1,
		       RSS_CHARGE_BATCH);
}

/* The charges to return of @nr, if a stock keeps at most two batches. */
static inline unsigned int rss_stock_excess(unsigned int nr, unsigned int batch)
{
	return nr > 2 * batch ? nr - batch : 0;
}

/* Pages to scan of lists that hold @size pages: by priority, but not too few. */
static inline unsigned long rss_scan_total(unsigned long size, int priority)
{
	return max(size >> priority, min_t(unsigned long, size, SWAP_CLUSTER_MAX));
}

/**
 * rss_scan_balance - divide a scan between anonymous and file lists
 * @size: pages on the anonymous and on the file lists
 * @cost: what reclaim of each cost lately
 * @swappiness: 0 to MAX_SWAPPINESS; 0 also if nothing can be swapped
 * @priority: the scan's
 * @todo: out: pages to scan of each
 *
 * As get_scan_count() does: file pages alone without swapping, both by their
 * size at the last priority, else by swappiness and inversely by cost.
 */
static inline void rss_scan_balance(const unsigned long size[2], const unsigned long cost[2],
				    unsigned int swappiness, int priority,
				    unsigned long todo[2])
{
	unsigned long total = rss_scan_total(size[0] + size[1], priority);
	u64 costs = (u64)cost[0] + cost[1], weight[2], all;

	if (!swappiness) {
		todo[0] = 0;
		todo[1] = rss_scan_total(size[1], priority);
		return;
	}
	if (!priority) {
		todo[0] = size[0];
		todo[1] = size[1];
		return;
	}
	weight[0] = div64_u64(swappiness * (3 * costs + 1), costs + cost[0] + 1);
	weight[1] = div64_u64((MAX_SWAPPINESS - swappiness) * (3 * costs + 1),
			      costs + cost[1] + 1);
	weight[0] *= size[0];
	weight[1] *= size[1];
	all = weight[0] + weight[1];
	todo[0] = all ? mul_u64_u64_div_u64(total, weight[0], all) : 0;
	todo[1] = all ? total - todo[0] : 0;
}

/*
 * Is the inactive list too short for the active one?  The ratio grows with the
 * square root of the size, as for the global lists.
 */
static inline bool rss_inactive_is_low(unsigned long inactive, unsigned long active)
{
	unsigned long gb = (inactive + active) >> (30 - PAGE_SHIFT);
	unsigned long ratio = gb ? int_sqrt(10 * gb) : 1;

	return inactive * ratio < active;
}

int rss_parse_bytes(const char *buf, const char *none, unsigned long *ret_pages);
int rss_parse_reclaim(char *buf, unsigned long *ret_pages, int *ret_swappiness);
bool rss_watermarks_fit(unsigned long low, unsigned long high);

/*
 * Returns true if another message of this kind may be sent at @now, with @limit
 * messages in a second.  Starts a new second if the last one is over.
 */
bool rss_event_admit(struct rss_event_state *state, unsigned int limit,
		     unsigned long now);

#endif /* _MM_RSS_INTERNAL_H */
