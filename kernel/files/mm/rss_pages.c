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
#include <linux/lockdep.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/page_ext.h>
#include <linux/processor.h>
#include <linux/rmap.h>
#include <linux/slab.h>
#include <linux/swap.h>
/* folio_batch: its own header has another name in 7.3 */
#include <linux/writeback.h>

#include "internal.h"
#include "rss_internal.h"
#include "rss_stock.h"

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

/*
 * The word of a folio: NULL or its page_container, and the word lock in bit 0.
 */

#define RSS_WORD_LOCK	BIT(0)

#ifdef CONFIG_LOCKDEP
static struct lock_class_key rss_word_key;
static struct lockdep_map rss_word_map =
	STATIC_LOCKDEP_MAP_INIT("rss_word", &rss_word_key);
#define rss_word_acquire()	lock_map_acquire(&rss_word_map)
#define rss_word_acquire_try()	lock_map_acquire_try(&rss_word_map)
#define rss_word_release()	lock_map_release(&rss_word_map)
#else
#define rss_word_acquire()	do { } while (0)
#define rss_word_acquire_try()	do { } while (0)
#define rss_word_release()	do { } while (0)
#endif

/* The word of @folio, or NULL if it has no page_ext. */
static __always_inline unsigned long *rss_word(struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio);
	void *base = page_ext_section_base(pfn_to_section_nr(pfn));

	if (unlikely(!base))
		return NULL;
	return page_ext_section_data(base, pfn, &container_rss_page_ext_ops);
}

/**
 * struct rss_words - where the words of a section's folios are
 * @section: its number
 * @base: page_ext_section_base()
 */
struct rss_words {
	unsigned long section;
	void *base;
};

#define RSS_WORDS_NONE	{ .section = -1UL }

/* rss_word(), which is cheaper if @words is of the section. */
static __always_inline unsigned long *rss_words_get(struct rss_words *words,
						    struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio), section = pfn_to_section_nr(pfn);

	if (unlikely(section != words->section)) {
		words->section = section;
		words->base = page_ext_section_base(section);
	}
	if (unlikely(!words->base))
		return NULL;
	return page_ext_section_data(words->base, pfn, &container_rss_page_ext_ops);
}

/* folio_mapped(), inline for small folios. */
static __always_inline bool rss_still_mapped(struct folio *folio)
{
	if (unlikely(folio_test_large(folio)))
		return folio_mapped(folio);
	return atomic_read(&folio->_mapcount) >= 0;
}

/*
 * The page_container, which stays what it is until the unlock.  Interrupts off.
 * A full barrier, which pairs with that in rss_word_empty().
 */
static __always_inline struct page_container *rss_word_lock(unsigned long *word)
{
	unsigned long old = READ_ONCE(*word) & ~RSS_WORD_LOCK;

	lockdep_assert_irqs_disabled();
	rss_word_acquire();
	while (unlikely(!try_cmpxchg(word, &old, old | RSS_WORD_LOCK))) {
		cpu_relax();
		old = READ_ONCE(*word) & ~RSS_WORD_LOCK;
	}
	return (struct page_container *)old;
}

/*
 * The same if the word is @old and not locked, without waiting, so rss_lru.lock may
 * be held.  Returns true if it was locked here.
 */
static __always_inline bool rss_word_trylock(unsigned long *word, unsigned long old)
{
	if (unlikely(old & RSS_WORD_LOCK || !try_cmpxchg(word, &old, old | RSS_WORD_LOCK)))
		return false;
	rss_word_acquire_try();
	return true;
}

static __always_inline void rss_word_unlock(unsigned long *word, struct page_container *pc)
{
	rss_word_release();
	/* one store for both: nobody changes a word that is locked */
	smp_store_release(word, (unsigned long)pc);
}

/*
 * Called after a change of the mapcounts.  Returns true if the folio has no
 * page_container; a CPU that locks the word later sees that change.
 */
static __always_inline bool rss_word_empty(unsigned long *word)
{
	/* after the mapcounts' atomics; pairs with that in rss_word_lock() */
	smp_mb__after_atomic();
	return !READ_ONCE(*word);
}

/*
 * The same, but returns true if the folio has a page_container that no other
 * CPU is about to remove.
 */
static __always_inline bool rss_word_charged(unsigned long *word)
{
	unsigned long old;

	/* as in rss_word_empty() */
	smp_mb__after_atomic();
	old = READ_ONCE(*word);
	return old && !(old & RSS_WORD_LOCK);
}

/* The pages that @folio is charged for: all of them while any is mapped. */
static __always_inline unsigned int rss_mapped_pages(struct folio *folio)
{
	return folio_mapped(folio) ? folio_nr_pages(folio) : 0;
}

/*
 * Pages that a driver maps have no mapping and cannot be reclaimed; device
 * memory is not on the LRU.  They are not charged, as hugetlb and raw pfn maps
 * are not, which do not come here at all.
 */
static __always_inline bool rss_chargeable(struct folio *folio)
{
	return folio->mapping && !folio_is_zone_device(folio);
}

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

/* The lists of @owner that @folio belongs on. */
static __always_inline struct rss_lru *rss_folio_lru(struct folio *folio,
						     struct rss_owner *owner)
{
	return owner->lru[folio_nid(folio)];
}

/* Take @pc, which is about to be freed, off its list.  Word lock held. */
static __always_inline void rss_lru_del(struct page_container *pc)
{
	struct rss_lru *lru = pc->lru;

	if (pc->where == RSS_UNLISTED)
		return;
	spin_lock(&lru->lock);
	__list_del_entry(&pc->list);
	lru->nr[pc->where] -= pc->nr;
	spin_unlock(&lru->lock);
}

/* Put @pc, which is on none, on list @to.  Word lock held. */
static __always_inline void rss_lru_add(struct page_container *pc, enum rss_list to)
{
	struct rss_lru *lru = pc->lru;
	struct list_head *list;

	pc->where = to;
	spin_lock(&lru->lock);
	list = &lru->lists[to];
	list_add(&pc->list, list);
	lru->nr[to] += pc->nr;
	spin_unlock(&lru->lock);
}

/* Put @pc on list @to, off the one it is on.  Word lock held. */
static void rss_lru_move(struct page_container *pc, enum rss_list to, bool tail)
{
	struct rss_lru *lru = pc->lru;

	spin_lock(&lru->lock);
	lru->nr[pc->where] -= pc->nr;
	lru->nr[to] += pc->nr;
	pc->where = to;
	if (tail)
		list_move_tail(&pc->list, &lru->lists[to]);
	else
		list_move(&pc->list, &lru->lists[to]);
	spin_unlock(&lru->lock);
}

/* The flags that decide which list a folio belongs on. */
#define RSS_LIST_FLAGS	(BIT(PG_unevictable) | BIT(PG_swapbacked) | BIT(PG_active))

static __always_inline enum rss_list rss_list_by_flags(unsigned long flags)
{
	if (unlikely(flags & BIT(PG_unevictable)))
		return RSS_UNEVICTABLE;
	return rss_list_of(!(flags & BIT(PG_swapbacked)), flags & BIT(PG_active));
}

/* The flags that are alike if two folios belong on the same list of one owner. */
#define RSS_KIND_FLAGS	(RSS_LIST_FLAGS | BIT(PG_head) | ZONES_MASK << ZONES_PGSHIFT | \
			 NODES_MASK << NODES_PGSHIFT)

/* Returns true if two folios are of one size, small or large, zone, node and list. */
static __always_inline bool rss_same_kind(unsigned long flags, unsigned long other)
{
#ifdef NODE_NOT_IN_PAGE_FLAGS
	return false;
#else
	return !((flags ^ other) & RSS_KIND_FLAGS);
#endif
}

/* Which list a folio belongs on, seen from outside of an LRU move. */
static __always_inline enum rss_list rss_list_now(struct folio *folio)
{
	return rss_list_by_flags(READ_ONCE(*folio_flags(folio, 0)));
}

/* Change the charge of @pc to @nr pages.  Word lock held. */
static void rss_pc_set_nr(struct page_container *pc, unsigned int nr)
{
	struct rss_lru *lru = pc->lru;

	if (pc->where != RSS_UNLISTED) {
		spin_lock(&lru->lock);
		lru->nr[pc->where] += (long)nr - pc->nr;
		spin_unlock(&lru->lock);
	}
	__this_cpu_add(pc->lru->owner->stat->nr[pc->file], (long)nr - pc->nr);
	pc->nr = nr;
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

/* A page_container that is on no list yet.  The caller counts its pages. */
static __always_inline void rss_pc_init(struct page_container *pc, struct folio *folio,
					struct rss_lru *lru, unsigned int nr, bool file)
{
	pc->folio = folio;
	pc->lru = lru;
	pc->nr = nr;
	pc->where = RSS_UNLISTED;
	pc->file = file;
	pc->migrating = false;
}

/* The same on the lists of @owner, with its pages counted. */
static __always_inline void rss_pc_charged(struct page_container *pc, struct folio *folio,
					   struct rss_owner *owner, unsigned int nr, bool file)
{
	rss_pc_init(pc, folio, rss_folio_lru(folio, owner), nr, file);
	__this_cpu_add(owner->stat->nr[file], nr);
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

static void rss_add_one(struct folio *folio, struct vm_area_struct *vma)
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

/*
 * Windows
 *
 * While a window is open, add and del only note the folios.  Its end, still under
 * the page-table lock, handles all of them with interrupts off once and with each
 * list's lock taken once.  One window charges what fault-around maps, another one
 * uncharges what zap_pte_range() unmaps.
 */

/* The most folios that are noted; fault-around usually maps as many. */
#define RSS_WINDOW	16U

enum rss_window_kind {
	RSS_WINDOW_CLOSED,
	RSS_WINDOW_MAP,
	RSS_WINDOW_UNMAP,
};

/**
 * struct rss_window - of one CPU; a page-table lock is held while it is open
 * @kind: what is noted
 * @nr: how many are
 * @folios: RSS_WINDOW_MAP: folios that became mapped; RSS_WINDOW_UNMAP: folios that may
 *	have no mapping any more, and need not be charged
 */
struct rss_window {
	enum rss_window_kind kind;
	unsigned int nr;
	struct folio *folios[RSS_WINDOW];
};

static DEFINE_PER_CPU(struct rss_window, rss_window);

/**
 * rss_windows_close - forget windows that were left open
 *
 * Called before container_rss_key is switched on.  If it was switched off inside a
 * window, the end of the window was not called.  No folio noted in it was charged, as
 * no owner was left.
 */
void rss_windows_close(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		WRITE_ONCE(per_cpu_ptr(&rss_window, cpu)->kind, RSS_WINDOW_CLOSED);
		WRITE_ONCE(per_cpu_ptr(&rss_window, cpu)->nr, 0);
	}
}

/*
 * Charge what rss_window_add() did not.  It leaves a folio that it charged, if that
 * moved on the LRU before the word was published: that move was not followed.
 */
static noinline void rss_window_left(struct folio *folio, struct vm_area_struct *vma)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;

	rss_add_one(folio, vma);
	if (!word)
		return;
	local_irq_disable();
	pc = rss_word_lock(word);
	if (pc && pc->where != RSS_UNLISTED && pc->where != rss_list_now(folio))
		rss_lru_move(pc, rss_list_now(folio), false);
	rss_word_unlock(word, pc);
	local_irq_enable();
}

/*
 * Charge small folios of the page cache, if the task reserved enough charges.  A
 * word is published after all else, so that no other CPU sees a page_container
 * before; the lock of the lists is held.
 * Returns the number of folios that are left in the window, as they need more.
 * Interrupts off.
 */
static __always_inline unsigned int rss_window_add(struct rss_window *window,
						   struct rss_owner *owner)
{
	struct page_container *pc = raw_cpu_read(rss_stock.pcs), *next;
	unsigned int nr = window->nr, left = 0, added = 0, used = 0, i;
	unsigned long flags, kind = 0, where = 0, *word;
	struct rss_words words = RSS_WORDS_NONE;
	struct rss_lru *lru = NULL;
	struct folio *folio;

	if (unlikely(current->rss_owner != owner || current->rss_reserved < nr))
		return nr;
	for (i = 0; i < nr; i++) {
		folio = window->folios[i];
		word = rss_words_get(&words, folio);
		flags = READ_ONCE(*folio_flags(folio, 0));
		if (unlikely(!word || READ_ONCE(*word) || !folio->mapping))
			goto leave;
		if (unlikely(!lru || !rss_same_kind(flags, kind))) {
			if (flags & BIT(PG_head) || folio_is_zone_device(folio))
				goto leave;
			if (!lru || folio_nid(folio) != lru->nid) {
				if (lru)
					spin_unlock(&lru->lock);
				lru = rss_folio_lru(folio, owner);
				spin_lock(&lru->lock);
			}
			where = rss_list_by_flags(flags);
			kind = flags;
		}
		if (unlikely(!pc)) {
			pc = rss_stock_more_pcs(this_cpu_ptr(&rss_stock));
			used = 0;
			if (!pc)
				goto leave;
		}
		next = rss_pc_next(pc);
		rss_pc_init(pc, folio, lru, 1, true);
		pc->where = where;
		list_add(&pc->list, &lru->lists[where]);
		if (unlikely(cmpxchg(word, 0, (unsigned long)pc))) {
			/* another CPU was faster */
			__list_del(pc->list.prev, pc->list.next);
			rss_pc_set_next(pc, next);
			goto leave;
		}
		lru->nr[where]++;
		added++;
		used++;
		pc = next;
		if (likely(!((READ_ONCE(*folio_flags(folio, 0)) ^ flags) & RSS_LIST_FLAGS)))
			continue;
leave:
		window->folios[left++] = folio;
	}
	if (lru)
		spin_unlock(&lru->lock);
	raw_cpu_write(rss_stock.pcs, pc);
	raw_cpu_sub(rss_stock.nr_pcs, used);
	current->rss_reserved -= added;
	__this_cpu_add(owner->stat->nr[true], added);
	return left;
}

static noinline void rss_window_charge(struct rss_window *window,
				       struct vm_area_struct *vma)
{
	struct rss_owner *owner;
	unsigned int left = 0, i;

	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	if (owner) {
		lockdep_assert_irqs_enabled();
		local_irq_disable();
		left = rss_window_add(window, owner);
		local_irq_enable();
	}
	for (i = 0; i < left; i++)
		rss_window_left(window->folios[i], vma);
	rcu_read_unlock();
	window->nr = 0;
}

void __container_rss_add(struct folio *folio, struct vm_area_struct *vma)
{
	unsigned int nr;

	if (raw_cpu_read(rss_window.kind) != RSS_WINDOW_MAP) {
		rss_add_one(folio, vma);
		return;
	}
	nr = raw_cpu_read(rss_window.nr);
	raw_cpu_write(rss_window.folios[nr], folio);
	raw_cpu_write(rss_window.nr, nr + 1);
	if (unlikely(nr == RSS_WINDOW - 1))
		rss_window_charge(this_cpu_ptr(&rss_window), vma);
}

void __container_rss_map_begin(struct vm_area_struct *vma)
{
	if (rcu_access_pointer(vma->vm_mm->rss_owner))
		__this_cpu_write(rss_window.kind, RSS_WINDOW_MAP);
}

void __container_rss_map_end(struct vm_area_struct *vma)
{
	if (raw_cpu_read(rss_window.nr))
		rss_window_charge(this_cpu_ptr(&rss_window), vma);
	__this_cpu_write(rss_window.kind, RSS_WINDOW_CLOSED);
}

/* The first slot of the stock has no room. */
static noinline void rss_pc_uncharge(struct page_container *pc)
{
	rss_stock_refill(pc->lru->owner, pc->nr);
	local_irq_disable();
	rss_stock_put_pc(pc);
	local_irq_enable();
}

/* Uncharge the folio of @pc.  Word lock held, which this drops. */
static __always_inline void rss_uncharge_unlock(unsigned long *word, struct page_container *pc)
{
	bool stocked;

	rss_lru_del(pc);
	__this_cpu_sub(pc->lru->owner->stat->nr[pc->file], pc->nr);
	stocked = rss_stock_put(pc->lru->owner, pc->nr);
	if (likely(stocked))
		rss_stock_put_pc(pc);
	rss_word_unlock(word, NULL);
	local_irq_enable();
	if (unlikely(!stocked))
		rss_pc_uncharge(pc);
}

/**
 * struct rss_batch - folios that are uncharged in one go
 * @lru: the lists whose lock is held, or NULL
 * @nr: pages uncharged since @lru was locked, by page_container::file
 * @pcs: the page_containers, by list.next
 * @last: the last one of them
 * @nr_pcs: how many they are
 */
struct rss_batch {
	struct rss_lru *lru;
	unsigned int nr[2];
	struct page_container *pcs;
	struct page_container *last;
	unsigned int nr_pcs;
};

/* Unlock the lists, and put into the stock what was taken off them. */
static noinline void rss_batch_end(struct rss_batch *batch)
{
	struct rss_owner *owner;
	unsigned int nr;

	if (!batch->lru)
		return;
	spin_unlock(&batch->lru->lock);
	/* the charges keep the owner */
	nr = batch->nr[0] + batch->nr[1];
	if (nr) {
		owner = batch->lru->owner;
		__this_cpu_sub(owner->stat->nr[0], batch->nr[0]);
		__this_cpu_sub(owner->stat->nr[1], batch->nr[1]);
		if (unlikely(!rss_stock_put(owner, nr)))
			rss_stock_refill(owner, nr);
		rss_stock_put_pcs(batch->pcs, batch->last, batch->nr_pcs);
	}
	*batch = (struct rss_batch){};
}

/*
 * Uncharge the folio of @word if it is not mapped.  Interrupts off.  The lock of
 * the lists is kept for the next folio, so word locks are only tried while it is
 * held.
 */
static __always_inline void rss_batch_del(struct rss_batch *batch, unsigned long *word)
{
	struct page_container *pc;
	unsigned long old;

again:
	/* after the mapcounts' atomics; pairs with that in rss_word_lock() */
	smp_mb__after_atomic();
	old = READ_ONCE(*word);
	if (!old)
		return;
	pc = (struct page_container *)old;
	if (unlikely(!rss_word_trylock(word, old))) {
		rss_batch_end(batch);
		pc = rss_word_lock(word);
	}
	if (unlikely(!pc || pc->migrating || rss_still_mapped(pc->folio))) {
		rss_word_unlock(word, pc);
		return;
	}
	if (unlikely(pc->lru != batch->lru)) {
		if (batch->lru) {
			rss_word_unlock(word, pc);
			rss_batch_end(batch);
			goto again;
		}
		batch->lru = pc->lru;
		spin_lock(&pc->lru->lock);
	}
	if (likely(pc->where != RSS_UNLISTED)) {
		__list_del(pc->list.prev, pc->list.next);
		pc->lru->nr[pc->where] -= pc->nr;
	}
	batch->nr[pc->file] += pc->nr;
	if (!batch->pcs)
		batch->last = pc;
	rss_pc_set_next(pc, batch->pcs);
	batch->pcs = pc;
	batch->nr_pcs++;
	rss_word_unlock(word, NULL);
}

static noinline void rss_window_uncharge(struct rss_window *window)
{
	struct rss_words words = RSS_WORDS_NONE;
	struct rss_batch batch = {};
	unsigned long *word;
	unsigned int i;

	lockdep_assert_irqs_enabled();
	local_irq_disable();
	for (i = 0; i < window->nr; i++) {
		word = rss_words_get(&words, window->folios[i]);
		if (likely(word))
			rss_batch_del(&batch, word);
	}
	rss_batch_end(&batch);
	local_irq_enable();
	window->nr = 0;
}

static noinline void rss_del_one(struct folio *folio)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;

	if (unlikely(!word) || rss_word_empty(word))
		return;
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_word_lock(word);
	if (unlikely(!pc || pc->migrating || rss_still_mapped(pc->folio))) {
		rss_word_unlock(word, pc);
		local_irq_enable();
		return;
	}
	rss_uncharge_unlock(word, pc);
}

void __container_rss_del(struct folio *folio)
{
	unsigned int nr;

	if (unlikely(raw_cpu_read(rss_window.kind) != RSS_WINDOW_UNMAP)) {
		rss_del_one(folio);
		return;
	}
	nr = raw_cpu_read(rss_window.nr);
	raw_cpu_write(rss_window.folios[nr], folio);
	raw_cpu_write(rss_window.nr, nr + 1);
	if (unlikely(nr == RSS_WINDOW - 1))
		rss_window_uncharge(this_cpu_ptr(&rss_window));
}

void __container_rss_unmap_begin(void)
{
	/* if there is no mmu_gather that keeps the folios until the end */
	if (IS_ENABLED(CONFIG_MMU_GATHER_NO_GATHER))
		return;
	__this_cpu_write(rss_window.kind, RSS_WINDOW_UNMAP);
}

void __container_rss_unmap_end(void)
{
	if (raw_cpu_read(rss_window.nr))
		rss_window_uncharge(this_cpu_ptr(&rss_window));
	__this_cpu_write(rss_window.kind, RSS_WINDOW_CLOSED);
}

/*
 * Migration and split
 *
 * The mappings are replaced by migration entries, which are no mappings, and
 * these by mappings of the same folio, of the one that it migrated to, or of
 * those that it was split into.  The charge stays with the folio meanwhile, as
 * otherwise the process that happens to be mapped first would be charged, or
 * none, and the room might be taken by others.
 */

static void rss_set_migrating(struct folio *folio, bool migrating)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;

	if (!word || rss_word_empty(word))
		return;
	local_irq_disable();
	pc = rss_word_lock(word);
	if (pc)
		pc->migrating = migrating;
	rss_word_unlock(word, pc);
	local_irq_enable();
}

void __container_rss_migrate_begin(struct folio *folio)
{
	rss_set_migrating(folio, true);
}

void __container_rss_migrate(struct folio *src, struct folio *dst)
{
	unsigned long *from = rss_word(src), *to = rss_word(dst);
	struct page_container *pc, *old;

	if (!from || !READ_ONCE(*from))
		return;
	if (!to || folio_nr_pages(src) != folio_nr_pages(dst)) {
		__container_rss_migrate_end(src);
		return;
	}
	local_irq_disable();
	pc = rss_word_lock(from);
	if (pc)
		rss_lru_del(pc);
	rss_word_unlock(from, NULL);
	if (!pc) {
		local_irq_enable();
		return;
	}
	/* the lists are by node, and rss_lru_isolate() reads pc->folio */
	pc->where = RSS_UNLISTED;
	pc->folio = dst;
	pc->lru = rss_folio_lru(dst, pc->lru->owner);
	old = rss_word_lock(to);
	if (likely(!old))
		rss_lru_add(pc, rss_list_now(dst));
	rss_word_unlock(to, old ?: pc);
	if (unlikely(old)) {
		VM_WARN_ON_ONCE_FOLIO(true, dst);
		__this_cpu_sub(pc->lru->owner->stat->nr[pc->file], pc->nr);
	}
	local_irq_enable();
	if (unlikely(old))
		rss_pc_uncharge(pc);
}

void __container_rss_migrate_end(struct folio *folio)
{
	rss_set_migrating(folio, false);
	/* not __container_rss_del(): no page-table lock is held, so no window is ours */
	rss_del_one(folio);
}

void __container_rss_split(struct folio *folio, unsigned int order, unsigned int new_order)
{
	unsigned int nr = 1U << new_order, uncharged = 0, i;
	struct page_container *pc, *new;
	unsigned long *word = rss_word(folio);
	struct rss_owner *owner = NULL;
	struct folio *tail;

	if (!word || !READ_ONCE(*word))
		return;
	pc = rss_word_lock(word);
	for (i = nr; pc && i < 1U << order; i += nr) {
		tail = page_folio(folio_page(folio, i));
		new = rss_stock_take_pc() ?: kmem_cache_alloc(page_container_cache,
							      GFP_ATOMIC | __GFP_NOWARN);
		if (unlikely(!new)) {
			uncharged += nr;
			continue;
		}
		rss_pc_charged(new, tail, pc->lru->owner, nr, !folio_test_anon(tail));
		new->migrating = pc->migrating;
		rss_lru_add(new, rss_list_now(tail));
		/* the tail is locked and without mappings: nobody else changes its word */
		smp_store_release(rss_word(tail), (unsigned long)new);
	}
	if (pc) {
		owner = pc->lru->owner;
		rss_pc_set_nr(pc, nr);
	}
	rss_word_unlock(word, pc);
	if (unlikely(uncharged)) {
		atomic_long_inc(&rcu_dereference_sched(owner->container)->uncharged);
		rss_stock_refill(owner, uncharged);
	}
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
	if (unlikely(!pc || pc->where != RSS_UNLISTED)) {
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
void __container_rss_add_lists(struct folio_batch *fbatch)
{
	struct rss_words words = RSS_WORDS_NONE;
	struct rss_lru *lru = NULL;
	struct page_container *pc;
	unsigned long flags, *word;
	struct folio *folio;
	enum rss_list to;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < folio_batch_count(fbatch); i++) {
		folio = fbatch->folios[i];
		word = rss_words_get(&words, folio);
		pc = word ? (struct page_container *)READ_ONCE(*word) : NULL;
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
		to = rss_list_now(folio);
		if (unlikely(pc->where != RSS_UNLISTED)) {
			lru->nr[pc->where] -= pc->nr;
			__list_del_entry(&pc->list);
		}
		pc->where = to;
		lru->nr[to] += pc->nr;
		list_add(&pc->list, &lru->lists[to]);
		rss_word_unlock(word, pc);
	}
	if (lru)
		spin_unlock(&lru->lock);
	local_irq_restore(flags);
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
		*scanned += pc->nr;
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
	nr = pc->nr;
	percpu_ref_get_many(&to->ref, nr - 1);
	where = pc->where;
	rss_lru_del(pc);
	__this_cpu_sub(from->stat->nr[pc->file], nr);
	__this_cpu_add(to->stat->nr[pc->file], nr);
	pc->lru = rss_folio_lru(folio, to);
	pc->where = RSS_UNLISTED;
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
