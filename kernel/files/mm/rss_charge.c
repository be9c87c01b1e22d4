// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: owners, and charging.
 *
 * A charge is one page in the owner's page_counter and one reference on the
 * owner.  It is taken from the counter in batches, before a page is mapped and
 * while the task may sleep; kept in the CPU's stock; reserved in the task for
 * the mapping that is about to happen; moved to the folio under the page-table
 * lock; and put into the stock again when the folio is unmapped.
 *
 * So only paths that do not know beforehand what they map exceed a limit.
 * They charge past it (rss_overrun()).  As every later charge then finds the
 * counter above its limit, the next fault reclaims before it maps anything.
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
 * On while an owner exists.  It is switched off a second after the last one was
 * freed, as switching patches the kernel's text.
 */
DEFINE_STATIC_KEY_DEFERRED_FALSE(container_rss_key, HZ);

/*
 * Owners
 */

static struct kmem_cache *rss_owner_cache;
/* Containers that were not removed. */
static atomic_t rss_nr_containers = ATOMIC_INIT(0);

static void rss_owner_free(struct work_struct *work)
{
	struct rss_owner *owner = container_of(to_rcu_work(work), struct rss_owner,
					       free_work);
	int nid;

	percpu_ref_exit(&owner->ref);
	free_percpu(owner->stat);
	for_each_node(nid)
		kfree(owner->lru[nid]);
	kmem_cache_free(rss_owner_cache, owner);
	/* an mm that kept the owner may have mapped pages after rss_owner_merge() */
	if (!atomic_read(&rss_nr_containers))
		rss_stock_free_pcs();
	static_branch_slow_dec_deferred(&container_rss_key);
}

static bool rss_owner_has_pages(struct rss_owner *owner)
{
	long nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu_ptr(owner->stat, cpu)->nr[0]) +
		      READ_ONCE(per_cpu_ptr(owner->stat, cpu)->nr[1]);
	return nr;
}

/*
 * The pages that other processes still map go to the parent's owner.  Otherwise
 * each removed child with such a page would leave an owner.  Pages that cannot
 * be moved now, mostly because they are not on the LRU, are tried again.
 */
static void rss_owner_merge(struct work_struct *work)
{
	struct rss_owner *owner = container_of(to_delayed_work(work), struct rss_owner,
					       merge_work);

	rss_owner_move_pages(owner);
	if (rss_owner_has_pages(owner)) {
		queue_delayed_work(system_unbound_wq, &owner->merge_work, HZ);
		return;
	}
	/* an mm that is not freed yet may keep the owner */
	if (!atomic_read(&rss_nr_containers))
		rss_stock_free_pcs();
	percpu_ref_put(&owner->ref);
}

static void rss_owner_leave(struct work_struct *work)
{
	struct rss_owner *owner = container_of(to_rcu_work(work), struct rss_owner,
					       leave_work);

	rss_stock_leave(owner);
	rss_owner_merge(&owner->merge_work.work);
}

/*
 * No charge is left.  The container may have been removed: owners_lock is the
 * lock of owner->container, which changes only under that lock.
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

/* If mm/rmap.c has static branches only. */
void __weak container_rss_patch_rmap(void)
{
}

/**
 * rss_owner_new - create the owner of a new container's pages
 * @rss: the container
 *
 * Return: the owner with one reference, or NULL.  Context: may sleep.
 */
struct rss_owner *rss_owner_new(struct rss_container *rss)
{
	struct rss_owner *owner;
	bool first;
	int nid;

	owner = kmem_cache_zalloc(rss_owner_cache, GFP_KERNEL);
	if (!owner)
		return NULL;
	owner->stat = alloc_percpu(struct rss_owner_stat);
	if (!owner->stat)
		goto free;
	for_each_node(nid) {
		owner->lru[nid] = rss_lru_new(owner, nid);
		if (!owner->lru[nid])
			goto free;
	}
	if (percpu_ref_init(&owner->ref, rss_owner_release, 0, GFP_KERNEL))
		goto free;
	owner->batch = 1;
	INIT_RCU_WORK(&owner->leave_work, rss_owner_leave);
	INIT_DELAYED_WORK(&owner->merge_work, rss_owner_merge);
	INIT_RCU_WORK(&owner->free_work, rss_owner_free);
	RCU_INIT_POINTER(owner->container, rss);
	spin_lock_irq(&rss->owners_lock);
	list_add(&owner->sibling, &rss->owners);
	spin_unlock_irq(&rss->owners_lock);
	atomic_inc(&rss_nr_containers);
	/* cgroup_mutex serializes this */
	first = !static_key_enabled(&container_rss_key.key);
	if (first)
		rss_windows_close();
	container_rss_patch_rmap();
	static_branch_deferred_inc(&container_rss_key);
	/* a CPU may have passed a branch or call of rmap, and not changed the mapcount */
	if (first)
		synchronize_rcu();
	return owner;

free:
	for_each_node(nid)
		kfree(owner->lru[nid]);
	free_percpu(owner->stat);
	kmem_cache_free(rss_owner_cache, owner);
	return NULL;
}

/**
 * rss_owner_reparent - a container was removed, so charge its pages to the parent
 * @rss: the container
 *
 * Pages that other processes still map stay charged to their owners, and these
 * to the parent.  The parent's counter included them before, so nothing is
 * charged or uncharged.  Later rss_owner_merge() moves the pages to the parent's
 * owner.
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

	owner = rss->owner;
	percpu_ref_get(&owner->ref);
	percpu_ref_kill(&owner->ref);
	atomic_dec(&rss_nr_containers);
	queue_rcu_work(system_unbound_wq, &owner->leave_work);
}

/* Called with the creation of the root container. */
void rss_owners_init(void)
{
	struct rss_owner *owner;

	rss_owner_cache = kmem_cache_create("rss_owner", struct_size(owner, lru, nr_node_ids),
					    0, SLAB_PANIC, NULL);
}

/**
 * rss_owner_get_container - the container that is charged for an owner's pages
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
 * rss_mm_set_owner - set the owner of the pages that an mm will map
 * @mm: the mm
 * @owner: the owner with a reference, which the mm gets, or NULL
 *
 * Pages that are charged already keep their owner.
 */
void rss_mm_set_owner(struct mm_struct *mm, struct rss_owner *owner)
{
	struct rss_owner *old;

	old = unrcu_pointer(xchg(&mm->rss_owner, RCU_INITIALIZER(owner)));
	if (old)
		percpu_ref_put(&old->ref);
}

/**
 * rss_mm_follow_task - charge an mm to the container of a task
 * @mm: the mm
 * @task: the task
 *
 * The task may be attached elsewhere meanwhile, and its old container removed.
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
 * rss_usage - the usage of a container's subtree
 * @rss: the container
 *
 * The pages that are mapped, and those that tasks in a fault have reserved.
 * Stocks are left out.
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
 * Reserve
 */

/* Returns true if the task may exceed the limit because it frees memory soonest that way. */
static bool rss_can_overcharge(void)
{
	return fatal_signal_pending(current) || tsk_is_oom_victim(current) ||
	       (current->flags & (PF_EXITING | PF_MEMALLOC));
}

/* Reserve @nr charges of @owner in the current task. */
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
 * The batch of @owner by the limits and the usage of @rss now.  Charges that stocks
 * hold are used without rss_check_high(), so the room between the high watermark
 * and the limit counts like a limit.  They count as usage for rss.low as well, so
 * stocks hold at most 1/32 of that.
 */
static unsigned int rss_owner_batch(struct rss_owner *owner, struct rss_container *rss)
{
	unsigned long limit = PAGE_COUNTER_MAX, max, high, low;
	struct page_counter *counter;
	unsigned int batch;

	for (counter = &rss->res; counter; counter = counter->parent) {
		max = READ_ONCE(counter->max);
		high = READ_ONCE(res_rss(counter)->wmark_high);
		limit = min(limit, high < max ? max - high : max);
		low = READ_ONCE(counter->low);
		if (low)
			limit = min(limit, low / 8);
	}
	batch = rss_stock_batch(limit, page_counter_read(&rss->res), num_online_cpus());
	if (owner->batch != batch)
		WRITE_ONCE(owner->batch, batch);
	return batch;
}

/**
 * rss_update_batches - a limit or protection changed
 * @root: of a container; its descendants are updated as well
 */
void rss_update_batches(struct rss_container *root)
{
	struct cgroup_subsys_state *css;
	struct rss_container *rss;
	struct rss_owner *owner;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &root->css) {
		rss = css_rss(css);
		spin_lock_irq(&rss->owners_lock);
		list_for_each_entry(owner, &rss->owners, sibling)
			rss_owner_batch(owner, rss);
		spin_unlock_irq(&rss->owners_lock);
	}
	rcu_read_unlock();
}

/* @batch charges were taken, with a reference for each: reserve @nr, and keep the rest. */
static void rss_reserve_of(struct rss_owner *owner, unsigned int batch, unsigned int nr)
{
	rss_reserve(owner, nr);
	if (batch > nr)
		rss_stock_refill(owner, batch - nr);
}

/*
 * rss_charge() if no limit is hit: most charges of a huge page, and those of many
 * small ones.  RCU keeps the container, so this counts no reference on it.
 */
static bool rss_charge_at_once(struct rss_owner *owner, unsigned int nr)
{
	struct rss_container *rss = rcu_dereference(owner->container);
	unsigned int batch = nr;
	struct page_counter *counter;

	/* a huge page comes without a batch for the stock */
	if (nr < RSS_CHARGE_BATCH)
		batch = max(nr, rss_owner_batch(owner, rss));
	if (!percpu_ref_tryget_many(&owner->ref, batch))
		return false;
	if (!rss_is_root(rss) && !page_counter_try_charge(&rss->res, batch, &counter)) {
		percpu_ref_put_many(&owner->ref, batch);
		return false;
	}
	rss_reserve_of(owner, batch, nr);
	if (!rss_is_root(rss))
		rss_check_wmark_high(rss);
	return true;
}

/*
 * Take @nr charges from the counter, and up to a batch for the stock.
 *
 * The seed's charge loop: reclaim and retry; check the limit again, as others
 * may have made room; otherwise container OOM.  What differs: the ancestor
 * whose limit was hit is reclaimed and notified; a dying task may exceed the
 * limit instead of failing; writeback is waited for without using up a retry;
 * and the loop ends.  Meanwhile the container can be removed, and the mm
 * attached elsewhere, so both are looked up again in each round.
 *
 * Returns 0, -ENOMEM, or -ESTALE if the mm has another owner now.
 */
static int rss_charge(struct mm_struct *mm, struct rss_owner *owner, unsigned int nr,
		      unsigned int how)
{
	unsigned int batch = 0;
	int retries = how & RSS_MAY_OOM ? MAX_RECLAIM_RETRIES : 0;
	struct rss_container *rss = NULL, *over;
	struct page_counter *counter;
	bool drained = false, reported = false, failed = false;
	int ret = 0;
	long taken;

	for (;;) {
		if (rss)
			css_put(&rss->css);
		rss = rss_owner_get_container(owner);
		if (rcu_access_pointer(mm->rss_owner) != owner) {
			ret = -ESTALE;
			break;
		}
		if (!batch)
			batch = max(nr, rss_owner_batch(owner, rss));
		if (rss_is_root(rss) ||
		    page_counter_try_charge(&rss->res, batch, &counter))
			break;
		if (batch > nr) {
			batch = nr;
			continue;
		}
		over = res_rss(counter);
		/* interrupt other CPUs only if that is as good as a reclaim */
		if (!drained && how & RSS_MAY_RECLAIM &&
		    rss_stocked(over) >= (failed ? 1 : max(nr, SWAP_CLUSTER_MAX))) {
			rss_drain_stocks(over);
			drained = true;
			continue;
		}
		if (rss_can_overcharge()) {
			/* what it maps now is an overrun */
			nr = 0;
			batch = 0;
			break;
		}
		if (!(how & RSS_MAY_RECLAIM)) {
			ret = -ENOMEM;
			break;
		}
		if (!reported) {
			trace_rss_container_charge_fail(over, nr);
			rss_event(over, RSS_CONTAINER_EVENT_LIMIT, NULL);
			reported = true;
		}
		drained = false;
		taken = rss_reclaim(over, max_t(unsigned int, nr, SWAP_CLUSTER_MAX),
				    RSS_CONTAINER_CAUSE_LIMIT, how & RSS_MAY_OOM,
				    RSS_VM_SWAPPINESS);
		if (taken > 0) {
			/* the charges may be in this CPU's stock now */
			if (!rss_reserve_stocked(owner, nr))
				continue;
			batch = 0;
			break;
		}
		failed = true;
		if (taken == -EAGAIN ||
		    rss_has_room(over, nr))
			continue;
		if (rss_can_overcharge() || retries-- > 0)
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
		rss_reserve_of(owner, batch, nr);
		if (!rss_is_root(rss))
			rss_check_wmark_high(rss);
	}
	css_put(&rss->css);
	return ret;
}

static noinline int rss_prepare_slow(struct mm_struct *mm, unsigned int wanted,
				     unsigned int how)
{
	struct task_struct *task = current;
	struct rss_owner *owner;
	unsigned int nr;
	int ret;

retry:
	nr = wanted;
	ret = 0;
	rcu_read_lock();
	owner = rcu_dereference(mm->rss_owner);
	if (!owner)
		goto unlock;
	if (task->rss_reserved) {
		if (task->rss_owner != owner)
			__container_rss_release();
		else if (task->rss_reserved >= nr)
			goto unlock;
		else
			nr -= task->rss_reserved;
	}
	/* so much is in a slot rarely: a huge page is not worth the search */
	if ((nr >= RSS_CHARGE_BATCH || !rss_reserve_stocked(owner, nr)) &&
	    !rss_charge_at_once(owner, nr) && percpu_ref_tryget(&owner->ref)) {
		rcu_read_unlock();
		ret = rss_charge(mm, owner, nr, how);
		percpu_ref_put(&owner->ref);
		if (ret == -ESTALE)
			goto retry;
		goto out;
	}
unlock:
	rcu_read_unlock();
out:
	/*
	 * For a mapping that finds no page_container on its CPU.  If this fails,
	 * it tries again without sleeping.  One that is not used does no harm.
	 */
	if (owner && !ret && !task->rss_pc) {
		local_irq_disable();
		task->rss_pc = rss_stock_take_pc();
		local_irq_enable();
		if (!task->rss_pc && (how & RSS_MAY_RECLAIM))
			task->rss_pc = rss_stock_alloc_pcs();
	}
	return ret;
}

/* Nearly always the stock has the charges, and the task a page_container. */
int __container_rss_prepare(struct mm_struct *mm, unsigned int nr, unsigned int how)
{
	struct rss_owner *owner = rcu_access_pointer(mm->rss_owner);
	struct task_struct *task = current;
	bool taken;

	if (!owner)
		return 0;
	if (unlikely(task->rss_reserved || !task->rss_pc))
		return rss_prepare_slow(mm, nr, how);
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	/* charges in the stock keep the owner */
	taken = rss_stock_take_first(owner, nr);
	local_irq_enable();
	if (unlikely(!taken))
		return rss_prepare_slow(mm, nr, how);
	task->rss_owner = owner;
	task->rss_reserved = nr;
	return 0;
}

void __container_rss_release(void)
{
	struct task_struct *task = current;
	unsigned int nr = 0;

	swap(nr, task->rss_reserved);
	if (nr)
		rss_stock_refill(task->rss_owner, nr);
	/* a kernel thread may never use it */
	if (unlikely(task->flags & PF_KTHREAD) && task->rss_pc) {
		kmem_cache_free(page_container_cache, task->rss_pc);
		task->rss_pc = NULL;
	}
}

/**
 * rss_task_exit - a task exited: return what it reserved
 * @task: the current task, without mm
 */
void rss_task_exit(struct task_struct *task)
{
	if (task->rss_reserved)
		__container_rss_release();
	if (task->rss_pc)
		kmem_cache_free(page_container_cache, task->rss_pc);
	task->rss_pc = NULL;
}

/*
 * Commit
 */

/* Count of @nr pages charged just now those that exceed a limit, at each level. */
static void rss_count_overrun(struct rss_container *rss, unsigned int nr)
{
	long excess;

	for (; !rss_is_root(rss); rss = rss_parent(rss)) {
		excess = page_counter_read(&rss->res) - READ_ONCE(rss->res.max);
		if (likely(excess <= 0))
			continue;
		/* stocks are charged, but not mapped */
		excess -= rss_stocked(rss);
		if (excess > 0)
			atomic_long_add(min_t(long, excess, nr), &rss->overrun);
	}
}

/*
 * Charge pages that were not charged ahead: from the stock, or from the counter
 * even past the limit.  Returns false if the owner is about to be freed: then
 * there is no container to charge.
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
		rss_count_overrun(rss, nr);
	}
	return true;
}

/**
 * rss_commit_slow - rss_commit() if the current task has not reserved enough
 * @owner: the owner
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
