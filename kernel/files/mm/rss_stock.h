/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: the stock of a CPU, so that a fault needs neither the counter
 * nor the slab.  It holds unused charges of a few owners, and unused
 * page_containers.
 *
 * A stock is changed by its own CPU only, in process context with interrupts
 * off, so it needs no lock and no atomic.  Other CPUs read it, and have it
 * drained by an interrupt (rss_drain_stocks()).
 *
 * The depot holds batches of page_containers between the stocks and the slab:
 * a batch that comes and goes with short-lived processes costs one pointer.
 */
#ifndef _MM_RSS_STOCK_H
#define _MM_RSS_STOCK_H

#include <linux/lockdep.h>
#include <linux/percpu.h>

#include "rss_internal.h"

/* Owners that a CPU holds charges of, as in memcg's stock. */
#define RSS_STOCK_SLOTS	7

/**
 * struct rss_stock_slot - charges of one owner
 * @owner: the owner, or NULL; without a reference if @nr is 0
 * @nr: charges, in pages
 */
struct rss_stock_slot {
	struct rss_owner *owner;
	unsigned int nr;
};

/**
 * struct rss_stock - of one CPU
 * @slot: the first one is of the owner that was used last
 * @evict: the slot that is given to the next new owner
 * @nr_pcs: page_containers on @pcs, at most a batch
 * @pcs: unused page_containers, by list.next; the last one put is the first one
 *	taken, as it is in the cache
 * @more_pcs: more of them, at most a batch, or NULL
 */
struct rss_stock {
	struct rss_stock_slot slot[RSS_STOCK_SLOTS];
	unsigned int evict;
	unsigned int nr_pcs;
	struct page_container *pcs;
	struct page_container *more_pcs;
};

DECLARE_PER_CPU(struct rss_stock, rss_stock);

bool rss_stock_take_other(struct rss_owner *owner, unsigned int nr);

/*
 * Take @nr charges of @owner from the first slot, all or none.  Interrupts off, as
 * for all below.  Compares @owner, and does not use it.
 */
static __always_inline bool rss_stock_take_first(struct rss_owner *owner, unsigned int nr)
{
	unsigned int have = raw_cpu_read(rss_stock.slot[0].nr);

	lockdep_assert_irqs_disabled();
	if (unlikely(raw_cpu_read(rss_stock.slot[0].owner) != owner || have < nr))
		return false;
	raw_cpu_write(rss_stock.slot[0].nr, have - nr);
	return true;
}

/* The same from any slot. */
static inline bool rss_stock_take(struct rss_owner *owner, unsigned int nr)
{
	return rss_stock_take_first(owner, nr) || rss_stock_take_other(owner, nr);
}

static __always_inline struct page_container *rss_pc_next(struct page_container *pc)
{
	return (struct page_container *)pc->list.next;
}

static __always_inline void rss_pc_set_next(struct page_container *pc,
					    struct page_container *next)
{
	pc->list.next = (struct list_head *)next;
}

struct page_container *rss_stock_more_pcs(struct rss_stock *stock);
void rss_stock_fewer_pcs(struct rss_stock *stock);

/* A page_container that this CPU has, or NULL. */
static __always_inline struct page_container *rss_stock_take_pc_at_hand(void)
{
	struct page_container *pc = raw_cpu_read(rss_stock.pcs);

	lockdep_assert_irqs_disabled();
	if (likely(pc)) {
		raw_cpu_dec(rss_stock.nr_pcs);
		raw_cpu_write(rss_stock.pcs, rss_pc_next(pc));
	}
	return pc;
}

/* The same, or one of the depot. */
static __always_inline struct page_container *rss_stock_take_pc(void)
{
	struct page_container *pc = rss_stock_take_pc_at_hand();

	if (likely(pc) || !rss_stock_more_pcs(this_cpu_ptr(&rss_stock)))
		return pc;
	return rss_stock_take_pc_at_hand();
}

static __always_inline void rss_stock_put_pc(struct page_container *pc)
{
	lockdep_assert_irqs_disabled();
	if (unlikely(raw_cpu_read(rss_stock.nr_pcs) == RSS_BATCH))
		rss_stock_fewer_pcs(this_cpu_ptr(&rss_stock));
	raw_cpu_inc(rss_stock.nr_pcs);
	rss_pc_set_next(pc, raw_cpu_read(rss_stock.pcs));
	raw_cpu_write(rss_stock.pcs, pc);
}

/* Put a chain of @nr, at most a batch, that begins with @first and ends with @last. */
static __always_inline void rss_stock_put_pcs(struct page_container *first,
					      struct page_container *last, unsigned int nr)
{
	lockdep_assert_irqs_disabled();
	if (unlikely(raw_cpu_read(rss_stock.nr_pcs) + nr > RSS_BATCH))
		rss_stock_fewer_pcs(this_cpu_ptr(&rss_stock));
	raw_cpu_add(rss_stock.nr_pcs, nr);
	rss_pc_set_next(last, raw_cpu_read(rss_stock.pcs));
	raw_cpu_write(rss_stock.pcs, first);
}

/*
 * Put @nr charges of @owner, if the first slot is this owner's and has room.
 * rss_stock_leave() empties the slots of an owner whose container was removed.
 */
static __always_inline bool rss_stock_put(struct rss_owner *owner, unsigned int nr)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	struct rss_stock_slot *slot = &stock->slot[0];

	lockdep_assert_irqs_disabled();
	if (unlikely(slot->owner != owner || slot->nr + nr > 2 * READ_ONCE(owner->batch)))
		return false;
	WRITE_ONCE(slot->nr, slot->nr + nr);
	return true;
}

/* rss_stock.c */
struct page_container *rss_stock_alloc_pcs(void);
void rss_stock_free_pcs(void);
void rss_stock_leave(struct rss_owner *owner);
void rss_stock_refill(struct rss_owner *owner, unsigned int nr);

#endif /* _MM_RSS_STOCK_H */
