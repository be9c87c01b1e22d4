/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: how the parts fit together.
 *
 *  rss_container  what a cgroup directory is: counter, limits, events.  Dies
 *                 with its directory (mm/rss_container.c).
 *  rss_owner      what pages, mms and waiting charges point at.  It outlives the
 *                 directory and says who pays now: the container it was made
 *                 with or, once that is removed, the parent (mm/rss_charge.c).
 *  page_container one charged folio: its owner, how many of its pages are
 *                 charged, its place on the owner's lists.  The page_ext word
 *                 of the folio's first page points at it (mm/rss_pages.c).
 *  rss_lru        the owner's lists on one node (mm/rss_pages.c), from which
 *                 mm/rss_reclaim.c isolates.
 *
 * One charge is one page in the page_counter and one reference on the owner,
 * always both.  It is in exactly one of these places: the stock of a CPU, the
 * reserve of a task (task_struct::rss_reserved), page_container::nr.  It moves between
 * them without touching counter or reference, which is what makes a fault cheap.
 *
 * Locks, outermost first:
 *
 *  page-table lock, or lruvec->lru_lock with interrupts off
 *    bit 0 of the page_ext word ("word lock"), interrupts off
 *      rss_lru.lock
 *      rss_depot.lock
 *  rss_container.owners_lock	inside nothing, around nothing
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

/* Pages by which a task without enough reserve tops up from the counter. */
#define RSS_BATCH	64U

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
 * struct page_container - a charged folio; the seed's, for folios
 * @list: place on the owner's list for the folio's node
 * @folio: the folio
 * @owner: whose pages these are; holds no reference, the @nr charges do
 * @nr: pages charged, which is how many of the folio's pages are mapped
 * @where: enum rss_list, the list that @list is on
 * @file: counted as file pages, not as anonymous ones
 *
 * All but @list and @folio change under the word lock only.
 */
struct page_container {
	struct list_head list;
	struct folio *folio;
	struct rss_owner *owner;
	unsigned int nr;
	u8 where;
	bool file;
};

static_assert(sizeof(struct page_container) <= 48);

/**
 * struct rss_lru - an owner's folios on one node
 * @lock: guards all below; interrupts off
 * @lists: most recently used first
 * @nr: pages charged on each list
 */
struct rss_lru {
	spinlock_t lock;	/* all below */
	struct list_head lists[NR_RSS_LISTS];
	unsigned long nr[NR_RSS_LISTS];
} ____cacheline_aligned_in_smp;

/* Charged pages, by page_container::file.  A CPU's share may be negative. */
struct rss_owner_stat {
	long nr[2];
};

/**
 * struct rss_owner - whose pages they are
 * @ref: one reference a charge, one an mm, one from the container while it lives
 * @container: who pays; under RCU
 * @stat: charged pages
 * @sibling: on container->owners
 * @free_work: the end of it, where one may sleep
 * @lru: by node
 */
struct rss_owner {
	struct percpu_ref ref;
	struct rss_container __rcu *container;
	struct rss_owner_stat __percpu *stat;
	struct list_head sibling;
	struct rcu_work free_work;
	struct rss_lru *lru[];
};

/**
 * struct rss_event_state - one kind of event of one container
 * @count: how often it happened
 * @window: when the current second began, in jiffies
 * @sent: messages sent in it
 * @pending: the last one that was left out
 */
struct rss_event_state {
	atomic_long_t count;
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
 * struct rss_container - what a directory is
 * @css: the cgroup's side
 * @res: usage, limit and peak, in pages; a top-level container's has no parent
 * @owner: of the pages that its processes map
 * @owners: @owner and those adopted from removed children
 * @owners_lock: guards @owners
 * @high: background reclaim starts above it, pages
 * @low: and stops at it; PAGE_COUNTER_MAX: the same as @high
 * @above_high: usage rose above @high and has not been at @low since
 * @oom_group: an OOM kills all its tasks
 * @background: the worker
 * @cursor: cgroup serial number where the next walk of the subtree starts
 * @pgscan: pages that reclaim looked at, here and below
 * @pgsteal: pages that it took, here and below
 * @refaults: pages that were reclaimed and came back, here and below; anonymous, file
 * @overrun: pages charged past the limit because the path could not wait
 * @uncharged: folios that stay uncharged because no page_container could be had
 * @event_lock: guards @event and @seq
 * @event: by kind
 * @seq: of the last message
 * @failcnt_base: events that rss.failcnt leaves out since it was written
 * @event_work: sends what was left out when the second is over
 */
struct rss_container {
	struct cgroup_subsys_state css;
	struct page_counter res;
	struct rss_owner *owner;
	struct list_head owners;
	spinlock_t owners_lock;	/* owners */
	unsigned long high;
	unsigned long low;
	bool above_high;
	bool oom_group;
	struct work_struct background;
	u64 cursor;
	atomic_long_t pgscan;
	atomic_long_t pgsteal;
	atomic_long_t refaults[2];
	atomic_long_t overrun;
	atomic_long_t uncharged;
	spinlock_t event_lock;	/* event, seq */
	struct rss_event_state event[RSS_CONTAINER_EVENT_MAX + 1];
	u64 seq;
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

/* The root is outside all containers: nothing is charged to it. */
static inline bool rss_is_root(struct rss_container *rss)
{
	return rss == rss_root;
}

/* rss_charge.c */
struct rss_owner *rss_owner_new(struct rss_container *rss);
void rss_owner_reparent(struct rss_container *rss);
struct rss_container *rss_owner_get_container(struct rss_owner *owner);
void rss_mm_set_owner(struct mm_struct *mm, struct rss_owner *owner);
void rss_mm_follow_task(struct mm_struct *mm, struct task_struct *task);
bool rss_commit_slow(struct rss_owner *owner, unsigned int nr);
unsigned long rss_usage(struct rss_container *rss);
void rss_task_exit(struct task_struct *task);

/* rss_stock.c */
void rss_drain_stocks(struct rss_container *rss);
unsigned long rss_stocked(struct rss_container *rss);

/* rss_pages.c */
extern struct kmem_cache *page_container_cache;
struct rss_lru *rss_lru_new(int nid);
unsigned int rss_lru_isolate(struct rss_lru *lru, enum rss_list from,
			     struct folio **folios, unsigned int nr,
			     unsigned long *scanned);
void rss_pages_init(void);

/* rss_reclaim.c */
unsigned long rss_reclaim(struct rss_container *rss, unsigned long nr,
			  enum rss_container_reclaim_cause cause);
void rss_background(struct work_struct *work);
void rss_check_high(struct rss_container *rss);

/* rss_oom.c */
bool rss_out_of_memory(struct rss_container *rss, unsigned int nr);

/* rss_event.c */
void rss_event(struct rss_container *rss, enum rss_container_event_kind kind,
	       const struct rss_event_info *info);
unsigned long rss_event_count(struct rss_container *rss,
			      enum rss_container_event_kind kind);
void rss_event_new(struct rss_container *rss);
void rss_event_free(struct rss_container *rss);

/*
 * Arithmetic, apart so that mm/rss_container_test.c can put it to the test.
 */

/* What to put aside of @nr charges when a stock keeps at most two batches. */
static inline unsigned int rss_stock_excess(unsigned int nr)
{
	return nr > 2 * RSS_BATCH ? nr - RSS_BATCH : 0;
}

/* Pages to look at in one go, of lists that hold @size: by priority, and some. */
static inline unsigned long rss_scan_total(unsigned long size, int priority)
{
	return max(size >> priority, min_t(unsigned long, size, SWAP_CLUSTER_MAX));
}

/* Of those @total pages the share that a @part of @all has, rounded. */
static inline unsigned long rss_scan_share(unsigned long total, unsigned long part,
					   unsigned long all)
{
	return all ? DIV64_U64_ROUND_CLOSEST((u64)total * part, all) : 0;
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
bool rss_watermarks_fit(unsigned long low, unsigned long high);

/*
 * May another message of this kind go out at @now, when a second has @limit?
 * Opens a new second when one is over.
 */
bool rss_event_admit(struct rss_event_state *state, unsigned int limit,
		     unsigned long now);

#endif /* _MM_RSS_INTERNAL_H */
