// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: windows, in which many folios are charged or uncharged together.
 *
 * While a window is open, add and del only note the folios.  Its end, still under
 * the page-table lock, handles all of them with interrupts off once and with each
 * list's lock taken once.  One window charges what fault-around maps, another one
 * uncharges what zap_pte_range() unmaps.
 */
#include "rss_pages.h"

DEFINE_PER_CPU(struct rss_window, rss_window);

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

noinline void rss_window_charge(struct rss_window *window, struct vm_area_struct *vma)
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

noinline void rss_window_uncharge(struct rss_window *window)
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
