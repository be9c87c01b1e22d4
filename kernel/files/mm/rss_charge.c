// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: who pays, and the way of a charge.
 *
 * A charge is one page in the owner's page_counter and one reference on the
 * owner.  It is taken from the counter in batches, before a page is mapped and
 * where one may sleep; kept in the CPU's stock; set aside in the task for the
 * mapping that is about to happen; spent on the folio under the page-table lock; put
 * into the stock again when the folio is unmapped.
 *
 * So a limit is passed only by paths that could not foresee what they map.
 * They charge past the limit (rss_overrun()), and as every later charge then
 * finds the counter above its limit, the next fault pays it back by reclaim
 * before it maps anything.
 */
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "internal.h"
#include "rss_internal.h"
#include "rss_stock.h"

#include <trace/events/rss_container.h>

/*
 * On while an owner exists.  Off again only a second after the last one went, as
 * switching patches the kernel's text.
 */
DEFINE_STATIC_KEY_DEFERRED_FALSE(rss_container_key, HZ);

/*
 * Owners
 */

static void rss_owner_free(struct work_struct *work)
{
	struct rss_owner *owner = container_of(to_rcu_work(work), struct rss_owner,
					       free_work);
	int nid;

	percpu_ref_exit(&owner->ref);
	free_percpu(owner->stat);
	for_each_node(nid)
		kfree(owner->lru[nid]);
	kfree(owner);
	static_branch_slow_dec_deferred(&rss_container_key);
}

/*
 * No charge is left.  The container may be gone or not: owners_lock is that of
 * whoever owner->container says, and it can say something else only under that
 * lock.
 */
static void rss_owner_release(struct percpu_ref *ref)
{
	struct rss_owner *owner = container_of(ref, struct rss_owner, ref);
	struct rss_container *rss;
	unsigned long flags;

	rcu_read_lock();
	for (;;) {
		rss = rcu_dereference(owner->container);
		spin_lock_irqsave(&rss->owners_lock, flags);
		if (rss == rcu_access_pointer(owner->container))
			break;
		spin_unlock_irqrestore(&rss->owners_lock, flags);
	}
	list_del(&owner->sibling);
	spin_unlock_irqrestore(&rss->owners_lock, flags);
	rcu_read_unlock();
	queue_rcu_work(system_wq, &owner->free_work);
}

/**
 * rss_owner_new - make the owner of a new container's pages
 * @rss: the container
 *
 * Return: the owner with one reference, or NULL.  Context: may sleep.
 */
struct rss_owner *rss_owner_new(struct rss_container *rss)
{
	struct rss_owner *owner;
	int nid;

	owner = kzalloc(struct_size(owner, lru, nr_node_ids), GFP_KERNEL);
	if (!owner)
		return NULL;
	owner->stat = alloc_percpu(struct rss_owner_stat);
	if (!owner->stat)
		goto free;
	for_each_node(nid) {
		owner->lru[nid] = rss_lru_new(nid);
		if (!owner->lru[nid])
			goto free;
	}
	if (percpu_ref_init(&owner->ref, rss_owner_release, 0, GFP_KERNEL))
		goto free;
	INIT_RCU_WORK(&owner->free_work, rss_owner_free);
	RCU_INIT_POINTER(owner->container, rss);
	spin_lock_irq(&rss->owners_lock);
	list_add(&owner->sibling, &rss->owners);
	spin_unlock_irq(&rss->owners_lock);
	static_branch_deferred_inc(&rss_container_key);
	return owner;

free:
	for_each_node(nid)
		kfree(owner->lru[nid]);
	free_percpu(owner->stat);
	kfree(owner);
	return NULL;
}

/**
 * rss_owner_reparent - a container's directory is gone; its parent pays now
 * @rss: the container
 *
 * Pages that other processes still map stay on their lists, charged to the
 * same owner; the owner is adopted by the parent.  The parent's counter has
 * included them all along, so nothing is charged or uncharged.
 *
 * Context: cgroup_mutex held.
 */
void rss_owner_reparent(struct rss_container *rss)
{
	struct rss_container *parent = rss_parent(rss);
	struct rss_owner *owner;

	spin_lock_irq(&parent->owners_lock);
	spin_lock_nested(&rss->owners_lock, SINGLE_DEPTH_NESTING);
	list_for_each_entry(owner, &rss->owners, sibling)
		rcu_assign_pointer(owner->container, parent);
	list_splice_tail_init(&rss->owners, &parent->owners);
	spin_unlock(&rss->owners_lock);
	spin_unlock_irq(&parent->owners_lock);

	/* no stock takes its charges after this, and those in stocks come back */
	percpu_ref_kill(&rss->owner->ref);
	rss_stock_leave(rss->owner);
	rss_stock_free_pcs();
}

/**
 * rss_owner_get_container - who pays for an owner's pages now
 * @owner: the owner
 *
 * Return: the container, with a reference on its css.
 */
struct rss_container *rss_owner_get_container(struct rss_owner *owner)
{
	struct rss_container *rss;

	rcu_read_lock();
	do {
		rss = rcu_dereference(owner->container);
	} while (!css_tryget(&rss->css));
	rcu_read_unlock();
	return rss;
}

/*
 * The mm's pointer
 */

/**
 * rss_mm_set_owner - whose container the pages of an mm are charged to from now on
 * @mm: the mm
 * @owner: the owner with a reference, which the mm gets, or NULL
 *
 * What is charged already stays where it is: the owner of a page is the one
 * whose process mapped it first.
 */
void rss_mm_set_owner(struct mm_struct *mm, struct rss_owner *owner)
{
	struct rss_owner *old;

	old = unrcu_pointer(xchg(&mm->rss_owner, RCU_INITIALIZER(owner)));
	if (old)
		percpu_ref_put(&old->ref);
}

/**
 * rss_mm_follow_task - an mm gets the container that a task is in
 * @mm: the mm, new
 * @task: the task
 *
 * An attach to another container may be going on, with removal at its heels.
 */
void rss_mm_follow_task(struct mm_struct *mm, struct task_struct *task)
{
	struct rss_owner *owner;

	rcu_read_lock();
	do {
		owner = css_rss(task_css(task, rss_cgrp_id))->owner;
	} while (owner && !percpu_ref_tryget_live(&owner->ref));
	rcu_read_unlock();
	rss_mm_set_owner(mm, owner);
}

void __mm_init_container(struct mm_struct *mm)
{
	rss_mm_follow_task(mm, current);
}

void __mm_exec_container(struct mm_struct *mm)
{
	rss_mm_follow_task(mm, current);
}

void __mm_owner_container(struct mm_struct *mm, struct task_struct *owner)
{
	rss_mm_follow_task(mm, owner);
}

void __mm_free_container(struct mm_struct *mm)
{
	rss_mm_set_owner(mm, NULL);
}

/**
 * rss_usage - what a container's subtree uses
 * @rss: the container
 *
 * Stocks are left out, so this is what is mapped, and what tasks that are in a
 * fault right now have set aside.
 *
 * Return: pages.
 */
unsigned long rss_usage(struct rss_container *rss)
{
	unsigned long usage = page_counter_read(&rss->res);
	unsigned long stocked = usage ? rss_stocked(rss) : 0;

	return usage > stocked ? usage - stocked : 0;
}

/*
 * Charge ahead
 */

/* May the current task pass the limit, because it frees memory soonest that way? */
static bool rss_may_pass(void)
{
	return fatal_signal_pending(current) || tsk_is_oom_victim(current) ||
	       (current->flags & (PF_EXITING | PF_MEMALLOC));
}

/* Set @nr charges of @owner aside in the current task. */
static void rss_reserve(struct rss_owner *owner, unsigned int nr)
{
	current->rss_owner = owner;
	current->rss_reserved += nr;
}

/* The same, if this CPU's stock has so many. */
static bool rss_reserve_stocked(struct rss_owner *owner, unsigned int nr)
{
	bool taken;

	local_irq_disable();
	taken = rss_stock_take(owner, nr);
	local_irq_enable();
	if (taken)
		rss_reserve(owner, nr);
	return taken;
}

/*
 * Take @nr charges from the counter, and up to a batch for the stock.
 *
 * The seed's charge loop: reclaim and retry; look at the limit again, as
 * others may have made room; otherwise container OOM.  What differs: it is
 * the ancestor whose limit was met that is reclaimed and told; a task that is
 * dying passes instead of failing; and it ends.
 */
static int rss_charge(struct rss_owner *owner, unsigned int nr, unsigned int how)
{
	struct rss_container *rss = rss_owner_get_container(owner), *over;
	unsigned int batch = max(nr, RSS_BATCH);
	int retries = how & RSS_MAY_OOM ? MAX_RECLAIM_RETRIES : 0;
	struct page_counter *counter;
	bool drained = false, told = false;
	int ret = 0;

	for (;;) {
		if (rss_is_root(rss) ||
		    page_counter_try_charge(&rss->res, batch, &counter))
			break;
		if (batch > nr) {
			batch = nr;
			continue;
		}
		over = res_rss(counter);
		if (!drained && how & RSS_MAY_RECLAIM) {
			rss_drain_stocks(over);
			drained = true;
			continue;
		}
		if (rss_may_pass()) {
			/* what it maps now is an overrun */
			nr = 0;
			batch = 0;
			break;
		}
		if (!(how & RSS_MAY_RECLAIM)) {
			ret = -ENOMEM;
			break;
		}
		if (!told) {
			trace_rss_container_charge_fail(over, nr);
			rss_event(over, RSS_CONTAINER_EVENT_LIMIT, NULL);
			told = true;
		}
		drained = false;
		if (rss_reclaim(over, max_t(unsigned int, nr, SWAP_CLUSTER_MAX),
				RSS_CONTAINER_CAUSE_LIMIT)) {
			/* its charges came into this CPU's stock, if it is lucky */
			if (!rss_reserve_stocked(owner, nr))
				continue;
			batch = 0;
			break;
		}
		if (page_counter_read(&over->res) + nr <= READ_ONCE(over->res.max))
			continue;
		if (rss_may_pass() || retries-- > 0)
			continue;
		if (!(how & RSS_MAY_OOM) || !rss_out_of_memory(over, nr)) {
			current->rss_oom = how & RSS_MAY_OOM;
			ret = -ENOMEM;
			break;
		}
		retries = MAX_RECLAIM_RETRIES;
	}

	if (!ret && batch) {
		percpu_ref_get_many(&owner->ref, batch);
		rss_reserve(owner, nr);
		if (batch > nr)
			rss_stock_refill(owner, batch - nr);
		if (!rss_is_root(rss))
			rss_check_high(rss);
	}
	css_put(&rss->css);
	return ret;
}

int __rss_container_prepare(struct mm_struct *mm, unsigned int nr, unsigned int how)
{
	struct task_struct *task = current;
	struct rss_owner *owner;
	bool taken = false;
	int ret = 0;

	rcu_read_lock();
	owner = rcu_dereference(mm->rss_owner);
	if (!owner)
		goto unlock;
	if (task->rss_reserved) {
		if (task->rss_owner != owner)
			__rss_container_release();
		else if (task->rss_reserved >= nr)
			goto unlock;
		else
			nr -= task->rss_reserved;
	}
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	taken = rss_stock_take(owner, nr);
	if (!task->rss_pc)
		task->rss_pc = rss_stock_take_pc();
	local_irq_enable();
	if (likely(taken)) {
		rss_reserve(owner, nr);
	} else if (percpu_ref_tryget(&owner->ref)) {
		rcu_read_unlock();
		ret = rss_charge(owner, nr, how);
		percpu_ref_put(&owner->ref);
		goto out;
	}
unlock:
	rcu_read_unlock();
out:
	/*
	 * Where this fails the mapping tries again, without sleeping.  An owner
	 * is seen or not: the page_container does no harm when it is not used.
	 */
	if (owner && !ret && !task->rss_pc && (how & RSS_MAY_RECLAIM))
		task->rss_pc = rss_stock_alloc_pcs(GFP_KERNEL);
	return ret;
}

void __rss_container_release(void)
{
	struct task_struct *task = current;
	unsigned int nr = 0;

	swap(nr, task->rss_reserved);
	if (nr)
		rss_stock_refill(task->rss_owner, nr);
	/* a kernel thread may not come back to use it */
	if (unlikely(task->flags & PF_KTHREAD) && task->rss_pc) {
		kmem_cache_free(page_container_cache, task->rss_pc);
		task->rss_pc = NULL;
	}
}

/**
 * rss_task_exit - a task is gone, and with it what it had set aside
 * @task: the current task, without mm
 */
void rss_task_exit(struct task_struct *task)
{
	if (task->rss_reserved)
		__rss_container_release();
	if (task->rss_pc)
		kmem_cache_free(page_container_cache, task->rss_pc);
	task->rss_pc = NULL;
}

/*
 * Spend and get back
 */

/*
 * Charge what was not charged ahead: from the stock, into which a migration
 * has just put what it takes out here, or past the limit.  False if the owner is
 * about to be freed: then nobody can be charged.
 */
static bool rss_overrun(struct rss_owner *owner, unsigned int nr)
{
	struct rss_container *rss;
	unsigned long flags;
	bool taken;

	local_irq_save(flags);
	taken = rss_stock_take(owner, nr);
	local_irq_restore(flags);
	if (taken)
		return true;
	if (!percpu_ref_tryget_many(&owner->ref, nr))
		return false;
	rss = rcu_dereference(owner->container);
	if (!rss_is_root(rss)) {
		page_counter_charge(&rss->res, nr);
		atomic_long_add(nr, &rss->overrun);
	}
	return true;
}

/**
 * rss_commit_slow - rss_commit() where the current task has not set enough aside
 * @owner: whose pages they are
 * @nr: pages
 *
 * Context: RCU read lock held; any spinlock may be.
 * Return: whether @owner was charged.
 */
bool rss_commit_slow(struct rss_owner *owner, unsigned int nr)
{
	struct task_struct *task = current;
	unsigned int have = 0;

	if (task->rss_owner == owner)
		have = min(task->rss_reserved, nr);
	if (!rss_overrun(owner, nr - have))
		return false;
	task->rss_reserved -= have;
	return true;
}
