// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: which container each page is charged to, and the lists.
 *
 * Mapping and unmapping of one folio race on different CPUs without a common
 * lock, so the mapcount can drop to zero on one CPU after another one raised
 * it again.  Counting what each CPU believes it did goes wrong as soon as one
 * of the two does not count, and processes outside all containers do not.  So
 * nothing is counted here: after a change of the mapcounts, the CPU takes the
 * word lock and charges the folio if it is mapped, or uncharges it if it is
 * not.  The last CPU to take the lock sees all changes, so a folio at rest is
 * charged if and only if it is mapped.
 *
 * A large folio is charged as a whole while any of its pages is mapped, because
 * none of its pages is free before the last mapping is gone.
 */
#include <linux/slab.h>
#include <linux/swap.h>
/* folio_batch: its own header has another name in 7.3 */
#include <linux/writeback.h>

#include "internal.h"
#include "rss_internal.h"
#include "rss_pages.h"

struct kmem_cache *page_container_cache;

/* No page_ext for it with cgroup_disable=rss. */
static bool need_rss_container(void)
{
	return cgroup_subsys_enabled(rss_cgrp_subsys);
}

struct page_ext_operations container_rss_page_ext_ops = {
	.size = sizeof(unsigned long),
	.need = need_rss_container,
};

#ifdef CONFIG_LOCKDEP
static struct lock_class_key rss_word_key;
struct lockdep_map rss_word_map = STATIC_LOCKDEP_MAP_INIT("rss_word", &rss_word_key);
#endif

/*
 * Lists
 */

/**
 * rss_lru_new - an owner's lists on one node
 * @owner: the owner
 * @nid: the node
 */
struct rss_lru *rss_lru_new(struct rss_owner *owner, int nid)
{
	int near = node_state(nid, N_MEMORY) ? nid : NUMA_NO_NODE;
	struct rss_lru *lru = kzalloc_node(sizeof(*lru), GFP_KERNEL, near);
	int i;

	if (!lru)
		return NULL;
	spin_lock_init(&lru->lock);
	lru->owner = owner;
	lru->nid = nid;
	for (i = 0; i < NR_RSS_LISTS; i++)
		INIT_LIST_HEAD(&lru->lists[i]);
	return lru;
}

/* Put @pc on list @to, off the one it is on.  Word lock held. */
void rss_lru_move(struct page_container *pc, enum rss_list to, bool tail)
{
	struct rss_lru *lru = pc->lru;

	spin_lock(&lru->lock);
	lru->nr[pc->state.where] -= pc->state.nr;
	lru->nr[to] += pc->state.nr;
	pc->state.where = to;
	if (tail)
		list_move_tail(&pc->list, &lru->lists[to]);
	else
		list_move(&pc->list, &lru->lists[to]);
	spin_unlock(&lru->lock);
}

/*
 * Add and del
 *
 * All of it runs under the page-table lock, with interrupts on until the word
 * lock is wanted.  What a fault found at hand is spent without a call; what is
 * rare is in functions of its own, and not inlined.
 */

/*
 * A page_container of this CPU's or of the depot, or the one that the task keeps
 * for this case, or one that is allocated without waiting.  Interrupts off.
 */
static struct page_container *rss_pc_new(struct rss_owner *owner)
{
	struct page_container *pc = rss_stock_take_pc();
	struct rss_container *rss;

	if (!pc)
		swap(pc, current->rss_pc);
	if (!pc)
		pc = kmem_cache_alloc(page_container_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!pc)) {
		rss = rcu_dereference(owner->container);
		atomic_long_inc(&rss->uncharged);
	}
	return pc;
}

/* From the reserve of the current task, as a rule.  See rss_commit_slow(). */
static bool rss_commit(struct rss_owner *owner, unsigned int nr)
{
	struct task_struct *task = current;

	if (task->rss_owner == owner && task->rss_reserved >= nr) {
		task->rss_reserved -= nr;
		return true;
	}
	return rss_commit_slow(owner, nr);
}

static noinline struct page_container *
rss_pc_charge_slow(struct rss_owner *owner, unsigned int nr)
{
	struct page_container *pc = rss_pc_new(owner);

	if (likely(!pc || rss_commit(owner, nr)))
		return pc;
	kmem_cache_free(page_container_cache, pc);
	return NULL;
}

/*
 * A page_container for @nr pages that were mapped, and @nr charges of @owner.
 * Without either, or when the owner is just going, the folio stays uncharged,
 * and its unmapping will find nothing to uncharge.  Interrupts off.
 */
static __always_inline struct page_container *
rss_pc_charge(struct rss_owner *owner, unsigned int nr)
{
	struct task_struct *task = current;
	struct page_container *pc;

	if (likely(task->rss_owner == owner && task->rss_reserved >= nr)) {
		pc = rss_stock_take_pc_at_hand();
		if (likely(pc)) {
			task->rss_reserved -= nr;
			return pc;
		}
	}
	return rss_pc_charge_slow(owner, nr);
}

/* Charge a new folio, of which the fault did not find everything at hand. */
static noinline void rss_add_new_slow(struct folio *folio, struct vm_area_struct *vma)
{
	struct page_container *pc;
	struct rss_owner *owner;
	unsigned long *word;
	unsigned int nr;

	/* swapped in: others may know it, and the LRU may have it, already */
	if (folio_test_locked(folio)) {
		__container_rss_add(folio, vma);
		return;
	}

	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	word = rss_word(folio);
	if (!owner || !word || !rss_chargeable(folio))
		goto unlock;
	VM_WARN_ON_FOLIO(*word, folio);
	nr = folio_nr_pages(folio);
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_pc_charge(owner, nr);
	if (pc) {
		rss_pc_charged(pc, folio, owner, nr, !folio_test_anon(folio));
		WRITE_ONCE(*word, (unsigned long)pc);
	}
	local_irq_enable();
unlock:
	rcu_read_unlock();
}

/*
 * Only the CPU that maps this folio knows it before the page-table lock is
 * dropped, so nothing is locked; folio_add_lru() follows, and with it
 * container_rss_move_lists(), which lists it.
 */
void __container_rss_add_new(struct folio *folio, struct vm_area_struct *vma)
{
	struct rss_owner *owner = rcu_access_pointer(vma->vm_mm->rss_owner);
	struct task_struct *task = current;
	unsigned int nr = folio_nr_pages(folio);
	struct page_container *pc;
	unsigned long *word;

	/* charges that are reserved keep the owner */
	if (unlikely(task->rss_owner != owner || task->rss_reserved < nr ||
		     folio_test_locked(folio) || folio_is_zone_device(folio)))
		goto slow;
	word = rss_word(folio);
	if (unlikely(!word))
		goto slow;
	VM_WARN_ON_FOLIO(*word, folio);
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_stock_take_pc_at_hand();
	if (unlikely(!pc)) {
		local_irq_enable();
		goto slow;
	}
	task->rss_reserved -= nr;
	rss_pc_charged(pc, folio, owner, nr, false);
	WRITE_ONCE(*word, (unsigned long)pc);
	local_irq_enable();
	return;
slow:
	rss_add_new_slow(folio, vma);
}

void rss_add_one(struct folio *folio, struct vm_area_struct *vma)
{
	struct page_container *pc;
	struct rss_owner *owner;
	unsigned long *word;
	unsigned int nr;

	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	word = rss_word(folio);
	/* a large folio comes here for each mapping, and is charged already */
	if (unlikely(!word) || !owner || rss_word_charged(word))
		goto unlock;

	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_word_lock(word);
	nr = rss_mapped_pages(folio);
	if (likely(!pc && nr && rss_chargeable(folio))) {
		pc = rss_pc_charge(owner, nr);
		if (likely(pc)) {
			rss_pc_charged(pc, folio, owner, nr, !folio_test_anon(folio));
			rss_lru_add(pc, rss_list_now(folio));
		}
	}
	rss_word_unlock(word, pc);
	local_irq_enable();
unlock:
	rcu_read_unlock();
}

/* In a function of its own, so that noting needs no registers saved. */
static noinline void rss_add_unnoted(struct folio *folio, struct vm_area_struct *vma)
{
	if (!rss_window_note_full(folio, vma))
		rss_add_one(folio, vma);
}

void __container_rss_add(struct folio *folio, struct vm_area_struct *vma)
{
	if (likely(rss_window_note(RSS_WINDOW_MAP, folio)))
		return;
	rss_add_unnoted(folio, vma);
}

/* The first slot of the stock has no room. */
noinline void rss_pc_uncharge(struct page_container *pc)
{
	rss_stock_refill(pc->lru->owner, pc->state.nr);
	local_irq_disable();
	rss_stock_put_pc(pc);
	local_irq_enable();
}

/* Uncharge the folio of @pc.  Word lock held, which this drops. */
static __always_inline void rss_uncharge_unlock(unsigned long *word, struct page_container *pc)
{
	bool stocked;

	rss_lru_del(pc);
	__this_cpu_sub(pc->lru->owner->stat->nr[pc->state.file], pc->state.nr);
	stocked = rss_stock_put(pc->lru->owner, pc->state.nr);
	if (likely(stocked))
		rss_stock_put_pc(pc);
	rss_word_unlock(word, NULL);
	local_irq_enable();
	if (unlikely(!stocked))
		rss_pc_uncharge(pc);
}

noinline void rss_del_one(struct folio *folio)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;

	if (unlikely(!word) || rss_word_empty(word))
		return;
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_word_lock(word);
	if (unlikely(!pc || pc->state.migrating || rss_still_mapped(pc->folio))) {
		rss_word_unlock(word, pc);
		local_irq_enable();
		return;
	}
	rss_uncharge_unlock(word, pc);
}

void __container_rss_del(struct folio *folio)
{
	if (likely(rss_window_note_unmapped(folio)))
		return;
	rss_del_one(folio);
}

/*
 * Moves
 */

/* It is on a list, or was uncharged just now.  Word lock held, which this drops. */
static noinline void rss_move_unlock(unsigned long *word, struct page_container *pc,
				     enum rss_list to, bool tail)
{
	if (pc)
		rss_lru_move(pc, to, tail);
	rss_word_unlock(word, pc);
}

void __container_rss_move_lists(struct folio *folio, bool active, bool tail)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;
	enum rss_list to;

	/*
	 * Uncharged, and if that changes now, __container_rss_add() lists the
	 * folio itself.
	 */
	if (unlikely(!word) || !READ_ONCE(*word))
		return;

	to = rss_list_of(folio_is_file_lru(folio), active);
	if (unlikely(folio_test_unevictable(folio)))
		to = RSS_UNEVICTABLE;
	pc = rss_word_lock(word);
	if (unlikely(!pc || pc->state.where != RSS_UNLISTED)) {
		rss_move_unlock(word, pc, to, tail);
		return;
	}
	rss_lru_add(pc, to);
	rss_word_unlock(word, pc);
}

/*
 * Put the folios of a batch on the lists that their flags say, with the lock of the
 * lists taken once.
 */
static noinline void rss_add_lists(struct folio_batch *fbatch)
{
	unsigned long irq, flags, kind = 0, *word;
	struct rss_words words = RSS_WORDS_NONE;
	enum rss_list to = RSS_UNLISTED;
	struct rss_lru *lru = NULL;
	struct page_container *pc;
	struct folio *folio;
	unsigned int i;

	local_irq_save(irq);
	for (i = 0; i < folio_batch_count(fbatch); i++) {
		folio = fbatch->folios[i];
		if (unlikely(!rss_words_get(&words, folio, &word)))
			continue;
		pc = (struct page_container *)READ_ONCE(*word);
		/* see __container_rss_move_lists() */
		if (!pc)
			continue;
		if (unlikely(!rss_word_trylock(word, (unsigned long)pc))) {
			/* word locks are only tried while the lists are locked */
			if (lru)
				spin_unlock(&lru->lock);
			lru = NULL;
			pc = rss_word_lock(word);
			if (!pc) {
				rss_word_unlock(word, NULL);
				continue;
			}
		}
		if (unlikely(pc->lru != lru)) {
			if (lru)
				spin_unlock(&lru->lock);
			lru = pc->lru;
			spin_lock(&lru->lock);
		}
		flags = READ_ONCE(*folio_flags(folio, 0));
		if (unlikely(to == RSS_UNLISTED || (flags ^ kind) & RSS_LIST_FLAGS)) {
			kind = flags;
			to = rss_list_by_flags(flags);
		}
		if (unlikely(pc->state.where != RSS_UNLISTED)) {
			lru->nr[pc->state.where] -= pc->state.nr;
			__list_del_entry(&pc->list);
		}
		pc->state.where = to;
		lru->nr[to] += pc->state.nr;
		list_add(&pc->list, &lru->lists[to]);
		rss_word_unlock(word, pc);
	}
	if (lru)
		spin_unlock(&lru->lock);
	local_irq_restore(irq);
}

void __container_rss_add_lists(struct folio_batch *fbatch)
{
	struct folio *folio = fbatch->folios[0];
	unsigned long irq;

	/* a large folio, which does not wait for others */
	if (folio_batch_count(fbatch) == 1) {
		local_irq_save(irq);
		__container_rss_move_lists(folio, folio_test_active(folio), false);
		local_irq_restore(irq);
		return;
	}
	rss_add_lists(fbatch);
}

/**
 * rss_lru_isolate - take folios from the cold end of a list
 * @lru: the lists of one owner on one node
 * @from: which of them
 * @folios: out: the folios, each with a reference
 * @nr_to_scan: pages to scan
 * @scanned: out: pages scanned, those of the last folio included
 *
 * Scanned folios go to the warm end, including those that another reclaimer
 * holds, so that the next scan finds others.  The seed's
 * isolate_container_pages(); as lists are per node, no page of another node is
 * in the way.
 *
 * Return: the number of folios taken.  Context: no lock held.
 */
unsigned int rss_lru_isolate(struct rss_lru *lru, enum rss_list from,
			     struct folio *folios[SWAP_CLUSTER_MAX],
			     unsigned long nr_to_scan, unsigned long *scanned)
{
	struct list_head *list = &lru->lists[from];
	struct page_container *pc;
	unsigned int taken = 0;
	struct folio *folio;

	*scanned = 0;
	spin_lock_irq(&lru->lock);
	while (taken < SWAP_CLUSTER_MAX && *scanned < nr_to_scan && !list_empty(list)) {
		pc = list_last_entry(list, struct page_container, list);
		list_move(&pc->list, list);
		folio = pc->folio;
		*scanned += pc->state.nr;
		/*
		 * The folio is charged, and its last unmapping takes this lock
		 * to change that before it drops its reference.
		 */
		if (folio_test_lru(folio) && folio_try_get(folio))
			folios[taken++] = folio;
	}
	spin_unlock_irq(&lru->lock);
	return taken;
}

/**
 * rss_folio_container - the container that a folio is charged to
 * @folio: the folio, with a reference
 *
 * Context: process, RCU read lock held.
 * Return: the container, or NULL if the folio is not charged.
 */
struct rss_container *rss_folio_container(struct folio *folio)
{
	unsigned long *word = rss_word(folio);
	struct rss_container *rss = NULL;
	struct page_container *pc;

	if (!word || !READ_ONCE(*word))
		return NULL;
	local_irq_disable();
	pc = rss_word_lock(word);
	if (pc)
		rss = rcu_dereference(pc->lru->owner->container);
	rss_word_unlock(word, pc);
	local_irq_enable();
	return rss;
}

/*
 * Merging
 */

/*
 * Give a folio of @from to the owner of the container that is charged for it, or
 * to no owner if that is the root.  Its charges were the parent's all along, so
 * only references move.
 */
static void rss_move_page(struct folio *folio, struct rss_owner *from)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;
	struct rss_container *rss;
	struct rss_owner *to;
	enum rss_list where;
	unsigned int nr = 0;

	local_irq_disable();
	rcu_read_lock();
	pc = rss_word_lock(word);
	if (!pc || pc->lru->owner != from)
		goto unlock;
	rss = rcu_dereference(from->container);
	if (rss_is_root(rss)) {
		rcu_read_unlock();
		rss_uncharge_unlock(word, pc);
		return;
	}
	to = rss->owner;
	/* it is dying if the parent is being removed, too: try again later */
	if (!percpu_ref_tryget_live(&to->ref))
		goto unlock;
	nr = pc->state.nr;
	percpu_ref_get_many(&to->ref, nr - 1);
	where = pc->state.where;
	rss_lru_del(pc);
	__this_cpu_sub(from->stat->nr[pc->state.file], nr);
	__this_cpu_add(to->stat->nr[pc->state.file], nr);
	pc->lru = rss_folio_lru(folio, to);
	pc->state.where = RSS_UNLISTED;
	if (where != RSS_UNLISTED)
		rss_lru_add(pc, where);
unlock:
	rss_word_unlock(word, pc);
	rcu_read_unlock();
	local_irq_enable();
	if (nr)
		percpu_ref_put_many(&from->ref, nr);
}

static void rss_move_list(struct rss_lru *lru, enum rss_list which, struct rss_owner *from)
{
	struct list_head *list = &lru->lists[which];
	unsigned long todo = READ_ONCE(lru->nr[which]);
	struct page_container *pc;
	struct folio *folio;

	/* coldest first, so that they keep their order; each is tried once */
	for (; todo; todo--) {
		folio = NULL;
		spin_lock_irq(&lru->lock);
		if (!list_empty(list)) {
			pc = list_last_entry(list, struct page_container, list);
			list_move(&pc->list, list);
			folio = pc->folio;
			/* as in rss_lru_isolate() */
			if (!folio_try_get(folio))
				folio = NULL;
		} else {
			todo = 1;
		}
		spin_unlock_irq(&lru->lock);
		if (folio) {
			rss_move_page(folio, from);
			folio_put(folio);
		}
		cond_resched();
	}
}

/**
 * rss_owner_move_pages - move an owner's pages to the container that is charged
 * @from: the owner, whose container was removed
 *
 * Pages that are not on a list, or frozen, stay.
 *
 * Context: may sleep.
 */
void rss_owner_move_pages(struct rss_owner *from)
{
	int nid, which;

	for_each_node(nid)
		for (which = 0; which < NR_RSS_LISTS; which++)
			rss_move_list(from->lru[nid], which, from);
}

/* Called with the creation of the root container, before anything can be charged. */
void rss_pages_init(void)
{
	page_container_cache = KMEM_CACHE(page_container, SLAB_PANIC);
}
