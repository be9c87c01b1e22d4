/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSS containers: what the rest of the kernel calls.
 *
 * A container limits the mapped pages of its processes.  Everything here costs
 * one jump label while no container exists, and nothing at all without
 * CONFIG_RSS_CONTAINER.  mm/rss_internal.h tells how the parts fit together.
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
struct mm_struct;
struct oom_control;
struct page_ext_operations;
struct pglist_data;
struct rss_container;
struct rss_owner;
struct task_struct;
struct vm_area_struct;

/* What rss_container_prepare() may do to make room. */
#define RSS_MAY_RECLAIM		0x1
#define RSS_MAY_OOM		0x2
/* A page that the task cannot go on without, and one that it can. */
#define RSS_MUST		(RSS_MAY_RECLAIM | RSS_MAY_OOM)
#define RSS_TRY			RSS_MAY_RECLAIM
/* One that it can go on without, where it must not sleep. */
#define RSS_NOWAIT		0

/**
 * struct rss_shrink - one batch of folios on its way through the scanner
 * @gfp_mask: what reclaim may do, as for try_to_free_pages()
 * @nr_scanned: out: pages looked at
 * @nr_unqueued_dirty: out: dirty pages that no writeback was started for
 */
struct rss_shrink {
	gfp_t gfp_mask;
	unsigned long nr_scanned;
	unsigned long nr_unqueued_dirty;
};

/*
 * In mm/vmscan.c: shrink_folio_list() for folios that a container isolated.
 * The folios that stay are left on the list for the caller to put back.  Runs
 * under PF_MEMALLOC.
 * Returns the pages freed.
 */
unsigned int rss_container_shrink_list(struct list_head *folios,
				       struct pglist_data *pgdat,
				       struct rss_shrink *shrink);

/*
 * In kernel/cgroup/legacy_freezer.c: was that cgroup told to freeze, whatever is
 * with the groups above?  -ENOENT where the freezer is in another hierarchy.
 */
int freezer_self_freezing(struct cgroup *cgrp);

#ifdef CONFIG_RSS_CONTAINER

/*
 * The hooks are always inlined, so that a kernel built for size, too, has one
 * jump where it could have a call.
 */
extern struct static_key_false_deferred rss_container_key;
extern struct page_ext_operations rss_container_page_ext_ops;

static __always_inline bool rss_container_in_use(void)
{
	return static_branch_unlikely(&rss_container_key.key);
}

int __rss_container_prepare(struct mm_struct *mm, unsigned int nr, unsigned int how);
void __rss_container_release(void);
void __rss_container_add(struct folio *folio, struct vm_area_struct *vma);
void __rss_container_add_new(struct folio *folio, struct vm_area_struct *vma);
void __rss_container_del(struct folio *folio);
void __rss_container_move_lists(struct folio *folio, bool active, bool tail);
void __rss_container_refault(struct folio *folio);
void __mm_init_container(struct mm_struct *mm);
void __mm_free_container(struct mm_struct *mm);
void __mm_exec_container(struct mm_struct *mm);
void __mm_owner_container(struct mm_struct *mm, struct task_struct *owner);

/**
 * container_rss_prepare - charge pages that are about to be mapped
 * @mm: who is going to map them
 * @nr: how many at most, in pages
 * @how: RSS_MUST, RSS_TRY or RSS_NOWAIT
 *
 * The charge waits in the current task until container_rss_add() spends it or
 * container_rss_release() gives it back.  A second call for the same @mm tops
 * the waiting charge up to @nr.
 *
 * The seed's container_rss_prepare().
 *
 * Context: may sleep and reclaim, but for RSS_NOWAIT; takes no lock that a fault
 * may hold.
 * Return: 0, also for an @mm outside all containers and for a dying task, which
 * may pass the limit; -ENOMEM when @nr pages could not be made room for.
 */
static __always_inline int container_rss_prepare(struct mm_struct *mm, unsigned int nr,
						 unsigned int how)
{
	if (rss_container_in_use())
		return __rss_container_prepare(mm, nr, how);
	return 0;
}

/**
 * container_rss_prepare_folio - charge a folio that may be mapped as a whole
 * @mm: who is going to map it
 * @folio: the folio, one page of which is charged for already
 *
 * What cannot be made room for is an overrun: the folio is there.
 *
 * Context: as container_rss_prepare().
 */
static __always_inline void container_rss_prepare_folio(struct mm_struct *mm,
							struct folio *folio)
{
	if (rss_container_in_use() && folio_test_large(folio))
		__rss_container_prepare(mm, folio_nr_pages(folio), RSS_TRY);
}

/**
 * container_rss_release - give back what container_rss_prepare() left over
 *
 * The seed's container_rss_release().
 *
 * Context: process, may not hold a lock of this header's functions.
 */
static __always_inline void container_rss_release(void)
{
	if (rss_container_in_use() &&
	    (current->rss_reserved || current->flags & PF_KTHREAD))
		__rss_container_release();
}

/**
 * container_rss_add - pages of a folio became mapped
 * @folio: the folio, with the new mapping counted already
 * @vma: where it was mapped
 * @nr: how many of its pages became mapped by it; 0 if they all were before
 *
 * The seed's container_rss_add().
 *
 * Context: page-table lock held.  Does not sleep and does not fail.
 */
static __always_inline void container_rss_add(struct folio *folio,
					      struct vm_area_struct *vma, int nr)
{
	if (rss_container_in_use() && nr)
		__rss_container_add(folio, vma);
}

/**
 * container_rss_add_new - the same for a new anonymous folio
 * @folio: the folio, mapped nowhere else
 * @vma: where it was mapped
 *
 * Context: page-table lock held.  Does not sleep and does not fail.
 */
static __always_inline void container_rss_add_new(struct folio *folio,
						  struct vm_area_struct *vma)
{
	if (rss_container_in_use())
		__rss_container_add_new(folio, vma);
}

/**
 * container_rss_del - pages of a folio are no longer mapped
 * @folio: the folio, with the mapping removed from its counts already
 * @nr: how many of its pages lost their last mapping
 *
 * The seed's container_rss_del().
 *
 * Context: page-table lock and a reference on @folio held.
 */
static __always_inline void container_rss_del(struct folio *folio, int nr)
{
	if (rss_container_in_use() && nr)
		__rss_container_del(folio);
}

/**
 * container_rss_move_lists - a folio was put on an LRU list
 * @folio: the folio
 * @active: whether it went to the active end
 * @tail: whether it went to the tail, to be reclaimed first
 *
 * The seed's container_rss_move_lists(); one call at the end of every move
 * replaces its six.
 *
 * Context: lru_lock held, interrupts off, maybe in an interrupt.
 */
static __always_inline void container_rss_move_lists(struct folio *folio, bool active,
						     bool tail)
{
	if (rss_container_in_use())
		__rss_container_move_lists(folio, active, tail);
}

/**
 * rss_container_refault - a folio came back that had been reclaimed
 * @folio: the folio, whose shadow entry was found
 *
 * It is one of the current task's container if that is missing it in a mapping:
 * what read() brings back was not charged to anyone.
 *
 * Context: process, @folio locked.  Does not sleep.
 */
static __always_inline void rss_container_refault(struct folio *folio)
{
	if (rss_container_in_use() && current->rss_reserved)
		__rss_container_refault(folio);
}

/**
 * mm_init_container - a new mm gets the container of the current task
 * @mm: the mm, not in use yet
 *
 * Both fork and exec come here.  The seed's mm_init_container().
 */
static __always_inline void mm_init_container(struct mm_struct *mm)
{
	RCU_INIT_POINTER(mm->rss_owner, NULL);
	if (rss_container_in_use())
		__mm_init_container(mm);
}

/**
 * mm_free_container - an mm goes away
 * @mm: the mm, with nothing mapped any more
 *
 * The seed's mm_free_container().
 */
static __always_inline void mm_free_container(struct mm_struct *mm)
{
	if (rss_container_in_use())
		__mm_free_container(mm);
}

/**
 * mm_exec_container - exec gave the current task a new mm
 * @mm: the mm, which was made before and may have missed an attach since
 */
static __always_inline void mm_exec_container(struct mm_struct *mm)
{
	if (rss_container_in_use())
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
	if (rss_container_in_use())
		__mm_owner_container(mm, owner);
}

#define is_rss_oom(oc)	(!!(oc)->rss)

unsigned long rss_container_oom_pages(struct oom_control *oc);
void rss_container_scan_tasks(struct oom_control *oc,
			      int (*fn)(struct task_struct *, void *), void *arg);
void rss_container_print_oom(struct oom_control *oc);
void rss_container_get_oom_group(struct oom_control *oc, struct task_struct *victim);
void rss_container_kill_group(struct oom_control *oc,
			      int (*fn)(struct task_struct *, void *), void *arg);
void __rss_container_oom_kill(struct mm_struct *mm, struct task_struct *victim);
bool __rss_container_oom_wait(void);

/**
 * rss_container_oom_kill - count the kill of a process, and tell
 * @mm: its mm
 * @victim: the process
 *
 * Context: task_lock(@victim) held.
 */
static __always_inline void rss_container_oom_kill(struct mm_struct *mm,
						   struct task_struct *victim)
{
	if (rss_container_in_use())
		__rss_container_oom_kill(mm, victim);
}

/**
 * rss_container_oom_wait - a fault failed: for want of room in a container?
 *
 * Nothing could be reclaimed and nobody could be killed.  The fault is tried
 * again after a while, with no lock held meanwhile.
 *
 * Context: the end of a fault.
 * Return: whether that was it.
 */
static __always_inline bool rss_container_oom_wait(void)
{
	return rss_container_in_use() && __rss_container_oom_wait();
}

#else /* !CONFIG_RSS_CONTAINER */

/* Macros, so that not even the compiler's guess at a branch is another one. */
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

static inline void container_rss_del(struct folio *folio, int nr)
{
}

static inline void container_rss_move_lists(struct folio *folio, bool active,
					    bool tail)
{
}

static inline void rss_container_refault(struct folio *folio)
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

static inline unsigned long rss_container_oom_pages(struct oom_control *oc)
{
	return 0;
}

static inline void rss_container_scan_tasks(struct oom_control *oc,
					    int (*fn)(struct task_struct *, void *),
					    void *arg)
{
}

static inline void rss_container_print_oom(struct oom_control *oc)
{
}

static inline void rss_container_get_oom_group(struct oom_control *oc,
					       struct task_struct *victim)
{
}

static inline void rss_container_kill_group(struct oom_control *oc,
					    int (*fn)(struct task_struct *, void *),
					    void *arg)
{
}

static inline void rss_container_oom_kill(struct mm_struct *mm,
					  struct task_struct *victim)
{
}

static inline bool rss_container_oom_wait(void)
{
	return false;
}

#endif /* CONFIG_RSS_CONTAINER */
#endif /* _LINUX_RSS_CONTAINER_H */
