/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: the interface to the rest of the kernel.
 *
 * A container limits the mapped pages of its processes.  Each function here costs
 * one jump label while no container exists, and nothing without
 * CONFIG_RSS_CONTAINER.  mm/rss_internal.h documents the structures and locks.
 */
#ifndef _LINUX_RSS_CONTAINER_H
#define _LINUX_RSS_CONTAINER_H

#include <linux/jump_label_ratelimit.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

struct cgroup;
struct folio;
struct folio_batch;
struct mm_struct;
struct oom_control;
struct page_ext_operations;
struct pglist_data;
struct rss_container;
struct rss_owner;
struct task_struct;
struct vm_area_struct;

/*
 * What container_rss_prepare() may do to make room.  RSS_MAY_OOM includes
 * waiting for writeback, which deadlocks if the caller holds a folio lock.
 */
#define RSS_MAY_RECLAIM		0x1
#define RSS_MAY_OOM		0x2
/* The task cannot continue without the page. */
#define RSS_MUST		(RSS_MAY_RECLAIM | RSS_MAY_OOM)
/* It can continue without the page. */
#define RSS_TRY			RSS_MAY_RECLAIM
/* It can continue without the page, and must not sleep. */
#define RSS_NOWAIT		0

/**
 * struct rss_shrink - one batch of folios that the scanner reclaims
 * @gfp_mask: what reclaim may do, as for try_to_free_pages()
 * @nr_unqueued_dirty: out: dirty pages for which no writeback was started
 * @nr_pageout: out: pages that were written
 */
struct rss_shrink {
	gfp_t gfp_mask;
	unsigned long nr_unqueued_dirty;
	unsigned long nr_pageout;
};

/*
 * In mm/vmscan.c: shrink_folio_list() for folios that a container isolated.
 * Folios that were not freed are left on the list for the caller to put back.
 * Runs under PF_MEMALLOC.
 * Returns the pages freed.
 */
unsigned int container_rss_shrink_list(struct list_head *folios,
				       struct pglist_data *pgdat,
				       struct rss_shrink *shrink);

/*
 * In kernel/cgroup/legacy_freezer.c: returns 1 if the cgroup itself was frozen,
 * whatever its ancestors are, else 0; -ENOENT if the freezer is in another
 * hierarchy.
 */
int freezer_self_freezing(struct cgroup *cgrp);

#ifdef CONFIG_RSS_CONTAINER

/* The hooks are always inlined: a jump, not a call, also if built for size. */
extern struct static_key_false_deferred container_rss_key;
extern struct static_key_false_deferred container_rss_low_key;
extern struct page_ext_operations container_rss_page_ext_ops;

static __always_inline bool container_rss_in_use(void)
{
	return static_branch_unlikely(&container_rss_key.key);
}

/*
 * In mm/rmap.c: patch in the calls of container_rss_add(), container_rss_add_new() and
 * container_rss_del_small().  Called before container_rss_key is switched on.  They stay,
 * and run only while that is on.
 */
void container_rss_patch_rmap(void);

int __container_rss_prepare(struct mm_struct *mm, unsigned int nr, unsigned int how);
void __container_rss_release(void);
void __container_rss_add(struct folio *folio, struct vm_area_struct *vma);
void __container_rss_add_new(struct folio *folio, struct vm_area_struct *vma);
void __container_rss_map_begin(struct vm_area_struct *vma);
void __container_rss_map_end(struct vm_area_struct *vma);
void __container_rss_del(struct folio *folio);
void __container_rss_unmap_begin(void);
void __container_rss_unmap_end(void);
void __container_rss_migrate_begin(struct folio *folio);
void __container_rss_migrate(struct folio *src, struct folio *dst);
void __container_rss_migrate_end(struct folio *folio);
void __container_rss_split(struct folio *folio, unsigned int order, unsigned int new_order);
void __container_rss_move_lists(struct folio *folio, bool active, bool tail);
void __container_rss_add_lists(struct folio_batch *fbatch);
void __container_rss_refault(struct folio *folio, bool workingset);
bool __container_rss_is_protected(struct folio *folio, bool last);
void __mm_init_container(struct mm_struct *mm);
void __mm_free_container(struct mm_struct *mm);
void __mm_exec_container(struct mm_struct *mm);
void __mm_owner_container(struct mm_struct *mm, struct task_struct *owner);

/**
 * container_rss_prepare - charge pages that are about to be mapped
 * @mm: the mm that is going to map them
 * @nr: how many at most, in pages
 * @how: RSS_MUST, RSS_TRY or RSS_NOWAIT
 *
 * The charge is reserved in the current task until container_rss_add() uses it
 * or container_rss_release() returns it.  A second call for the same @mm raises
 * the reserve to @nr.
 *
 * The seed's container_rss_prepare().
 *
 * Context: may sleep and reclaim, except for RSS_NOWAIT; takes no lock that a
 * fault may hold.
 * Return: 0, also for an @mm outside all containers and for a dying task, which
 * may exceed the limit; -ENOMEM if there is no room for @nr pages.
 */
static __always_inline int container_rss_prepare(struct mm_struct *mm, unsigned int nr,
						 unsigned int how)
{
	if (container_rss_in_use())
		return __container_rss_prepare(mm, nr, how);
	return 0;
}

/**
 * container_rss_prepare_folio - charge a folio that exists
 * @mm: the mm that is going to map some or all of its pages
 * @folio: the folio, for which one page is charged already
 *
 * A large folio is charged as a whole.  If that fails, mapping it exceeds the
 * limit.
 *
 * Context: may sleep and reclaim, but does not wait for writeback; @folio may be
 * locked.
 */
static __always_inline void container_rss_prepare_folio(struct mm_struct *mm,
							struct folio *folio)
{
	if (container_rss_in_use() && folio_test_large(folio) && !folio_mapped(folio))
		__container_rss_prepare(mm, folio_nr_pages(folio), RSS_TRY);
}

/**
 * container_rss_release - return reserved charges that were not used
 *
 * The seed's container_rss_release().
 *
 * Context: process.
 */
static __always_inline void container_rss_release(void)
{
	if (container_rss_in_use() &&
	    (current->rss_reserved || current->flags & PF_KTHREAD))
		__container_rss_release();
}

/**
 * container_rss_add - pages of a folio became mapped
 * @folio: the folio, with the new mapping counted already
 * @vma: where it was mapped
 * @nr: how many of its pages became mapped by it; 0 if they all were before
 *
 * The seed's container_rss_add().
 *
 * @nr is not reliable for large folios, as the counts of their pages and of the
 * folio change one after the other.
 *
 * Context: page-table lock held.  Does not sleep and does not fail.
 */
static __always_inline void container_rss_add(struct folio *folio,
					      struct vm_area_struct *vma, int nr)
{
	if (container_rss_in_use() && (nr || folio_test_large(folio)))
		__container_rss_add(folio, vma);
}

/**
 * container_rss_add_new - the same for a new anonymous folio
 * @folio: the folio, not mapped elsewhere
 * @vma: where it was mapped
 *
 * Context: page-table lock held.  Does not sleep and does not fail.
 */
static __always_inline void container_rss_add_new(struct folio *folio,
						  struct vm_area_struct *vma)
{
	if (container_rss_in_use())
		__container_rss_add_new(folio, vma);
}

/**
 * container_rss_map_begin - folios of the page cache will be mapped
 * @vma: where
 *
 * container_rss_add() only notes the folios until container_rss_map_end().
 *
 * Context: page-table lock held.
 */
static __always_inline void container_rss_map_begin(struct vm_area_struct *vma)
{
	if (container_rss_in_use())
		__container_rss_map_begin(vma);
}

/**
 * container_rss_map_end - charge the folios noted since the beginning
 * @vma: where they were mapped
 *
 * Context: page-table lock held since the beginning, so they are still mapped.
 */
static __always_inline void container_rss_map_end(struct vm_area_struct *vma)
{
	if (container_rss_in_use())
		__container_rss_map_end(vma);
}

/**
 * container_rss_del - a mapping of a folio was removed
 * @folio: the folio, with the mapping removed from its mapcount already
 *
 * The seed's container_rss_del().
 *
 * Context: page-table lock and a reference on @folio held.
 */
static __always_inline void container_rss_del(struct folio *folio)
{
	if (container_rss_in_use() && !folio_mapped(folio))
		__container_rss_del(folio);
}

/**
 * container_rss_del_small - the last mapping of a folio was removed
 * @folio: a folio; large ones are left to container_rss_del()
 *
 * Most mappings that are removed are not the last one.  This is called where rmap
 * has found that it was.
 *
 * Context: as for container_rss_del().
 */
static __always_inline void container_rss_del_small(struct folio *folio)
{
	if (container_rss_in_use() && !folio_test_large(folio))
		__container_rss_del(folio);
}

/**
 * container_rss_unmap_begin - a range of pages will be unmapped
 *
 * container_rss_del() only notes the folios until container_rss_unmap_end().
 *
 * Context: page-table lock held.
 */
static __always_inline void container_rss_unmap_begin(void)
{
	if (container_rss_in_use())
		__container_rss_unmap_begin();
}

/**
 * container_rss_unmap_end - uncharge the folios noted since the beginning
 *
 * Context: page-table lock held since the beginning, and a reference on each.
 */
static __always_inline void container_rss_unmap_end(void)
{
	if (container_rss_in_use())
		__container_rss_unmap_end();
}

/**
 * container_rss_migrate_begin - migration entries will replace the mappings
 * @folio: the folio, locked
 *
 * The folio stays charged without mappings until container_rss_migrate_end().
 */
static __always_inline void container_rss_migrate_begin(struct folio *folio)
{
	if (container_rss_in_use())
		__container_rss_migrate_begin(folio);
}

/**
 * container_rss_migrate - the charge of a folio moves to another one
 * @src: the folio, without mappings
 * @dst: the folio that replaces it, or @src itself if migration failed
 *
 * Context: both are locked, and migration entries will be replaced by mappings
 * of @dst.
 */
static __always_inline void container_rss_migrate(struct folio *src, struct folio *dst)
{
	if (container_rss_in_use() && src != dst)
		__container_rss_migrate(src, dst);
}

/**
 * container_rss_migrate_end - mappings replaced the migration entries
 * @folio: the folio, locked
 *
 * If no mapping is left, it is uncharged.
 */
static __always_inline void container_rss_migrate_end(struct folio *folio)
{
	if (container_rss_in_use())
		__container_rss_migrate_end(folio);
}

/**
 * container_rss_split - a large folio was split
 * @folio: the first of the new folios, still frozen; it carries the charge of all
 * @order: the order that it had
 * @new_order: the order of the new folios
 *
 * Context: interrupts off, all folios locked and without mappings.
 */
static __always_inline void container_rss_split(struct folio *folio, unsigned int order,
						unsigned int new_order)
{
	if (container_rss_in_use())
		__container_rss_split(folio, order, new_order);
}

/**
 * container_rss_move_lists - a folio was put on an LRU list
 * @folio: the folio
 * @active: whether it is on an active list
 * @tail: whether it is at the tail, to be reclaimed first
 *
 * The seed's container_rss_move_lists(); one call at the end of each move
 * replaces its six.
 *
 * Context: lru_lock held, interrupts off, possibly in an interrupt.
 */
static __always_inline void container_rss_move_lists(struct folio *folio, bool active,
						     bool tail)
{
	if (container_rss_in_use())
		__container_rss_move_lists(folio, active, tail);
}

/**
 * container_rss_add_lists - a batch of folios will be put on the LRU
 * @fbatch: the folios; no other CPU changes their flags meanwhile, except that they
 *	become mlocked
 *
 * In place of container_rss_move_lists() for each. A folio that turns out to be
 * unevictable, or to be so no more, is moved again by that.
 *
 * Context: no lock held that is taken with interrupts off.
 */
static __always_inline void container_rss_add_lists(struct folio_batch *fbatch)
{
	if (container_rss_in_use())
		__container_rss_add_lists(fbatch);
}

/**
 * container_rss_refault - a reclaimed folio is read again
 * @folio: the folio, whose shadow entry was found
 * @workingset: whether it was in use when it was reclaimed
 *
 * The refault counts for the container of the current task if it happens in a
 * page fault.  Page cache that read() brings back was charged to no container.
 *
 * Context: process, @folio locked.  Does not sleep.
 */
static __always_inline void container_rss_refault(struct folio *folio, bool workingset)
{
	if (container_rss_in_use() && current->rss_reserved)
		__container_rss_refault(folio, workingset);
}

static __always_inline bool container_rss_low_in_use(void)
{
	return static_branch_unlikely(&container_rss_low_key.key);
}

/**
 * container_rss_is_protected - may global reclaim not take a folio?
 * @folio: the folio
 * @last: whether nothing else can be reclaimed; lifts the protection of the folio's node
 *
 * Context: process, a reference on @folio held.  Does not sleep.
 * Return: true if the folio is charged to a container whose usage is below its
 * effective rss.low, and protection is not lifted.
 */
static __always_inline bool container_rss_is_protected(struct folio *folio, bool last)
{
	return container_rss_low_in_use() && __container_rss_is_protected(folio, last);
}

/**
 * mm_init_container - charge a new mm to the container of the current task
 * @mm: the mm, not in use yet
 *
 * Called by fork and exec.  The seed's mm_init_container().
 */
static __always_inline void mm_init_container(struct mm_struct *mm)
{
	RCU_INIT_POINTER(mm->rss_owner, NULL);
	if (container_rss_in_use())
		__mm_init_container(mm);
}

/**
 * mm_free_container - an mm is freed
 * @mm: the mm, without mappings
 *
 * The seed's mm_free_container().
 */
static __always_inline void mm_free_container(struct mm_struct *mm)
{
	if (container_rss_in_use())
		__mm_free_container(mm);
}

/**
 * mm_exec_container - exec gave the current task a new mm
 * @mm: the mm; the task may have been attached elsewhere since it was created
 */
static __always_inline void mm_exec_container(struct mm_struct *mm)
{
	if (container_rss_in_use())
		__mm_exec_container(mm);
}

/**
 * mm_owner_container - the owner of an mm exited and another task owns it now
 * @mm: the mm
 * @owner: the new mm->owner
 *
 * Context: task_lock(@owner) held.
 */
static __always_inline void mm_owner_container(struct mm_struct *mm,
					       struct task_struct *owner)
{
	if (container_rss_in_use())
		__mm_owner_container(mm, owner);
}

#define is_rss_oom(oc)	(!!(oc)->rss)

unsigned long container_rss_oom_pages(struct oom_control *oc);
void container_rss_scan_tasks(struct oom_control *oc,
			      int (*fn)(struct task_struct *, void *), void *arg);
void container_rss_select_victim(struct oom_control *oc,
				 int (*evaluate)(struct task_struct *, void *));
void container_rss_print_oom(struct oom_control *oc);
void container_rss_print_oom_context(struct oom_control *oc, struct task_struct *victim);
struct rss_container *container_rss_get_oom_group(struct oom_control *oc,
						  struct task_struct *victim);
void container_rss_kill_group(struct rss_container *group,
			      int (*fn)(struct task_struct *, void *), void *arg);
void __container_rss_oom_kill(struct mm_struct *mm, struct task_struct *victim);
bool __container_rss_oom_wait(void);

/**
 * container_rss_oom_kill - count and report the kill of a process
 * @mm: its mm
 * @victim: the process
 *
 * Context: task_lock(@victim) held.
 */
static __always_inline void container_rss_oom_kill(struct mm_struct *mm,
						   struct task_struct *victim)
{
	if (container_rss_in_use())
		__container_rss_oom_kill(mm, victim);
}

/**
 * container_rss_oom_wait - wait, if a fault failed because a container had no room
 *
 * Nothing could be reclaimed and no process killed.  The fault is tried again
 * after a while, without locks held meanwhile.
 *
 * Context: the end of a fault.
 * Return: true if the fault failed for that reason.
 */
static __always_inline bool container_rss_oom_wait(void)
{
	return container_rss_in_use() && __container_rss_oom_wait();
}

#else /* !CONFIG_RSS_CONTAINER */

static inline bool container_rss_in_use(void)
{
	return false;
}

/* Macros, so that the compiler predicts branches as without the patches. */
#define container_rss_prepare(mm, nr, how)	(0)
#define container_rss_prepare_folio(mm, folio)	((void)0)

static inline void container_rss_release(void)
{
}

static inline void container_rss_add(struct folio *folio,
				     struct vm_area_struct *vma, int nr)
{
}

static inline void container_rss_add_new(struct folio *folio,
					 struct vm_area_struct *vma)
{
}

static inline void container_rss_map_begin(struct vm_area_struct *vma)
{
}

static inline void container_rss_map_end(struct vm_area_struct *vma)
{
}

static inline void container_rss_del(struct folio *folio)
{
}

static inline void container_rss_del_small(struct folio *folio)
{
}

static inline void container_rss_unmap_begin(void)
{
}

static inline void container_rss_unmap_end(void)
{
}

static inline void container_rss_migrate_begin(struct folio *folio)
{
}

static inline void container_rss_migrate(struct folio *src, struct folio *dst)
{
}

static inline void container_rss_migrate_end(struct folio *folio)
{
}

static inline void container_rss_split(struct folio *folio, unsigned int order,
				       unsigned int new_order)
{
}

/* A macro, as an argument may read flags, which the compiler must not leave out. */
#define container_rss_move_lists(folio, active, tail)	((void)0)

static inline void container_rss_add_lists(struct folio_batch *fbatch)
{
}

static inline void container_rss_refault(struct folio *folio, bool workingset)
{
}

static inline void mm_init_container(struct mm_struct *mm)
{
}

static inline void mm_free_container(struct mm_struct *mm)
{
}

static inline void mm_exec_container(struct mm_struct *mm)
{
}

static inline void mm_owner_container(struct mm_struct *mm, struct task_struct *owner)
{
}

#define is_rss_oom(oc)	((void)(oc), false)

static inline unsigned long container_rss_oom_pages(struct oom_control *oc)
{
	return 0;
}

static inline void container_rss_scan_tasks(struct oom_control *oc,
					    int (*fn)(struct task_struct *, void *),
					    void *arg)
{
}

static inline void container_rss_select_victim(struct oom_control *oc,
					       int (*evaluate)(struct task_struct *, void *))
{
}

static inline void container_rss_print_oom(struct oom_control *oc)
{
}

static inline void container_rss_print_oom_context(struct oom_control *oc,
						   struct task_struct *victim)
{
}

static inline struct rss_container *
container_rss_get_oom_group(struct oom_control *oc, struct task_struct *victim)
{
	return NULL;
}

static inline void container_rss_kill_group(struct rss_container *group,
					    int (*fn)(struct task_struct *, void *),
					    void *arg)
{
}

static inline void container_rss_oom_kill(struct mm_struct *mm,
					  struct task_struct *victim)
{
}

static inline bool container_rss_oom_wait(void)
{
	return false;
}

#endif /* CONFIG_RSS_CONTAINER */
#endif /* _LINUX_RSS_CONTAINER_H */
