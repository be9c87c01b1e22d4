// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: the slow ends of a CPU's stock, where charges come from and
 * go to the counters, and page_containers to the slab.
 */
#include <linux/cpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "rss_stock.h"

/* Unused page_containers that the machine keeps besides the CPUs', in batches. */
#define RSS_DEPOT_BATCHES	64

DEFINE_PER_CPU(struct rss_stock, rss_stock);

static struct {
	spinlock_t lock;		/* the rest; interrupts off */
	unsigned int nr;
	struct page_container *batches;	/* the first of each, by list.prev */
} rss_depot = {
	.lock = __SPIN_LOCK_UNLOCKED(rss_depot.lock),
};

/*
 * Charges
 */

/* Give @nr charges of @owner back to the counter. */
static void rss_pay_back(struct rss_owner *owner, unsigned int nr)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = rcu_dereference(owner->container);
	if (!rss_is_root(rss))
		page_counter_uncharge(&rss->res, nr);
	rcu_read_unlock();
	percpu_ref_put_many(&owner->ref, nr);
}

/**
 * rss_stock_refill - put charges into this CPU's stock, whatever is there
 * @owner: whose charges
 * @nr: pages
 *
 * What is another owner's, and what is too much, goes back to the counters.
 *
 * Context: any spinlock may be held, but for the word lock.
 */
void rss_stock_refill(struct rss_owner *owner, unsigned int nr)
{
	struct rss_owner *old = NULL;
	unsigned int nr_old = 0, excess;
	struct rss_stock *stock;
	unsigned long flags;

	local_irq_save(flags);
	stock = this_cpu_ptr(&rss_stock);
	if (unlikely(percpu_ref_is_dying(&owner->ref))) {
		/* see rss_stock_leave() */
		excess = nr;
	} else {
		if (stock->owner != owner) {
			old = stock->owner;
			nr_old = stock->nr;
			WRITE_ONCE(stock->owner, owner);
		} else {
			nr += stock->nr;
		}
		excess = rss_stock_excess(nr);
		/* after the owner, for rss_stock_of() */
		smp_store_release(&stock->nr, nr - excess);
	}
	local_irq_restore(flags);

	if (unlikely(nr_old))
		rss_pay_back(old, nr_old);
	if (unlikely(excess))
		rss_pay_back(owner, excess);
}

/* Is @owner, whom RCU keeps, paid for by @rss or a container below it? */
static bool rss_owner_below(struct rss_owner *owner, struct rss_container *rss)
{
	struct rss_container *payer = rcu_dereference(owner->container);

	return cgroup_is_descendant(payer->css.cgroup, rss->css.cgroup);
}

/*
 * How many charges of owners in @rss's subtree has another CPU's stock?  An
 * owner that is read after its count is at least as new as that, so that RCU
 * keeps it; he may have left meanwhile (rss_stock_leave()).
 */
static unsigned int rss_stock_of(int cpu, struct rss_container *rss)
{
	struct rss_stock *stock = per_cpu_ptr(&rss_stock, cpu);
	unsigned int nr = READ_ONCE(stock->nr);
	struct rss_owner *owner;

	/* pairs with the release in rss_stock_refill() */
	smp_rmb();
	owner = READ_ONCE(stock->owner);
	return nr && owner && rss_owner_below(owner, rss) ? nr : 0;
}

static bool rss_stock_has_some(int cpu, void *rss)
{
	bool has;

	rcu_read_lock();
	has = rss_stock_of(cpu, rss);
	rcu_read_unlock();
	return has;
}

/* Empty this CPU's stock of charges.  Interrupts off. */
static void rss_drain_stock(void *rss)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	unsigned int nr = stock->nr;

	rcu_read_lock();
	if (nr && rss_owner_below(stock->owner, rss)) {
		WRITE_ONCE(stock->nr, 0);
		rss_pay_back(stock->owner, nr);
	}
	rcu_read_unlock();
}

/**
 * rss_drain_stocks - give unused charges back to the counters
 * @rss: of owners in this container's subtree
 *
 * Context: interrupts on, and no lock held for which others wait with theirs off.
 */
void rss_drain_stocks(struct rss_container *rss)
{
	on_each_cpu_cond(rss_stock_has_some, rss_drain_stock, rss, true);
}

/**
 * rss_stocked - charges that are in stocks
 * @rss: of owners in this container's subtree
 *
 * Return: pages.
 */
unsigned long rss_stocked(struct rss_container *rss)
{
	unsigned long nr = 0;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu)
		nr += rss_stock_of(cpu, rss);
	rcu_read_unlock();
	return nr;
}

static void rss_stock_leave_this(void *owner)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	unsigned int nr = stock->nr;

	if (stock->owner != owner)
		return;
	WRITE_ONCE(stock->nr, 0);
	WRITE_ONCE(stock->owner, NULL);
	if (nr)
		rss_pay_back(owner, nr);
}

/**
 * rss_stock_leave - no stock is an owner's any more
 * @owner: the owner, whose reference counter was killed
 *
 * What takes an owner's charges back from a folio looks at the stock's owner
 * alone; rss_stock_refill(), which makes somebody that, looks whether he is
 * dying.
 *
 * Context: as for rss_drain_stocks().
 */
void rss_stock_leave(struct rss_owner *owner)
{
	on_each_cpu(rss_stock_leave_this, owner, true);
}

/*
 * Page containers
 */

/* Free a chain of at most a batch. */
static void rss_free_chain(struct page_container *pc)
{
	void *pcs[RSS_BATCH];
	unsigned int nr;

	for (nr = 0; pc; pc = rss_pc_next(pc))
		pcs[nr++] = pc;
	if (nr)
		kmem_cache_free_bulk(page_container_cache, nr, pcs);
}

static struct page_container *rss_depot_take(void)
{
	struct page_container *batch;
	unsigned long flags;

	spin_lock_irqsave(&rss_depot.lock, flags);
	batch = rss_depot.batches;
	if (batch) {
		rss_depot.batches = (struct page_container *)batch->list.prev;
		rss_depot.nr--;
	}
	spin_unlock_irqrestore(&rss_depot.lock, flags);
	return batch;
}

static void rss_depot_put(struct page_container *batch)
{
	bool room;

	spin_lock(&rss_depot.lock);
	room = rss_depot.nr < RSS_DEPOT_BATCHES;
	if (room) {
		batch->list.prev = (struct list_head *)rss_depot.batches;
		rss_depot.batches = batch;
		rss_depot.nr++;
	}
	spin_unlock(&rss_depot.lock);
	if (!room)
		rss_free_chain(batch);
}

/**
 * rss_stock_more_pcs - bring a batch of page_containers into an empty stock
 * @stock: this CPU's
 *
 * Context: interrupts off.
 * Return: the first one, which stays where it is, or NULL.
 */
struct page_container *rss_stock_more_pcs(struct rss_stock *stock)
{
	stock->pcs = stock->more_pcs ?: rss_depot_take();
	stock->more_pcs = NULL;
	stock->nr_pcs = stock->pcs ? RSS_BATCH : 0;
	return stock->pcs;
}

/**
 * rss_stock_fewer_pcs - make room in a full stock
 * @stock: this CPU's
 *
 * Context: interrupts off.
 */
void rss_stock_fewer_pcs(struct rss_stock *stock)
{
	if (stock->more_pcs)
		rss_depot_put(stock->more_pcs);
	stock->more_pcs = stock->pcs;
	stock->pcs = NULL;
	stock->nr_pcs = 0;
}

/**
 * rss_stock_alloc_pcs - allocate page_containers, some for this CPU's stock
 * @gfp: how
 *
 * Context: interrupts may be off, if @gfp does not sleep.
 * Return: one more, or NULL.
 */
struct page_container *rss_stock_alloc_pcs(gfp_t gfp)
{
	void *pcs[RSS_BATCH / 2];
	unsigned long flags;
	unsigned int nr, i;

	nr = kmem_cache_alloc_bulk(page_container_cache, gfp | __GFP_NOWARN,
				   ARRAY_SIZE(pcs), pcs);
	if (unlikely(!nr))
		return NULL;
	local_irq_save(flags);
	for (i = 1; i < nr; i++)
		rss_stock_put_pc(pcs[i]);
	local_irq_restore(flags);
	return pcs[0];
}

static void rss_free_pcs_of(struct rss_stock *stock)
{
	rss_free_chain(stock->pcs);
	rss_free_chain(stock->more_pcs);
	stock->pcs = NULL;
	stock->more_pcs = NULL;
	stock->nr_pcs = 0;
}

static void rss_stock_drop_pcs(void *unused)
{
	rss_free_pcs_of(this_cpu_ptr(&rss_stock));
}

/**
 * rss_stock_free_pcs - free every unused page_container
 *
 * With the last container goes the last one.
 *
 * Context: as for rss_drain_stocks().
 */
void rss_stock_free_pcs(void)
{
	struct page_container *batch;

	on_each_cpu(rss_stock_drop_pcs, NULL, true);
	while ((batch = rss_depot_take()))
		rss_free_chain(batch);
}

/*
 * A CPU that is offline cannot be interrupted any more.
 */
static int rss_stock_dead(unsigned int cpu)
{
	struct rss_stock *stock = per_cpu_ptr(&rss_stock, cpu);
	unsigned int nr = 0;

	rss_free_pcs_of(stock);
	swap(nr, stock->nr);
	if (nr)
		rss_pay_back(stock->owner, nr);
	stock->owner = NULL;
	return 0;
}

static int __init rss_stock_init(void)
{
	int ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "mm/rss:dead", NULL,
					    rss_stock_dead);

	return min(ret, 0);
}
core_initcall(rss_stock_init);
