/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: what a CPU keeps at hand, so that a fault needs neither the
 * counter nor the slab: unused charges of one owner, unused page_containers of
 * any.
 *
 * A stock is changed by its own CPU alone, in process context with interrupts
 * off, which takes no lock and no atomic.  Other CPUs look at it, and have it
 * emptied by an interrupt (rss_drain_stocks()).
 *
 * Between the stocks and the slab stands the depot, which has page_containers by
 * the batch: what comes and goes with short-lived processes costs a pointer each.
 */
#ifndef _MM_RSS_STOCK_H
#define _MM_RSS_STOCK_H

#include <linux/lockdep.h>
#include <linux/percpu.h>

#include "rss_internal.h"

/**
 * struct rss_stock - of one CPU
 * @owner: whose charges these are, or NULL
 * @nr: charges, in pages
 * @nr_pcs: page_containers on @pcs, at most a batch
 * @pcs: unused page_containers, by list.next; the last one put is the first one
 *	taken, as it is warm
 * @more_pcs: a whole batch of them, or NULL
 */
struct rss_stock {
	struct rss_owner *owner;
	unsigned int nr;
	unsigned int nr_pcs;
	struct page_container *pcs;
	struct page_container *more_pcs;
};

DECLARE_PER_CPU(struct rss_stock, rss_stock);

/* Take @nr charges of @owner, all or none.  Interrupts off, as for all below. */
static __always_inline bool rss_stock_take(struct rss_owner *owner, unsigned int nr)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);

	lockdep_assert_irqs_disabled();
	if (stock->owner != owner || stock->nr < nr)
		return false;
	WRITE_ONCE(stock->nr, stock->nr - nr);
	return true;
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

/* A page_container, or NULL when neither this CPU nor the depot has one. */
static __always_inline struct page_container *rss_stock_take_pc(void)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	struct page_container *pc = stock->pcs;

	lockdep_assert_irqs_disabled();
	if (unlikely(!pc)) {
		pc = rss_stock_more_pcs(stock);
		if (unlikely(!pc))
			return NULL;
	}
	stock->nr_pcs--;
	stock->pcs = rss_pc_next(pc);
	return pc;
}

static __always_inline void __rss_stock_put_pc(struct rss_stock *stock,
					       struct page_container *pc)
{
	if (unlikely(stock->nr_pcs == RSS_BATCH))
		rss_stock_fewer_pcs(stock);
	stock->nr_pcs++;
	rss_pc_set_next(pc, stock->pcs);
	stock->pcs = pc;
}

/*
 * Put @nr charges of @owner, and @pc that they were for, if they go with what is
 * there.  A stock that an owner is to leave (rss_stock_leave()) has no owner.
 */
static __always_inline bool rss_stock_put(struct rss_owner *owner, unsigned int nr,
					  struct page_container *pc)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);

	lockdep_assert_irqs_disabled();
	if (unlikely(stock->owner != owner || stock->nr + nr > 2 * RSS_BATCH))
		return false;
	WRITE_ONCE(stock->nr, stock->nr + nr);
	__rss_stock_put_pc(stock, pc);
	return true;
}

static inline void rss_stock_put_pc(struct page_container *pc)
{
	lockdep_assert_irqs_disabled();
	__rss_stock_put_pc(this_cpu_ptr(&rss_stock), pc);
}

/* rss_stock.c */
struct page_container *rss_stock_alloc_pcs(gfp_t gfp);
void rss_stock_free_pcs(void);
void rss_stock_leave(struct rss_owner *owner);
void rss_stock_refill(struct rss_owner *owner, unsigned int nr);

#endif /* _MM_RSS_STOCK_H */
