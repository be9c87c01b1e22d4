// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: migration and split of charged folios.
 *
 * The mappings are replaced by migration entries, which are no mappings, and
 * these by mappings of the same folio, of the one that it migrated to, or of
 * those that it was split into.  The charge stays with the folio meanwhile, as
 * otherwise the process that happens to be mapped first would be charged, or
 * none, and the room might be taken by others.
 */
#include <linux/slab.h>

#include "rss_pages.h"

static void rss_set_migrating(struct folio *folio, bool migrating)
{
	unsigned long *word = rss_word(folio);
	struct page_container *pc;

	if (!word || rss_word_empty(word))
		return;
	local_irq_disable();
	pc = rss_word_lock(word);
	if (pc)
		pc->state.migrating = migrating;
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
	pc->state.where = RSS_UNLISTED;
	pc->folio = dst;
	pc->lru = rss_folio_lru(dst, pc->lru->owner);
	old = rss_word_lock(to);
	if (likely(!old))
		rss_lru_add(pc, rss_list_now(dst));
	rss_word_unlock(to, old ?: pc);
	if (unlikely(old)) {
		VM_WARN_ON_ONCE_FOLIO(true, dst);
		__this_cpu_sub(pc->lru->owner->stat->nr[pc->state.file], pc->state.nr);
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

/* Change the charge of @pc to @nr pages.  Word lock held. */
static void rss_pc_set_nr(struct page_container *pc, unsigned int nr)
{
	struct rss_lru *lru = pc->lru;

	if (pc->state.where != RSS_UNLISTED) {
		spin_lock(&lru->lock);
		lru->nr[pc->state.where] += (long)nr - pc->state.nr;
		spin_unlock(&lru->lock);
	}
	__this_cpu_add(pc->lru->owner->stat->nr[pc->state.file], (long)nr - pc->state.nr);
	pc->state.nr = nr;
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
		new->state.migrating = pc->state.migrating;
		rss_lru_add(new, rss_list_now(tail));
		/* the tail is locked and without mappings: no other CPU changes its word */
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
