// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: the slow paths of a CPU's stock, which exchange charges with
 * the counters, and page_containers with the slab.
 */
#include <linux/cpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "rss_stock.h"

/* Batches of unused page_containers that the machine keeps, without the stocks. */
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

/* Return @nr charges of @owner to the counter. */
static void rss_uncharge(struct rss_owner *owner, unsigned int nr)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = rcu_dereference(owner->container);
	if (!rss_is_root(rss))
		page_counter_uncharge(&rss->res, nr);
	rcu_read_unlock();
	percpu_ref_put_many(&owner->ref, nr);
}

/*
 * Make @owner's slot the first one.  If there is none, @evicted gets the slot
 * that is given up, whose charges the caller returns.
 */
static struct rss_stock_slot *rss_stock_select(struct rss_stock *stock,
					       struct rss_owner *owner,
					       struct rss_stock_slot *evicted)
{
	struct rss_stock_slot *first = &stock->slot[0], *slot, found = { .owner = owner };
	int i;

	if (first->owner == owner)
		return first;
	for (i = 1; i < RSS_STOCK_SLOTS; i++) {
		slot = &stock->slot[i];
		if (slot->owner == owner) {
			found = *slot;
			break;
		}
	}
	if (i == RSS_STOCK_SLOTS) {
		slot = &stock->slot[1 + stock->evict++ % (RSS_STOCK_SLOTS - 1)];
		*evicted = *slot;
	}
	WRITE_ONCE(slot->nr, 0);
	WRITE_ONCE(slot->owner, first->owner);
	/* the owner before its count, for rss_slot_of() */
	smp_store_release(&slot->nr, first->nr);
	WRITE_ONCE(first->nr, 0);
	WRITE_ONCE(first->owner, owner);
	/* the same */
	smp_store_release(&first->nr, found.nr);
	return first;
}

/**
 * rss_stock_take_other - rss_stock_take() from another slot than the first
 * @owner: the owner
 * @nr: pages
 */
bool rss_stock_take_other(struct rss_owner *owner, unsigned int nr)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	struct rss_stock_slot *slot;
	int i;

	for (i = 1; i < RSS_STOCK_SLOTS; i++) {
		if (stock->slot[i].owner != owner || stock->slot[i].nr < nr)
			continue;
		slot = rss_stock_select(stock, owner, NULL);
		WRITE_ONCE(slot->nr, slot->nr - nr);
		return true;
	}
	return false;
}

/**
 * rss_stock_refill - put charges into this CPU's stock
 * @owner: the owner of the charges
 * @nr: pages
 *
 * What the stock has no room for goes back to the counters.
 *
 * Context: any spinlock may be held, except for the word lock.
 */
void rss_stock_refill(struct rss_owner *owner, unsigned int nr)
{
	struct rss_stock_slot evicted = {}, *slot;
	unsigned long flags;
	unsigned int excess;

	/* a huge page goes back as it came, see rss_charge_at_once() */
	if (nr >= RSS_CHARGE_BATCH) {
		rss_uncharge(owner, nr);
		return;
	}
	local_irq_save(flags);
	if (unlikely(percpu_ref_is_dying(&owner->ref))) {
		/* see rss_stock_leave() */
		excess = nr;
	} else {
		slot = rss_stock_select(this_cpu_ptr(&rss_stock), owner, &evicted);
		nr += slot->nr;
		excess = rss_stock_excess(nr, READ_ONCE(owner->batch));
		WRITE_ONCE(slot->nr, nr - excess);
	}
	local_irq_restore(flags);

	if (unlikely(evicted.nr))
		rss_uncharge(evicted.owner, evicted.nr);
	if (unlikely(excess))
		rss_uncharge(owner, excess);
}

/* Returns true if @owner, which RCU keeps, is charged to @rss or a descendant. */
static bool rss_owner_below(struct rss_owner *owner, struct rss_container *rss)
{
	struct rss_container *charged = rcu_dereference(owner->container);

	return cgroup_is_descendant(charged->css.cgroup, rss->css.cgroup);
}

/*
 * The charges in a slot of another CPU that belong to @rss's subtree.  An owner
 * that is read after its count is as new as that, so RCU keeps it; it may have
 * left the stock meanwhile (rss_stock_leave()).
 */
static unsigned int rss_slot_of(struct rss_stock_slot *slot, struct rss_container *rss)
{
	unsigned int nr = READ_ONCE(slot->nr);
	struct rss_owner *owner;

	/* pairs with the releases in rss_stock_select() */
	smp_rmb();
	owner = READ_ONCE(slot->owner);
	return nr && owner && rss_owner_below(owner, rss) ? nr : 0;
}

static unsigned int rss_stock_of(int cpu, struct rss_container *rss)
{
	struct rss_stock *stock = per_cpu_ptr(&rss_stock, cpu);
	unsigned int nr = 0;
	int i;

	for (i = 0; i < RSS_STOCK_SLOTS; i++)
		nr += rss_slot_of(&stock->slot[i], rss);
	return nr;
}

static bool rss_stock_has_some(int cpu, void *rss)
{
	bool has;

	rcu_read_lock();
	has = rss_stock_of(cpu, rss);
	rcu_read_unlock();
	return has;
}

/* Return the charges of @rss's subtree in this CPU's stock.  Interrupts off. */
static void rss_drain_stock(void *rss)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	struct rss_stock_slot *slot;
	unsigned int nr;

	rcu_read_lock();
	for (slot = stock->slot; slot < stock->slot + RSS_STOCK_SLOTS; slot++) {
		nr = slot->nr;
		if (nr && rss_owner_below(slot->owner, rss)) {
			WRITE_ONCE(slot->nr, 0);
			rss_uncharge(slot->owner, nr);
		}
	}
	rcu_read_unlock();
}

/**
 * rss_drain_stocks - return unused charges to the counters
 * @rss: of owners in this container's subtree
 *
 * Interrupts the CPUs that have such charges.
 *
 * Context: interrupts on, and no lock held that is taken with interrupts off.
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

static bool rss_stock_has_owner(int cpu, void *owner)
{
	struct rss_stock *stock = per_cpu_ptr(&rss_stock, cpu);
	int i;

	for (i = 0; i < RSS_STOCK_SLOTS; i++)
		if (READ_ONCE(stock->slot[i].owner) == owner)
			return true;
	return false;
}

static void rss_stock_leave_this(void *owner)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);
	struct rss_stock_slot *slot;
	unsigned int nr;

	for (slot = stock->slot; slot < stock->slot + RSS_STOCK_SLOTS; slot++) {
		if (slot->owner != owner)
			continue;
		nr = slot->nr;
		WRITE_ONCE(slot->nr, 0);
		WRITE_ONCE(slot->owner, NULL);
		if (nr)
			rss_uncharge(owner, nr);
	}
}

/**
 * rss_stock_leave - remove an owner from all stocks
 * @owner: the owner, whose reference counter was killed
 *
 * rss_stock_put() adds charges to any owner in a slot; rss_stock_refill(), which
 * gives an owner a slot, checks with interrupts off that the owner is not dying.
 * After a grace period it is in no new slot.
 *
 * Context: as for rss_drain_stocks(), an RCU grace period after the kill.
 */
void rss_stock_leave(struct rss_owner *owner)
{
	on_each_cpu_cond(rss_stock_has_owner, rss_stock_leave_this, owner, true);
}

/*
 * Page containers
 */

/* Free a chain.  Not in bulk, which requires interrupts on. */
static void rss_free_chain(struct page_container *pc)
{
	struct page_container *next;

	for (; pc; pc = next) {
		next = rss_pc_next(pc);
		kmem_cache_free(page_container_cache, pc);
	}
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
 * rss_stock_more_pcs - bring page_containers into an empty stock
 * @stock: this CPU's
 *
 * Context: interrupts off.
 * Return: the first one, which stays where it is, or NULL.
 */
struct page_container *rss_stock_more_pcs(struct rss_stock *stock)
{
	stock->pcs = stock->more_pcs ?: rss_depot_take();
	stock->more_pcs = NULL;
	stock->nr_pcs = stock->pcs ? stock->pcs->state.nr : 0;
	return stock->pcs;
}

/**
 * rss_stock_fewer_pcs - make room in a stock that has page_containers
 * @stock: this CPU's
 *
 * Context: interrupts off.
 */
void rss_stock_fewer_pcs(struct rss_stock *stock)
{
	if (stock->more_pcs)
		rss_depot_put(stock->more_pcs);
	stock->pcs->state.nr = stock->nr_pcs;
	stock->more_pcs = stock->pcs;
	stock->pcs = NULL;
	stock->nr_pcs = 0;
}

/**
 * rss_stock_alloc_pcs - allocate page_containers, some for this CPU's stock
 *
 * Context: may sleep.
 * Return: one more, or NULL.
 */
struct page_container *rss_stock_alloc_pcs(void)
{
	void *pcs[RSS_BATCH / 2];
	unsigned int i;

	/* all or none, whether it returns their number or a bool */
	if (unlikely(!kmem_cache_alloc_bulk(page_container_cache, GFP_KERNEL | __GFP_NOWARN,
					    ARRAY_SIZE(pcs), pcs)))
		return NULL;
	local_irq_disable();
	for (i = 1; i < ARRAY_SIZE(pcs); i++)
		rss_stock_put_pc(pcs[i]);
	local_irq_enable();
	return pcs[0];
}

static void rss_stock_forget_pcs(struct rss_stock *stock)
{
	stock->pcs = NULL;
	stock->more_pcs = NULL;
	stock->nr_pcs = 0;
}

/* Put @chain, or nothing, onto the stack of chains at @chains, linked by list.prev. */
static void rss_push_chain(struct page_container **chains, struct page_container *chain)
{
	struct page_container *first = READ_ONCE(*chains);

	if (!chain)
		return;
	do {
		chain->list.prev = (struct list_head *)first;
	} while (!try_cmpxchg(chains, &first, chain));
}

/*
 * Hand this CPU's page_containers to the caller of rss_stock_free_pcs(): an
 * interrupt must not free them, as the slab takes locks that are not raw.
 * Called with interrupts off. Other CPUs push at the same time; nothing is taken meanwhile.
 */
static void rss_stock_drop_pcs(void *dropped)
{
	struct rss_stock *stock = this_cpu_ptr(&rss_stock);

	rss_push_chain(dropped, stock->pcs);
	rss_push_chain(dropped, stock->more_pcs);
	rss_stock_forget_pcs(stock);
}

/**
 * rss_stock_free_pcs - free every unused page_container
 *
 * Called when the last container was removed.
 *
 * Context: as for rss_drain_stocks().
 */
void rss_stock_free_pcs(void)
{
	struct page_container *dropped = NULL, *batch;

	on_each_cpu(rss_stock_drop_pcs, &dropped, true);
	while ((batch = dropped)) {
		dropped = (struct page_container *)batch->list.prev;
		rss_free_chain(batch);
	}
	while ((batch = rss_depot_take()))
		rss_free_chain(batch);
}

/* The CPU is offline, so it cannot be interrupted to drain its stock. */
static int rss_stock_dead(unsigned int cpu)
{
	struct rss_stock *stock = per_cpu_ptr(&rss_stock, cpu);
	struct rss_stock_slot *slot;

	rss_free_chain(stock->pcs);
	rss_free_chain(stock->more_pcs);
	rss_stock_forget_pcs(stock);
	for (slot = stock->slot; slot < stock->slot + RSS_STOCK_SLOTS; slot++) {
		if (slot->nr)
			rss_uncharge(slot->owner, slot->nr);
		*slot = (struct rss_stock_slot){};
	}
	return 0;
}

static int __init rss_stock_init(void)
{
	int ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "mm/rss:dead", NULL,
					    rss_stock_dead);

	return min(ret, 0);
}
core_initcall(rss_stock_init);
