// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: which pages are whose, and the lists they are on.
 *
 * Mapping and unmapping of one folio race on different CPUs without a common
 * lock, so a CPU may drop the mapcount to zero and be overtaken by one that
 * raises it again.  Counting what each of them believes to have done goes
 * wrong as soon as one of the two does not count, as processes outside all
 * containers do not.  So nothing is counted here: whoever changed the folio's
 * mapcounts takes the word lock afterwards and makes the charge equal to what
 * is mapped at that moment.  The last to take the lock comes after everybody's
 * change, hence charge and mapcounts agree whenever the folio is at rest, and an
 * unmapped folio has no page_container.
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

#include "internal.h"
#include "rss_internal.h"
#include "rss_stock.h"

struct kmem_cache *page_container_cache;

/* No page_ext for it with cgroup_disable=rss. */
static bool need_rss_container(void)
{
	return cgroup_subsys_enabled(rss_cgrp_subsys);
}

struct page_ext_operations rss_container_page_ext_ops = {
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
#define rss_word_release()	lock_map_release(&rss_word_map)
#else
#define rss_word_acquire()	do { } while (0)
#define rss_word_release()	do { } while (0)
#endif

/*
 * The word of @folio, or NULL where there is no page_ext, as for device memory.
 * What page_ext_get() looks at besides cannot be: the caller's reference on the
 * folio keeps its memory from going offline.
 */
static __always_inline unsigned long *rss_word(struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio), nr = pfn_to_section_nr(pfn);
	/* __pfn_to_section() of a page that exists */
	struct mem_section *section =
		&mem_section[SECTION_NR_TO_ROOT(nr)][nr & SECTION_ROOT_MASK];
	void *ext = READ_ONCE(section->page_ext);

	if (unlikely(!ext))
		return NULL;
	return ext + page_ext_size * pfn + rss_container_page_ext_ops.offset;
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

static __always_inline void rss_word_unlock(unsigned long *word, struct page_container *pc)
{
	rss_word_release();
	/* one store for both: nobody changes a word that is locked */
	smp_store_release(word, (unsigned long)pc);
}

/*
 * After the caller's change of the mapcounts: is there nothing to correct?  If
 * somebody locks the word after this, he sees that change.
 */
static __always_inline bool rss_word_empty(unsigned long *word)
{
	/* after the mapcounts' atomics; pairs with that in rss_word_lock() */
	smp_mb__after_atomic();
	return !READ_ONCE(*word);
}

/* Pages of @folio that are mapped now. */
static __always_inline unsigned int rss_mapped_pages(struct folio *folio)
{
	int mapped;

	if (!folio_test_large(folio))
		return atomic_read(&folio->_mapcount) >= 0;
	mapped = atomic_read(&folio->_nr_pages_mapped);
	if (mapped >= ENTIRELY_MAPPED)
		return folio_nr_pages(folio);
	/* it may pass for an instant what it counts, see __folio_add_rmap() */
	return min_t(unsigned int, mapped & FOLIO_PAGES_MAPPED,
		     folio_nr_pages(folio));
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
 * @nid: the node
 */
struct rss_lru *rss_lru_new(int nid)
{
	int near = node_state(nid, N_MEMORY) ? nid : NUMA_NO_NODE;
	struct rss_lru *lru = kzalloc_node(sizeof(*lru), GFP_KERNEL, near);
	int i;

	if (!lru)
		return NULL;
	spin_lock_init(&lru->lock);
	for (i = 0; i < NR_RSS_LISTS; i++)
		INIT_LIST_HEAD(&lru->lists[i]);
	return lru;
}

static __always_inline struct rss_lru *pc_lru(struct page_container *pc)
{
	return pc->owner->lru[folio_nid(pc->folio)];
}

/* Take @pc, which is about to be freed, off its list.  Word lock held. */
static __always_inline void rss_lru_del(struct page_container *pc)
{
	struct rss_lru *lru;

	if (pc->where == RSS_UNLISTED)
		return;
	lru = pc_lru(pc);
	spin_lock(&lru->lock);
	__list_del_entry(&pc->list);
	lru->nr[pc->where] -= pc->nr;
	spin_unlock(&lru->lock);
}

/* Put @pc, which is on none, on list @to.  Word lock held. */
static __always_inline void rss_lru_add(struct page_container *pc, enum rss_list to)
{
	struct rss_lru *lru = pc_lru(pc);
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
	struct rss_lru *lru = pc_lru(pc);

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

/* Which list a folio belongs on, seen from outside of an LRU move. */
static __always_inline enum rss_list rss_list_now(struct folio *folio)
{
	unsigned long flags = READ_ONCE(folio->flags);

	if (unlikely(flags & BIT(PG_unevictable)))
		return RSS_UNEVICTABLE;
	return rss_list_of(!(flags & BIT(PG_swapbacked)), flags & BIT(PG_active));
}

/* The charge of @pc changes to @nr pages.  Word lock held. */
static void rss_pc_set_nr(struct page_container *pc, unsigned int nr)
{
	struct rss_lru *lru = pc_lru(pc);

	if (pc->where != RSS_UNLISTED) {
		spin_lock(&lru->lock);
		lru->nr[pc->where] += (long)nr - pc->nr;
		spin_unlock(&lru->lock);
	}
	__this_cpu_add(pc->owner->stat->nr[pc->file], (long)nr - pc->nr);
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
 * The page_container that the fault brought, or one of this CPU's, or one that
 * is allocated without waiting.  Interrupts off.
 */
static struct page_container *rss_pc_new(struct rss_owner *owner)
{
	struct page_container *pc = current->rss_pc;
	struct rss_container *rss;

	current->rss_pc = NULL;
	if (!pc)
		pc = rss_stock_take_pc();
	if (!pc)
		pc = rss_stock_alloc_pcs(GFP_ATOMIC);
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
		pc = task->rss_pc;
		if (pc)
			task->rss_pc = NULL;
		else
			pc = rss_stock_take_pc();
		if (likely(pc)) {
			task->rss_reserved -= nr;
			return pc;
		}
	}
	return rss_pc_charge_slow(owner, nr);
}

static __always_inline void rss_pc_init(struct page_container *pc, struct folio *folio,
					struct rss_owner *owner, unsigned int nr)
{
	pc->folio = folio;
	pc->owner = owner;
	pc->nr = nr;
	pc->where = RSS_UNLISTED;
	pc->file = !folio_test_anon(folio);
	__this_cpu_add(owner->stat->nr[pc->file], nr);
}

void __rss_container_add_new(struct folio *folio, struct vm_area_struct *vma)
{
	struct page_container *pc;
	struct rss_owner *owner;
	unsigned long *word;
	unsigned int nr;

	/* swapped in: others may know it, and the LRU may have it, already */
	if (unlikely(folio_test_locked(folio))) {
		__rss_container_add(folio, vma);
		return;
	}

	/*
	 * Nobody else can know this folio before the page-table lock is
	 * dropped, so there is nothing to lock; folio_add_lru() follows, and
	 * with it container_rss_move_lists(), which lists it.
	 */
	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	word = rss_word(folio);
	if (unlikely(!owner || !word || !rss_chargeable(folio)))
		goto unlock;
	VM_WARN_ON_FOLIO(*word, folio);
	nr = folio_nr_pages(folio);
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_pc_charge(owner, nr);
	if (likely(pc)) {
		rss_pc_init(pc, folio, owner, nr);
		WRITE_ONCE(*word, (unsigned long)pc);
	}
	local_irq_enable();
unlock:
	rcu_read_unlock();
}

/* More pages of a folio that has @pc. */
static noinline void rss_add_more(struct page_container *pc, unsigned int nr)
{
	/* fewer: whoever unmapped them is about to come for the lock */
	if (nr > pc->nr && rss_commit(pc->owner, nr - pc->nr))
		rss_pc_set_nr(pc, nr);
}

void __rss_container_add(struct folio *folio, struct vm_area_struct *vma)
{
	struct page_container *pc;
	struct rss_owner *owner;
	unsigned long *word;
	unsigned int nr;

	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	word = rss_word(folio);
	/*
	 * A process outside all containers has nothing to charge.  It may
	 * change what another one is charged for a large folio, though.
	 */
	if (unlikely(!word) || (!owner && rss_word_empty(word)))
		goto unlock;

	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_word_lock(word);
	nr = rss_mapped_pages(folio);
	if (unlikely(pc)) {
		rss_add_more(pc, nr);
	} else if (likely(owner && nr && rss_chargeable(folio))) {
		pc = rss_pc_charge(owner, nr);
		if (likely(pc)) {
			rss_pc_init(pc, folio, owner, nr);
			rss_lru_add(pc, rss_list_now(folio));
		}
	}
	rss_word_unlock(word, pc);
	local_irq_enable();
unlock:
	rcu_read_unlock();
}

/* Of the folio that has @pc, @nr pages are still mapped. */
static noinline void rss_del_some(unsigned long *word, struct page_container *pc,
				  unsigned int nr)
{
	struct rss_owner *owner = NULL;
	unsigned int freed = 0;

	if (pc && nr < pc->nr) {
		owner = pc->owner;
		freed = pc->nr - nr;
		rss_pc_set_nr(pc, nr);
	}
	rss_word_unlock(word, pc);
	local_irq_enable();
	if (freed)
		rss_stock_refill(owner, freed);
}

/* What does not go with what the stock has. */
static noinline void rss_pc_uncharge(struct page_container *pc)
{
	rss_stock_refill(pc->owner, pc->nr);
	kmem_cache_free(page_container_cache, pc);
}

void __rss_container_del(struct folio *folio)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;
	unsigned int nr;
	bool stocked;

	if (unlikely(!word) || rss_word_empty(word))
		return;

	lockdep_assert_irqs_enabled();
	local_irq_disable();
	pc = rss_word_lock(word);
	nr = rss_mapped_pages(folio);
	if (unlikely(!pc || nr)) {
		rss_del_some(word, pc, nr);
		return;
	}
	rss_lru_del(pc);
	__this_cpu_sub(pc->owner->stat->nr[pc->file], pc->nr);
	stocked = rss_stock_put(pc->owner, pc->nr, pc);
	rss_word_unlock(word, NULL);
	local_irq_enable();
	if (unlikely(!stocked))
		rss_pc_uncharge(pc);
}

/*
 * Moves
 */

void __rss_container_move_lists(struct folio *folio, bool active, bool tail)
{
	struct page_container *pc;
	unsigned long *word;
	enum rss_list to;

	word = rss_word(folio);
	/*
	 * Uncharged, and if that changes now, __rss_container_add() lists the
	 * folio itself.
	 */
	if (unlikely(!word) || !READ_ONCE(*word))
		return;

	pc = rss_word_lock(word);
	if (pc) {
		if (folio_test_unevictable(folio))
			to = RSS_UNEVICTABLE;
		else
			to = rss_list_of(folio_is_file_lru(folio), active);
		if (likely(pc->where == RSS_UNLISTED))
			rss_lru_add(pc, to);
		else
			rss_lru_move(pc, to, tail);
	}
	rss_word_unlock(word, pc);
}

/**
 * rss_lru_isolate - pick folios from the cold end of a list
 * @lru: the lists of one owner on one node
 * @from: which of them
 * @folios: out: the folios, each with a reference
 * @nr: room in @folios
 * @scanned: added to: pages passed
 *
 * What is picked, and what another reclaimer holds, goes to the warm end, so
 * that nobody runs into it again right away.  The seed's
 * isolate_container_pages(): with lists per node there is no page of another
 * node to walk past.
 *
 * Return: folios picked.  Context: may be called with no lock held only.
 */
unsigned int rss_lru_isolate(struct rss_lru *lru, enum rss_list from,
			     struct folio **folios, unsigned int nr,
			     unsigned long *scanned)
{
	struct list_head *list = &lru->lists[from];
	struct page_container *pc;
	unsigned int taken = 0, passed = 0;
	struct folio *folio;

	spin_lock_irq(&lru->lock);
	while (taken < nr && passed < 4 * nr && !list_empty(list)) {
		pc = list_last_entry(list, struct page_container, list);
		list_move(&pc->list, list);
		folio = pc->folio;
		passed++;
		/*
		 * The folio is charged, and its last mapper needs this lock
		 * to change that before it drops its reference.
		 */
		if (!folio_test_lru(folio) || !folio_try_get(folio))
			continue;
		*scanned += folio_nr_pages(folio);
		folios[taken++] = folio;
	}
	spin_unlock_irq(&lru->lock);
	return taken;
}

/* With the root container, before anything can be charged. */
void rss_pages_init(void)
{
	page_container_cache = KMEM_CACHE(page_container, SLAB_PANIC);
}
