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

static void rss_window_open(enum rss_window_kind kind)
{
	raw_cpu_write(rss_window.kind, kind);
	raw_cpu_write(rss_window.room[kind], RSS_WINDOW);
}

static void rss_window_close(struct rss_window *window)
{
	WRITE_ONCE(window->room[RSS_WINDOW_MAP], 0);
	WRITE_ONCE(window->room[RSS_WINDOW_UNMAP], 0);
	WRITE_ONCE(window->kind, RSS_WINDOW_CLOSED);
}

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

	for_each_possible_cpu(cpu)
		rss_window_close(per_cpu_ptr(&rss_window, cpu));
}

/*
 * A run
 *
 * Consecutive folios of a window that go on one list, or come off it, are handled
 * with the lock of the list taken once.  What is alike for all of them is compared,
 * and counted at the end of the run.  Meanwhile word locks are only tried.
 */

/*
 * The end of a run of @nr small folios that are charged.  Their page_containers are a
 * chain by list.next, of which list.prev is set as well, as far as it is used.
 */
static __always_inline void rss_run_charged(struct rss_lru *lru, enum rss_list where,
					    struct page_container *first,
					    struct list_head *last, unsigned int nr)
{
	struct list_head *head = &lru->lists[where];

	if (likely(nr)) {
		last->next = head->next;
		head->next->prev = last;
		head->next = &first->list;
		lru->nr[where] += nr;
	}
	spin_unlock(&lru->lock);
}

/*
 * Charge small folios of the page cache, if the task reserved enough charges.  Such a
 * folio has a mapping: its truncation waits for the page-table lock.  The last one
 * noted goes to the head of the list, as if they were added one after the other.
 *
 * A word is locked until it is known that the folio belongs on the list, as a move on
 * the LRU does not see the folio before its word is set.
 *
 * Returns the number of folios that are left in the window, as they need more.
 * Interrupts off.
 */
static __always_inline unsigned int rss_window_add(struct rss_window *window,
						   unsigned int begin,
						   struct rss_owner *owner)
{
	struct page_container *pc = raw_cpu_read(rss_stock.pcs), *first = NULL;
	unsigned int left = 0, added = 0, run = 0, stock = 0, i;
	struct rss_words words = RSS_WORDS_NONE;
	enum rss_list where = RSS_UNLISTED;
	unsigned long flags, kind = 0, *word;
	struct list_head *last = NULL, *next;
	u64 state = 0;
	struct rss_lru *lru = NULL;
	struct folio *folio;

	for (i = begin; i < RSS_WINDOW; i++) {
		folio = window->folios[i];
		if (unlikely(!rss_words_get(&words, folio, &word)))
			continue;
again:
		if (unlikely(!pc)) {
			pc = rss_stock_more_pcs(this_cpu_ptr(&rss_stock));
			stock = added;
			if (!pc)
				goto leave;
			/* the run goes on with this chain */
			if (added == run)
				first = pc;
			else
				last->next = &pc->list;
		}
		if (unlikely(!lru)) {
			kind = READ_ONCE(*folio_flags(folio, 0));
			if (kind & BIT(PG_head) || folio_is_zone_device(folio))
				goto leave;
			lru = rss_folio_lru(folio, owner);
			where = rss_list_by_flags(kind);
			state = rss_pc_state(1, where, true).all;
			first = pc;
			last = &lru->lists[where];
			run = added;
			spin_lock(&lru->lock);
		}
		pc->folio = folio;
		pc->lru = lru;
		pc->state.all = state;
		/* it may be charged already */
		if (unlikely(!rss_word_trylock(word, 0)))
			goto leave;
		flags = READ_ONCE(*folio_flags(folio, 0));
		if (unlikely(!rss_same_kind(folio, flags, kind, lru->nid))) {
			rss_word_unlock(word, NULL);
			rss_run_charged(lru, where, first, last, added - run);
			lru = NULL;
			run = added;
			goto again;
		}
		next = pc->list.next;
		pc->list.prev = last;
		last = &pc->list;
		rss_word_unlock(word, pc);
		pc = (struct page_container *)next;
		added++;
		continue;
leave:
		window->folios[left++] = folio;
	}
	if (lru)
		rss_run_charged(lru, where, first, last, added - run);
	raw_cpu_write(rss_stock.pcs, pc);
	raw_cpu_sub(rss_stock.nr_pcs, added - stock);
	current->rss_reserved -= added;
	__this_cpu_add(owner->stat->nr[true], added);
	return left;
}

/* Charge the folios that are noted.  The window stays open. */
static noinline void rss_window_charge(struct vm_area_struct *vma)
{
	struct rss_window *window = this_cpu_ptr(&rss_window);
	unsigned int begin = window->room[RSS_WINDOW_MAP], left, i;
	struct task_struct *task = current;
	struct rss_owner *owner;

	window->room[RSS_WINDOW_MAP] = RSS_WINDOW;
	rcu_read_lock();
	owner = rcu_dereference(vma->vm_mm->rss_owner);
	if (unlikely(!owner))
		goto unlock;
	if (unlikely(task->rss_owner != owner || task->rss_reserved < RSS_WINDOW - begin)) {
		for (i = begin; i < RSS_WINDOW; i++)
			rss_add_one(window->folios[i], vma);
		goto unlock;
	}
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	left = rss_window_add(window, begin, owner);
	local_irq_enable();
	for (i = 0; i < left; i++)
		rss_add_one(window->folios[i], vma);
unlock:
	rcu_read_unlock();
}

/**
 * rss_window_note_full - note a folio for which there was no room
 * @folio: the folio
 * @vma: where it was mapped
 *
 * Return: false if no window is open that notes what was mapped.
 */
bool rss_window_note_full(struct folio *folio, struct vm_area_struct *vma)
{
	if (likely(raw_cpu_read(rss_window.kind) != RSS_WINDOW_MAP))
		return false;
	rss_window_charge(vma);
	return rss_window_note(RSS_WINDOW_MAP, folio);
}

void __container_rss_map_begin(struct vm_area_struct *vma)
{
	if (rcu_access_pointer(vma->vm_mm->rss_owner))
		rss_window_open(RSS_WINDOW_MAP);
}

void __container_rss_map_end(struct vm_area_struct *vma)
{
	if (raw_cpu_read(rss_window.kind) != RSS_WINDOW_MAP)
		return;
	if (raw_cpu_read(rss_window.room[RSS_WINDOW_MAP]) != RSS_WINDOW)
		rss_window_charge(vma);
	rss_window_close(this_cpu_ptr(&rss_window));
}

/* The end of a run of @nr small folios that are uncharged and off their list. */
static __always_inline void rss_run_uncharged(struct rss_lru *lru, u64 all, unsigned int nr)
{
	union rss_pc_state state = { .all = all };
	/* the charges keep it */
	struct rss_owner *owner = lru->owner;

	lru->nr[state.where] -= nr;
	spin_unlock(&lru->lock);
	__this_cpu_sub(owner->stat->nr[state.file], nr);
	if (unlikely(!rss_stock_put(owner, nr)))
		rss_stock_refill(owner, nr);
}

/*
 * Uncharge small folios that are not mapped.  Returns the number of folios that are
 * left in the window, as they need more.  Interrupts off.
 */
static __always_inline unsigned int rss_window_del(struct rss_window *window,
						   unsigned int begin)
{
	struct page_container *pc, *pcs = NULL, *last = NULL;
	unsigned int left = 0, freed = 0, run = 0, i;
	struct rss_words words = RSS_WORDS_NONE;
	struct rss_lru *lru = NULL;
	unsigned long old, *word;
	u64 state = 0;
	struct folio *folio;

	for (i = begin; i < RSS_WINDOW; i++) {
		folio = window->folios[i];
		if (unlikely(!rss_words_get(&words, folio, &word)))
			continue;
again:
		/* after the mapcounts' atomics; pairs with that in rss_word_lock() */
		smp_mb__after_atomic();
		old = READ_ONCE(*word);
		if (!old)
			continue;
		if (unlikely(!rss_word_trylock(word, old)))
			goto leave;
		pc = (struct page_container *)old;
		/* mapped again; if the first page of a large folio is, so is the folio */
		if (unlikely(atomic_read(&folio->_mapcount) >= 0)) {
			rss_word_unlock(word, pc);
			continue;
		}
		if (unlikely(pc->state.all != state || pc->lru != lru)) {
			if (pc->state.nr != 1 || pc->state.migrating ||
			    pc->state.where == RSS_UNLISTED) {
				rss_word_unlock(word, pc);
				goto leave;
			}
			if (lru) {
				rss_word_unlock(word, pc);
				rss_run_uncharged(lru, state, freed - run);
				lru = NULL;
				goto again;
			}
			lru = pc->lru;
			state = pc->state.all;
			run = freed;
			if (!pcs)
				last = pc;
			spin_lock(&lru->lock);
		}
		__list_del(pc->list.prev, pc->list.next);
		rss_pc_set_next(pc, pcs);
		pcs = pc;
		freed++;
		rss_word_unlock(word, NULL);
		continue;
leave:
		window->folios[left++] = folio;
	}
	if (lru)
		rss_run_uncharged(lru, state, freed - run);
	if (freed)
		rss_stock_put_pcs(pcs, last, freed);
	return left;
}

/**
 * rss_window_uncharge - uncharge those of the noted folios that are not mapped
 *
 * The window stays open.
 */
noinline void rss_window_uncharge(void)
{
	struct rss_window *window = this_cpu_ptr(&rss_window);
	unsigned int begin = window->room[RSS_WINDOW_UNMAP], left, i;

	window->room[RSS_WINDOW_UNMAP] = RSS_WINDOW;
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	left = rss_window_del(window, begin);
	local_irq_enable();
	for (i = 0; i < left; i++)
		rss_del_one(window->folios[i]);
}

void __container_rss_unmap_begin(void)
{
	/* if there is no mmu_gather that keeps the folios until the end */
	if (IS_ENABLED(CONFIG_MMU_GATHER_NO_GATHER))
		return;
	rss_window_open(RSS_WINDOW_UNMAP);
}

void __container_rss_unmap_end(void)
{
	if (raw_cpu_read(rss_window.kind) != RSS_WINDOW_UNMAP)
		return;
	if (raw_cpu_read(rss_window.room[RSS_WINDOW_UNMAP]) != RSS_WINDOW)
		rss_window_uncharge();
	rss_window_close(this_cpu_ptr(&rss_window));
}
