/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: a folio's word, its page_container and its place on the lists, for
 * mm/rss_pages.c, mm/rss_window.c and mm/rss_migrate.c.
 */
#ifndef _MM_RSS_PAGES_H
#define _MM_RSS_PAGES_H

#include <linux/lockdep.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/page_ext.h>
#include <linux/processor.h>
#include <linux/rmap.h>

#include "internal.h"
#include "rss_internal.h"
#include "rss_stock.h"

/*
 * The word of a folio: NULL or its page_container, and the word lock in bit 0.
 */

#define RSS_WORD_LOCK	BIT(0)

#ifdef CONFIG_LOCKDEP
extern struct lockdep_map rss_word_map;
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
 * @first: address of the section's first struct page
 * @base: the word of that page
 * @size: page_ext_size
 */
struct rss_words {
	unsigned long first;
	void *base;
	unsigned long size;
};

#define RSS_WORDS_NONE	{ .first = 0 }

/*
 * rss_word(), which is cheaper if @words is of the section.  Returns false if @folio has
 * no page_ext.
 */
static __always_inline bool rss_words_get(struct rss_words *words, struct folio *folio,
					  unsigned long **word)
{
	unsigned long offset = (unsigned long)folio - words->first, section, pfn;
	void *base;

	if (unlikely(offset >= PAGES_PER_SECTION * sizeof(struct page))) {
		section = pfn_to_section_nr(folio_pfn(folio));
		base = page_ext_section_base(section);
		if (unlikely(!base))
			return false;
		pfn = section_nr_to_pfn(section);
		words->first = (unsigned long)pfn_to_page(pfn);
		words->base = page_ext_section_data(base, pfn, &container_rss_page_ext_ops);
		words->size = page_ext_size;
		offset = (unsigned long)folio - words->first;
	}
	*word = words->base + offset / sizeof(struct page) * words->size;
	return true;
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
	/* one store for both: no other CPU changes a word that is locked */
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

	if (pc->state.where == RSS_UNLISTED)
		return;
	spin_lock(&lru->lock);
	__list_del_entry(&pc->list);
	lru->nr[pc->state.where] -= pc->state.nr;
	spin_unlock(&lru->lock);
}

/* Put @pc, which is on none, on list @to.  Word lock held. */
static __always_inline void rss_lru_add(struct page_container *pc, enum rss_list to)
{
	struct rss_lru *lru = pc->lru;
	struct list_head *list;

	pc->state.where = to;
	spin_lock(&lru->lock);
	list = &lru->lists[to];
	list_add(&pc->list, list);
	lru->nr[to] += pc->state.nr;
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

/*
 * Returns true if @folio, whose flags are @flags, is of the size, small or large, zone
 * and list of one that had the flags @kind and is on node @nid.
 */
static __always_inline bool rss_same_kind(struct folio *folio, unsigned long flags,
					  unsigned long kind, int nid)
{
#ifdef NODE_NOT_IN_PAGE_FLAGS
	if (folio_nid(folio) != nid)
		return false;
#endif
	return !((flags ^ kind) & RSS_KIND_FLAGS);
}

/* Which list a folio belongs on, seen from outside of an LRU move. */
static __always_inline enum rss_list rss_list_now(struct folio *folio)
{
	return rss_list_by_flags(READ_ONCE(*folio_flags(folio, 0)));
}

/* A page_container of @owner that is on no list yet, with its pages counted. */
static __always_inline void rss_pc_charged(struct page_container *pc, struct folio *folio,
					   struct rss_owner *owner, unsigned int nr, bool file)
{
	pc->folio = folio;
	pc->lru = rss_folio_lru(folio, owner);
	pc->state = rss_pc_state(nr, RSS_UNLISTED, file);
	__this_cpu_add(owner->stat->nr[file], nr);
}

/* rss_pages.c */
void rss_lru_move(struct page_container *pc, enum rss_list to, bool tail);
void rss_pc_uncharge(struct page_container *pc);
void rss_add_one(struct folio *folio, struct vm_area_struct *vma);
void rss_del_one(struct folio *folio);

/*
 * Windows
 */

/* The most folios that are noted; fault-around usually maps 16. */
#define RSS_WINDOW	32U

enum rss_window_kind {
	RSS_WINDOW_CLOSED,
	RSS_WINDOW_MAP,
	RSS_WINDOW_UNMAP,
	NR_RSS_WINDOW_KINDS,
};

/**
 * struct rss_window - of one CPU; a page-table lock is held while it is open
 * @kind: what is noted
 * @room: free slots, by kind; 0 if the window is full, or not open or of another kind
 * @folios: from the end; RSS_WINDOW_MAP: folios that became mapped; RSS_WINDOW_UNMAP:
 *	folios that may have no mapping any more, and need not be charged
 */
struct rss_window {
	enum rss_window_kind kind;
	unsigned long room[NR_RSS_WINDOW_KINDS];
	struct folio *folios[RSS_WINDOW];
};

DECLARE_PER_CPU(struct rss_window, rss_window);

/* rss_window.c */
bool rss_window_note_full(struct folio *folio, struct vm_area_struct *vma);
void rss_window_uncharge(void);

/* Note @folio.  Returns false if there is no room. */
static __always_inline bool rss_window_note(enum rss_window_kind kind, struct folio *folio)
{
	unsigned long room = raw_cpu_read(rss_window.room[kind]);

	if (!room)
		return false;
	room--;
	raw_cpu_write(rss_window.folios[room], folio);
	raw_cpu_write(rss_window.room[kind], room);
	return true;
}

/* Note @folio, which was unmapped.  Returns false if no window is open that notes it. */
static __always_inline bool rss_window_note_unmapped(struct folio *folio)
{
	if (likely(rss_window_note(RSS_WINDOW_UNMAP, folio)))
		return true;
	if (likely(raw_cpu_read(rss_window.kind) != RSS_WINDOW_UNMAP))
		return false;
	rss_window_uncharge();
	return rss_window_note(RSS_WINDOW_UNMAP, folio);
}

#endif /* _MM_RSS_PAGES_H */
