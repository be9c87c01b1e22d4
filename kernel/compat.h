/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers on kernels before 6.12, for which the files of the rss
 * controller are written.  A later kernel has its changes as a hook, 95-files,
 * for upstream takes no header like this one.
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

#include "internal.h"

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

#endif /* _MM_RSS_COMPAT_H */
