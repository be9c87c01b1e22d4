// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: OOM, if reclaim cannot make room.
 *
 * out_of_memory() chooses and kills; this file confines it to the tasks of the
 * container that hit its limit.
 */
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"
#include "rss_internal.h"

#include <trace/events/rss_container.h>

struct rss_oom {
	struct oom_control control;
	unsigned int nr;	/* pages that were wanted */
};

/**
 * rss_out_of_memory - kill a process of a container
 * @rss: the container that hit its limit
 * @nr: pages that were wanted
 *
 * The seed's container_out_of_memory().
 *
 * Context: may sleep; mmap_lock may be held for reading, as for memcg's.
 * Return: true if the charge should be tried again: a task was killed, is dying
 * already, or there is room now.
 */
bool rss_out_of_memory(struct rss_container *rss, unsigned int nr)
{
	struct rss_oom oom = {
		.control = {
			.rss = rss,
			.gfp_mask = current_gfp_context(GFP_KERNEL),
			.order = 0,
		},
		.nr = nr,
	};
	bool ret = true;

	if (mutex_lock_killable(&oom_lock))
		return true;
	/* another charge may have killed, or reclaimed, meanwhile */
	if (!rss_has_room(rss, nr)) {
		trace_rss_container_oom(rss, nr);
		rss_event(rss, RSS_CONTAINER_EVENT_OOM, NULL);
		ret = out_of_memory(&oom.control);
	}
	mutex_unlock(&oom_lock);
	/* let it die */
	if (ret)
		schedule_timeout_killable(1);
	return ret;
}

/* The limit, which scales oom_score_adj. */
unsigned long container_rss_oom_pages(struct oom_control *oc)
{
	return min(READ_ONCE(oc->rss->res.max), totalram_pages()) ?: 1;
}

/*
 * Call @fn for the tasks of a subtree until it returns nonzero.  This iterates
 * over threads because a main thread that exited stays in the css_set that it
 * was in, while the rest of its process may have been attached elsewhere.
 */
static void rss_scan_subtree(struct rss_container *rss,
			     int (*fn)(struct task_struct *, void *), void *arg)
{
	struct cgroup_subsys_state *css;
	struct css_task_iter it;
	struct task_struct *task;
	int ret = 0;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &rss->css) {
		if (!css_tryget(css))
			continue;
		rcu_read_unlock();
		css_task_iter_start(css, 0, &it);
		while (!ret && (task = css_task_iter_next(&it)))
			ret = fn(task, arg);
		css_task_iter_end(&it);
		cond_resched();
		rcu_read_lock();
		css_put(css);
		if (ret)
			break;
	}
	rcu_read_unlock();
}

static bool rss_task_owns_mm(struct task_struct *task)
{
	bool owns;

	task_lock(task);
	owns = task->mm && rcu_access_pointer(task->mm->owner) == task;
	task_unlock(task);
	return owns;
}

struct rss_call {
	int (*fn)(struct task_struct *task, void *arg);
	void *arg;
};

/*
 * One call for each mm that is charged to the container.  Killing a task that
 * shares the mm of a process elsewhere would free nothing here.  A victim is
 * passed on even without an mm: out_of_memory() waits until its mm is gone.
 */
static int rss_call_owner(struct task_struct *task, void *arg)
{
	struct rss_call *call = arg;

	return tsk_is_oom_victim(task) || rss_task_owns_mm(task) ?
	       call->fn(task, call->arg) : 0;
}

/**
 * container_rss_scan_tasks - call a function for each process that can be killed
 * @oc: the OOM
 * @fn: called until it returns nonzero
 * @arg: its second argument
 */
void container_rss_scan_tasks(struct oom_control *oc,
			      int (*fn)(struct task_struct *, void *), void *arg)
{
	struct rss_call call = { .fn = fn, .arg = arg };

	rss_scan_subtree(oc->rss, rss_call_owner, &call);
}

/**
 * container_rss_select_victim - choose the process that is killed
 * @oc: the OOM
 * @evaluate: the kernel's oom_evaluate_task()
 *
 * The scan of all tasks takes time.  If an earlier victim frees its memory during the scan,
 * @evaluate skips it and chooses another process, although there is room now.  No process is
 * chosen then.
 */
void container_rss_select_victim(struct oom_control *oc,
				 int (*evaluate)(struct task_struct *, void *))
{
	struct rss_oom *oom = container_of(oc, struct rss_oom, control);

	container_rss_scan_tasks(oc, evaluate, oc);
	if (oc->chosen == (void *)-1UL)
		return;
	/* a victim is uncharged before its mm gets MMF_OOM_SKIP, which evaluate() read */
	smp_rmb();
	if (!rss_has_room(oc->rss, oom->nr))
		return;
	if (oc->chosen)
		put_task_struct(oc->chosen);
	oc->chosen = (void *)-1UL;
}

/**
 * container_rss_print_oom - log the container instead of the machine's memory
 * @oc: the OOM
 */
void container_rss_print_oom(struct oom_control *oc)
{
	static char path[256];	/* under oom_lock */
	struct rss_container *rss = oc->rss;

	cgroup_path(rss->css.cgroup, path, sizeof(path));
	pr_info("rss container %s: usage %lukB, limit %lukB, failures %lu\n", path,
		K(page_counter_read(&rss->res)), K(READ_ONCE(rss->res.max)),
		rss_event_count_local(rss, RSS_CONTAINER_EVENT_LIMIT));
}

/**
 * container_rss_print_oom_context - the part of the summary line that names containers
 * @oc: the OOM
 * @victim: the process chosen
 */
void container_rss_print_oom_context(struct oom_control *oc, struct task_struct *victim)
{
	rcu_read_lock();
	pr_cont(",oom_rss=");
	pr_cont_cgroup_path(oc->rss->css.cgroup);
	pr_cont(",task_rss=");
	pr_cont_cgroup_path(task_cgroup(victim, rss_cgrp_id));
	rcu_read_unlock();
}

/**
 * container_rss_get_oom_group - the container that is killed with the victim
 * @oc: the OOM
 * @victim: the process chosen
 *
 * Return: the outermost container with oom.group set, from the victim's up to the one that
 * hit its limit, with a reference for container_rss_kill_group(); or NULL.
 */
struct rss_container *container_rss_get_oom_group(struct oom_control *oc,
						  struct task_struct *victim)
{
	struct rss_container *rss, *group = NULL;

	if (!is_rss_oom(oc))
		return NULL;
	rcu_read_lock();
	rss = css_rss(task_css(victim, rss_cgrp_id));
	for (; rss && !rss_is_root(rss); rss = rss_parent(rss)) {
		if (READ_ONCE(rss->oom_group))
			group = rss;
		if (rss == oc->rss)
			break;
	}
	if (group && !css_tryget(&group->css))
		group = NULL;
	rcu_read_unlock();
	return group;
}

/* Returns true if @task only shares the mm of another process. */
static bool rss_task_borrows_mm(struct task_struct *task)
{
	struct task_struct *owner;
	bool borrows = false;

	task_lock(task);
	if (task->mm) {
		rcu_read_lock();
		owner = rcu_dereference(task->mm->owner);
		borrows = owner && !same_thread_group(owner, task);
		rcu_read_unlock();
	}
	task_unlock(task);
	return borrows;
}

/*
 * Kill a process of the group.  The chosen victim is dead and counted already.
 * A vfork() or CLONE_VM child that shares the mm of another process is killed
 * alone: @fn would also kill that process, which may be outside the group.
 */
static int rss_kill_one(struct task_struct *task, void *arg)
{
	struct rss_call *kill = arg;

	if (tsk_is_oom_victim(task))
		return 0;
	if (!rss_task_borrows_mm(task))
		return kill->fn(task, kill->arg);
	if (task->signal->oom_score_adj != OOM_SCORE_ADJ_MIN && !is_global_init(task))
		do_send_sig_info(SIGKILL, SEND_SIG_PRIV, task, PIDTYPE_TGID);
	return 0;
}

/**
 * container_rss_kill_group - kill every process of that container
 * @group: the container, or NULL
 * @fn: kills one process and those that share its mm
 * @arg: its second argument
 *
 * Drops the reference on @group.
 */
void container_rss_kill_group(struct rss_container *group,
			      int (*fn)(struct task_struct *, void *), void *arg)
{
	struct rss_call kill = { .fn = fn, .arg = arg };

	if (!group)
		return;
	rss_scan_subtree(group, rss_kill_one, &kill);
	css_put(&group->css);
}

bool __container_rss_oom_wait(void)
{
	if (!current->rss_oom)
		return false;
	current->rss_oom = false;
	schedule_timeout_killable(HZ / 10);
	return true;
}

void __container_rss_oom_kill(struct mm_struct *mm, struct task_struct *victim)
{
	struct rss_event_info info = { .pid = task_tgid_nr(victim) };
	struct rss_container *rss;
	struct rss_owner *owner;

	rcu_read_lock();
	owner = rcu_dereference(mm->rss_owner);
	if (owner) {
		rss = rcu_dereference(owner->container);
		strscpy(info.comm, victim->comm, sizeof(info.comm));
		rss_event(rss, RSS_CONTAINER_EVENT_OOM_KILL, &info);
	}
	rcu_read_unlock();
}
