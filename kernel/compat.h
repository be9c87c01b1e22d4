/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers on other kernels than 6.12, for which the files of the rss
 * controller are written.
 *
 * The compiler includes this before everything else (mm/Makefile).  A macro that
 * changes a name of the kernel comes after the header that declares it.
 */
#ifndef _MM_RSS_COMPAT_H
#define _MM_RSS_COMPAT_H

#include <linux/cgroup.h>
#include <linux/lockdep.h>
#include <linux/page_counter.h>
#include <linux/rmap.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/version.h>

#include "internal.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)

/* not yet included by linux/writeback.h */
#include <linux/pagevec.h>

#ifndef lock_map_acquire_try
#define lock_map_acquire_try(l)	lock_acquire_exclusive(l, 0, 1, NULL, _THIS_IP_)
#endif

#ifndef abs_diff
#define abs_diff(a, b)		((a) > (b) ? (a) - (b) : (b) - (a))
#endif

#define K(x)			((x) << (PAGE_SHIFT - 10))
#define MAX_SWAPPINESS		200

/* Each counter knew memcg's protection; there is none without memory.low. */
#define page_counter_init(counter, parent, protection) \
	page_counter_init(counter, parent)

/* It returned 0 or an error. */
#define folio_isolate_lru(folio)	(!folio_isolate_lru(folio))

#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)

/* hex_to_bin(), vm_swappiness */
#include <linux/hex.h>
#include "swap.h"

/* It returned the number of objects; it is still all or none. */
#undef kmem_cache_alloc_bulk
#define kmem_cache_alloc_bulk(cache, gfp, nr, objects) \
	(alloc_hooks(kmem_cache_alloc_bulk_noprof(cache, gfp, nr, objects)) ? (nr) : 0)

/* Moved into the css, as cgroup_has_tasks() reads it. */
#define nr_populated_csets	self.nr_populated_csets

/* The flags of a VMA are a bitmap; the one that is asked for is VM_EXEC. */
static inline int rss_folio_referenced(struct folio *folio, int is_locked,
				       struct mem_cgroup *memcg, unsigned long *vm_flags)
{
	vma_flags_t flags;
	int referenced = folio_referenced(folio, is_locked, memcg, &flags);

	*vm_flags = vma_flags_test(&flags, VMA_EXEC_BIT) ? VM_EXEC : 0;
	return referenced;
}
#define folio_referenced	rss_folio_referenced

/*
 * For shrink_folio_list() with lru_gen, PG_referenced was a promotion that lru_gen
 * had yet to do.  In 7.3 it is the first of the two accesses that promote, so it
 * stays, as in isolate_folio().
 */
static inline void rss_folio_isolated(struct folio *folio)
{
	if (!folio_test_referenced(folio))
		set_mask_bits(&folio->flags.f, LRU_REFS_MASK, 0);
}
#define folio_clear_referenced	rss_folio_isolated

#endif

#endif /* _MM_RSS_COMPAT_H */
