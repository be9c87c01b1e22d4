// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: the cgroup subsystem and its control files.
 *
 * A limit on the mapped pages of a group of processes, with reclaim from the
 * group's own pages at the limit.  After "Per-container pages reclamation",
 * Pavel Emelianov, 2007.  include/uapi/linux/rss_container.h documents the files,
 * mm/rss_internal.h the structures and locks.
 */
#include <linux/cgroup.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "internal.h"
#include "rss_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/rss_container.h>

struct rss_container *rss_root __read_mostly;

/* Serializes page_counter_set_max(), and the watermarks. */
static DEFINE_MUTEX(rss_max_mutex);

/*
 * Arithmetic
 */

/**
 * rss_parse_bytes - parse a size
 * @buf: what was written, without blanks around it
 * @none: the word for no limit
 * @ret_pages: out: pages, rounded down; PAGE_COUNTER_MAX for @none
 *
 * Takes what memparse() takes: a decimal, octal (0...) or hexadecimal (0x...)
 * number, and one of the suffixes K M G T P E, in either case.
 *
 * Return: 0, -EINVAL, or -ERANGE for a size that 64 bits do not hold; @ret_pages
 * is not touched then.
 */
int rss_parse_bytes(const char *buf, const char *none, unsigned long *ret_pages)
{
	static const char units[] = "KMGTPE";
	unsigned long long bytes = 0;
	unsigned int shift = 0, base = 10, digit;
	const char *unit;

	if (!strcmp(buf, none)) {
		*ret_pages = PAGE_COUNTER_MAX;
		return 0;
	}
	if (!isdigit(*buf))
		return -EINVAL;
	if (buf[0] == '0') {
		base = 8;
		if (tolower(buf[1]) == 'x' && isxdigit(buf[2])) {
			base = 16;
			buf += 2;
		}
	}
	for (; isxdigit(*buf); buf++) {
		digit = hex_to_bin(*buf);
		/* E is a digit, too */
		if (digit >= base)
			break;
		if (check_mul_overflow(bytes, (unsigned long long)base, &bytes) ||
		    check_add_overflow(bytes, (unsigned long long)digit, &bytes))
			return -ERANGE;
	}
	if (*buf) {
		unit = strchr(units, toupper(*buf));
		if (!unit || buf[1])
			return -EINVAL;
		shift = 10 * (unit - units + 1);
	}
	if (bytes > (ULLONG_MAX >> shift))
		return -ERANGE;
	*ret_pages = min_t(u64, (bytes << shift) / PAGE_SIZE, PAGE_COUNTER_MAX);
	return 0;
}

/**
 * rss_parse_reclaim - parse a request to reclaim
 * @buf: "SIZE [swappiness=N]", without blanks around it; is changed
 * @ret_pages: out: pages to reclaim
 * @ret_swappiness: out: N; not touched if it is not given
 *
 * Return: 0, -EINVAL, or -ERANGE as rss_parse_bytes().  An @buf of "" or of "max"
 * is refused: there is no word for everything.
 */
int rss_parse_reclaim(char *buf, unsigned long *ret_pages, int *ret_swappiness)
{
	static const char key[] = "swappiness=";
	char *word;
	int ret;

	ret = rss_parse_bytes(strsep(&buf, " "), "", ret_pages);
	if (ret)
		return ret;
	if (*ret_pages == PAGE_COUNTER_MAX)
		return -EINVAL;
	while ((word = strsep(&buf, " "))) {
		if (!*word)
			continue;
		if (strncmp(word, key, strlen(key)) ||
		    kstrtoint(word + strlen(key), 10, ret_swappiness) ||
		    *ret_swappiness < 0 || *ret_swappiness > MAX_SWAPPINESS)
			return -EINVAL;
	}
	return 0;
}

/* Returns true if low is at most high.  Low may be unset. */
bool rss_watermarks_fit(unsigned long low, unsigned long high)
{
	return low == PAGE_COUNTER_MAX || low <= high;
}

/*
 * Creation and removal
 */

static struct cgroup_subsys_state *rss_css_alloc(struct cgroup_subsys_state *parent_css)
{
	struct rss_container *parent = css_rss(parent_css), *rss;

	rss = kzalloc(sizeof(*rss), GFP_KERNEL);
	if (!rss)
		return ERR_PTR(-ENOMEM);
	/* nothing is charged to the root, so top-level counters have no parent */
	page_counter_init(&rss->res, parent && !rss_is_root(parent) ? &parent->res : NULL,
			  true);
	rss->wmark_high = PAGE_COUNTER_MAX;
	rss->wmark_low = PAGE_COUNTER_MAX;
	spin_lock_init(&rss->owners_lock);
	INIT_LIST_HEAD(&rss->owners);
	INIT_LIST_HEAD(&rss->peaks);
	spin_lock_init(&rss->peaks_lock);
	INIT_WORK(&rss->background, rss_background);
	rss_event_new(rss);
	if (!parent) {
		rss_root = rss;
		rss_pages_init();
		rss_owners_init();
	}
	return &rss->css;
}

static int rss_css_online(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_rss(css);

	if (rss_is_root(rss))
		return 0;
	rss->owner = rss_owner_new(rss);
	return rss->owner ? 0 : -ENOMEM;
}

/* Pages that are still mapped somewhere are charged to the parent from now on. */
static void rss_css_offline(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_rss(css);

	WRITE_ONCE(rss->above_wmark_high, false);
	rss_set_low(rss, 0);
	rss_owner_reparent(rss);
	rss_event_free(rss);
}

static void rss_css_free(struct cgroup_subsys_state *css)
{
	kfree(css_rss(css));
}

/*
 * Processes
 */

/*
 * An mm is charged to the container of its mm->owner: the main thread of the
 * process or, after that exited, a remaining thread.  A vfork() or CLONE_VM
 * child does not own the mm that it shares, so attaching the child leaves the
 * mm where it is.  Pages that are charged already stay charged to the
 * container whose process mapped them first.
 *
 * The task's css_set has changed already, and task_lock() orders this against
 * mm_update_next_owner(): an mm that @task inherits later follows the new
 * css_set.
 */
static void rss_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct rss_owner *owner;
	struct task_struct *task;

	cgroup_taskset_for_each(task, css, tset) {
		task_lock(task);
		if (task->mm && rcu_access_pointer(task->mm->owner) == task) {
			owner = css_rss(css)->owner;
			/* the destination of an attach is online */
			if (owner)
				percpu_ref_get(&owner->ref);
			rss_mm_set_owner(task->mm, owner);
		}
		task_unlock(task);
	}
}

/*
 * The container of the child may differ from the one in which its mm was
 * created: the parent was attached meanwhile, or clone() named a cgroup.
 */
static void rss_fork(struct task_struct *task)
{
	if (task->mm && task->mm != current->mm)
		rss_mm_follow_task(task->mm, task);
}

/*
 * Control files
 */

static struct rss_container *of_rss(struct kernfs_open_file *of)
{
	return css_rss(of_css(of));
}

static struct rss_container *seq_rss(struct seq_file *seq)
{
	return css_rss(seq_css(seq));
}

/* The word for no limit in this hierarchy. */
static const char *rss_none(void)
{
	return cgroup_subsys_on_dfl(rss_cgrp_subsys) ? "max" : "-1";
}

static void rss_show_pages(struct seq_file *seq, unsigned long pages)
{
	if (pages == PAGE_COUNTER_MAX && cgroup_subsys_on_dfl(rss_cgrp_subsys))
		seq_puts(seq, "max\n");
	else
		seq_printf(seq, "%llu\n", (u64)pages * PAGE_SIZE);
}

static u64 rss_current_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return (u64)rss_usage(css_rss(css)) * PAGE_SIZE;
}

/*
 * rss.peak of v2: the peak since the container was created or, in an open file
 * that was written, since then.  As memory.peak: local_watermark is the highest
 * usage since any file was written, and the others keep in of_peak()->value what
 * it was before that.
 */
#define RSS_PEAK_UNSET	(-1UL)

static int rss_peak_show(struct seq_file *seq, void *v)
{
	struct page_counter *res = &seq_rss(seq)->res;
	unsigned long own = READ_ONCE(of_peak(seq->private)->value);
	unsigned long peak = own == RSS_PEAK_UNSET ? READ_ONCE(res->watermark) :
						     max(own, READ_ONCE(res->local_watermark));

	seq_printf(seq, "%llu\n", (u64)peak * PAGE_SIZE);
	return 0;
}

static int rss_peak_open(struct kernfs_open_file *of)
{
	of_peak(of)->value = RSS_PEAK_UNSET;
	return 0;
}

static void rss_peak_release(struct kernfs_open_file *of)
{
	struct rss_container *rss = of_rss(of);

	if (of_peak(of)->value == RSS_PEAK_UNSET)
		return;
	spin_lock(&rss->peaks_lock);
	list_del(&of_peak(of)->list);
	spin_unlock(&rss->peaks_lock);
}

static ssize_t rss_peak_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
			      loff_t off)
{
	struct cgroup_of_peak *own = of_peak(of), *other;
	struct rss_container *rss = of_rss(of);
	unsigned long usage, highest;

	spin_lock(&rss->peaks_lock);
	usage = page_counter_read(&rss->res);
	highest = xchg(&rss->res.local_watermark, usage);
	list_for_each_entry(other, &rss->peaks, list)
		if (highest > other->value)
			WRITE_ONCE(other->value, highest);
	if (own->value == RSS_PEAK_UNSET)
		list_add(&own->list, &rss->peaks);
	WRITE_ONCE(own->value, usage);
	spin_unlock(&rss->peaks_lock);
	return nbytes;
}

/* Of v1: a write resets the one peak that there is. */
static u64 rss_max_usage_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return (u64)READ_ONCE(css_rss(css)->res.watermark) * PAGE_SIZE;
}

static ssize_t rss_max_usage_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
				   loff_t off)
{
	page_counter_reset_watermark(&of_rss(of)->res);
	return nbytes;
}

static int rss_max_show(struct seq_file *seq, void *v)
{
	rss_show_pages(seq, READ_ONCE(seq_rss(seq)->res.max));
	return 0;
}

/* The time that lowering a limit may take, in jiffies: a second a megabyte, and more. */
static unsigned long rss_resize_time(unsigned long usage, unsigned long max)
{
	return 30 * HZ + (usage > max ? (usage - max) >> (20 - PAGE_SHIFT) : 0) * HZ;
}

/*
 * Set a limit, after making room for it.  Returns -EBUSY if that fails, -EINTR on
 * a signal; the old limit is in force until the new one is.
 *
 * Each round of reclaim may succeed, and usage stay as it is, if processes fault
 * as fast as they are reclaimed.  So there is a bound in time as well.
 */
static int rss_set_max(struct rss_container *rss, unsigned long max)
{
	unsigned long usage = page_counter_read(&rss->res);
	unsigned long end = jiffies + rss_resize_time(usage, max);
	int retries = MAX_RECLAIM_RETRIES;
	int ret;

	for (;;) {
		if (signal_pending(current))
			return -EINTR;
		rss_drain_stocks(rss);
		mutex_lock(&rss_max_mutex);
		ret = page_counter_set_max(&rss->res, max);
		mutex_unlock(&rss_max_mutex);
		if (!ret)
			return 0;
		if (time_after(jiffies, end))
			return -EBUSY;
		usage = page_counter_read(&rss->res);
		if (usage > max &&
		    !rss_reclaim(rss, clamp(usage - max, SWAP_CLUSTER_MAX,
					    32 * SWAP_CLUSTER_MAX),
				 RSS_CONTAINER_CAUSE_RESIZE, true, RSS_VM_SWAPPINESS) &&
		    !retries--)
			return -EBUSY;
	}
}

static ssize_t rss_max_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
			     loff_t off)
{
	struct rss_container *rss = of_rss(of);
	unsigned long max;
	int ret;

	ret = rss_parse_bytes(strstrip(buf), rss_none(), &max);
	if (!ret)
		ret = rss_set_max(rss, max);
	return ret ?: nbytes;
}

static int rss_wmark_high_show(struct seq_file *seq, void *v)
{
	rss_show_pages(seq, READ_ONCE(seq_rss(seq)->wmark_high));
	return 0;
}

static int rss_wmark_low_show(struct seq_file *seq, void *v)
{
	rss_show_pages(seq, READ_ONCE(seq_rss(seq)->wmark_low));
	return 0;
}

/* Set a watermark: high if of_cft()->private, else low. */
static ssize_t rss_mark_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
			      loff_t off)
{
	struct rss_container *rss = of_rss(of);
	bool is_high = of_cft(of)->private;
	unsigned long mark;
	int ret;

	ret = rss_parse_bytes(strstrip(buf), rss_none(), &mark);
	if (ret)
		return ret;
	mutex_lock(&rss_max_mutex);
	if (!(is_high ? rss_watermarks_fit(rss->wmark_low, mark) :
			rss_watermarks_fit(mark, rss->wmark_high)))
		ret = -EINVAL;
	else
		WRITE_ONCE(*(is_high ? &rss->wmark_high : &rss->wmark_low), mark);
	mutex_unlock(&rss_max_mutex);
	if (ret)
		return ret;
	/* usage may be above the new high watermark */
	rss_check_wmark_high(rss);
	return nbytes;
}

static int rss_low_show(struct seq_file *seq, void *v)
{
	rss_show_pages(seq, READ_ONCE(seq_rss(seq)->res.low));
	return 0;
}

static ssize_t rss_low_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
			     loff_t off)
{
	unsigned long low;
	int ret;

	ret = rss_parse_bytes(strstrip(buf), rss_none(), &low);
	if (ret)
		return ret;
	rss_set_low(of_rss(of), low);
	return nbytes;
}

static ssize_t rss_reclaim_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
				 loff_t off)
{
	struct rss_container *rss = of_rss(of);
	unsigned long wanted, taken = 0;
	int retries = MAX_RECLAIM_RETRIES;
	int ret, swappiness = RSS_VM_SWAPPINESS;
	long got;

	ret = rss_parse_reclaim(strstrip(buf), &wanted, &swappiness);
	if (ret)
		return ret;
	while (taken < wanted) {
		if (signal_pending(current))
			return -EINTR;
		got = rss_reclaim(rss, min(wanted - taken, 32 * SWAP_CLUSTER_MAX),
				  RSS_CONTAINER_CAUSE_REQUEST, true, swappiness);
		if (!got && !retries--)
			return -EAGAIN;
		taken += max(got, 0L);
	}
	return nbytes;
}

static int rss_oom_group_show(struct seq_file *seq, void *v)
{
	seq_printf(seq, "%d\n", READ_ONCE(seq_rss(seq)->oom_group));
	return 0;
}

static ssize_t rss_oom_group_write(struct kernfs_open_file *of, char *buf,
				   size_t nbytes, loff_t off)
{
	int ret, group;

	ret = kstrtoint(strstrip(buf), 0, &group);
	if (ret)
		return ret;
	if (group != 0 && group != 1)
		return -EINVAL;
	WRITE_ONCE(of_rss(of)->oom_group, group);
	return nbytes;
}

static void rss_show_events(struct seq_file *seq, bool local)
{
	static const struct {
		enum rss_container_event_kind kind;
		const char *key;
	} keys[] = {
		{ RSS_CONTAINER_EVENT_LIMIT,		"max" },
		{ RSS_CONTAINER_EVENT_WMARK_HIGH,	"wmark_high" },
		{ RSS_CONTAINER_EVENT_WMARK_LOW,	"wmark_low" },
		{ RSS_CONTAINER_EVENT_RECLAIM,		"reclaim" },
		{ RSS_CONTAINER_EVENT_OOM,		"oom" },
		{ RSS_CONTAINER_EVENT_OOM_KILL,		"oom_kill" },
	};
	struct rss_container *rss = seq_rss(seq);
	unsigned long count;
	int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		count = local ? rss_event_count_local(rss, keys[i].kind) :
				rss_event_count(rss, keys[i].kind);
		seq_printf(seq, "%s %lu\n", keys[i].key, count);
	}
	seq_printf(seq, "low %lu\n",
		   atomic_long_read(local ? &rss->low_local : &rss->low_count));
}

static int rss_events_show(struct seq_file *seq, void *v)
{
	rss_show_events(seq, false);
	return 0;
}

static int rss_events_local_show(struct seq_file *seq, void *v)
{
	rss_show_events(seq, true);
	return 0;
}

/* Sums over the subtree for rss.stat, in pages. */
struct rss_sum {
	long charged[2];
	long lists[NR_RSS_LISTS];
	long adopted;
};

static void rss_sum_owner(struct rss_owner *owner, bool adopted, struct rss_sum *sum)
{
	int cpu, nid, i;
	long nr;

	for (i = 0; i < 2; i++) {
		nr = 0;
		for_each_possible_cpu(cpu)
			nr += READ_ONCE(per_cpu_ptr(owner->stat, cpu)->nr[i]);
		sum->charged[i] += nr;
		if (adopted)
			sum->adopted += nr;
	}
	for_each_node(nid)
		for (i = 0; i < NR_RSS_LISTS; i++)
			sum->lists[i] += READ_ONCE(owner->lru[nid]->nr[i]);
}

static void rss_sum_subtree(struct rss_container *root, struct rss_sum *sum)
{
	struct cgroup_subsys_state *css;
	struct rss_container *rss;
	struct rss_owner *owner;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &root->css) {
		rss = css_rss(css);
		/* owners leave the list before they are freed */
		spin_lock_irq(&rss->owners_lock);
		list_for_each_entry(owner, &rss->owners, sibling)
			rss_sum_owner(owner, owner != rss->owner, sum);
		spin_unlock_irq(&rss->owners_lock);
	}
	rcu_read_unlock();
}

static void rss_stat_bytes(struct seq_file *seq, const char *key, long pages)
{
	/* other CPUs change the parts of the sum meanwhile */
	seq_printf(seq, "%s %llu\n", key, (u64)max(pages, 0L) * PAGE_SIZE);
}

static const char *const rss_list_names[] = {
	[RSS_INACTIVE_ANON] = "inactive_anon",
	[RSS_ACTIVE_ANON] = "active_anon",
	[RSS_INACTIVE_FILE] = "inactive_file",
	[RSS_ACTIVE_FILE] = "active_file",
	[RSS_UNEVICTABLE] = "unevictable",
};

static int rss_stat_show(struct seq_file *seq, void *v)
{
	struct rss_container *rss = seq_rss(seq);
	struct rss_sum sum = {};
	int i;

	rss_sum_subtree(rss, &sum);
	rss_stat_bytes(seq, "anon", sum.charged[0]);
	rss_stat_bytes(seq, "file", sum.charged[1]);
	for (i = 0; i < NR_RSS_LISTS; i++)
		rss_stat_bytes(seq, rss_list_names[i], sum.lists[i]);
	rss_stat_bytes(seq, "adopted", sum.adopted);
	rss_stat_bytes(seq, "reserved", rss_stocked(rss));
	seq_printf(seq, "overrun %lu\n", atomic_long_read(&rss->overrun));
	seq_printf(seq, "uncharged %lu\n", atomic_long_read(&rss->uncharged));
	seq_printf(seq, "pgscan %lu\n", atomic_long_read(&rss->pgscan));
	seq_printf(seq, "pgsteal %lu\n", atomic_long_read(&rss->pgsteal));
	seq_printf(seq, "workingset_refault_anon %lu\n",
		   atomic_long_read(&rss->refaults[0]));
	seq_printf(seq, "workingset_refault_file %lu\n",
		   atomic_long_read(&rss->refaults[1]));
	return 0;
}

/* Pages on one of the lists of a node, in the subtree. */
static unsigned long rss_node_pages(struct rss_container *root, int nid, enum rss_list list)
{
	struct cgroup_subsys_state *css;
	struct rss_container *rss;
	struct rss_owner *owner;
	unsigned long nr = 0;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &root->css) {
		rss = css_rss(css);
		spin_lock_irq(&rss->owners_lock);
		list_for_each_entry(owner, &rss->owners, sibling)
			nr += READ_ONCE(owner->lru[nid]->nr[list]);
		spin_unlock_irq(&rss->owners_lock);
	}
	rcu_read_unlock();
	return nr;
}

static int rss_numa_stat_show(struct seq_file *seq, void *v)
{
	struct rss_container *rss = seq_rss(seq);
	int i, nid;

	for (i = 0; i < NR_RSS_LISTS; i++) {
		seq_puts(seq, rss_list_names[i]);
		for_each_node_state(nid, N_MEMORY)
			seq_printf(seq, " N%d=%llu", nid,
				   (u64)rss_node_pages(rss, nid, i) * PAGE_SIZE);
		seq_putc(seq, '\n');
	}
	return 0;
}

static u64 rss_failcnt_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	struct rss_container *rss = css_rss(css);

	return rss_event_count_local(rss, RSS_CONTAINER_EVENT_LIMIT) -
	       READ_ONCE(rss->failcnt_base);
}

static ssize_t rss_failcnt_write(struct kernfs_open_file *of, char *buf, size_t nbytes,
				 loff_t off)
{
	struct rss_container *rss = of_rss(of);

	WRITE_ONCE(rss->failcnt_base,
		   rss_event_count_local(rss, RSS_CONTAINER_EVENT_LIMIT));
	return nbytes;
}

static u64 rss_reclaimed_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return (u64)atomic_long_read(&css_rss(css)->pgsteal) * PAGE_SIZE;
}

static struct cftype rss_files[] = {
	{
		.name = "current",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = rss_current_read,
	},
	{
		.name = "max",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_max_show,
		.write = rss_max_write,
	},
	{
		.name = "wmark_high",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = true,
		.seq_show = rss_wmark_high_show,
		.write = rss_mark_write,
	},
	{
		.name = "wmark_low",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = false,
		.seq_show = rss_wmark_low_show,
		.write = rss_mark_write,
	},
	{
		.name = "low",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_low_show,
		.write = rss_low_write,
	},
	{
		.name = "peak",
		.flags = CFTYPE_NOT_ON_ROOT,
		.open = rss_peak_open,
		.release = rss_peak_release,
		.seq_show = rss_peak_show,
		.write = rss_peak_write,
	},
	{
		.name = "reclaim",
		.flags = CFTYPE_NOT_ON_ROOT | CFTYPE_NS_DELEGATABLE,
		.write = rss_reclaim_write,
	},
	{
		.name = "events",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container, events_file),
		.seq_show = rss_events_show,
	},
	{
		.name = "events.local",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container, events_local_file),
		.seq_show = rss_events_local_show,
	},
	{
		.name = "stat",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_stat_show,
	},
	{
		.name = "numa_stat",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_numa_stat_show,
	},
	{
		.name = "oom.group",
		.flags = CFTYPE_NOT_ON_ROOT | CFTYPE_NS_DELEGATABLE,
		.seq_show = rss_oom_group_show,
		.write = rss_oom_group_write,
	},
	{ }	/* terminate */
};

static struct cftype rss_files_legacy[] = {
	{
		.name = "usage_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = rss_current_read,
	},
	{
		.name = "limit_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_max_show,
		.write = rss_max_write,
	},
	{
		.name = "wmark_high_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = true,
		.seq_show = rss_wmark_high_show,
		.write = rss_mark_write,
	},
	{
		.name = "wmark_low_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.private = false,
		.seq_show = rss_wmark_low_show,
		.write = rss_mark_write,
	},
	{
		.name = "low_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_low_show,
		.write = rss_low_write,
	},
	{
		.name = "max_usage_in_bytes",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = rss_max_usage_read,
		.write = rss_max_usage_write,
	},
	{
		.name = "reclaim",
		.flags = CFTYPE_NOT_ON_ROOT,
		.write = rss_reclaim_write,
	},
	{
		.name = "failcnt",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = rss_failcnt_read,
		.write = rss_failcnt_write,
	},
	{
		.name = "reclaimed",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = rss_reclaimed_read,
	},
	{
		.name = "events",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container, events_file),
		.seq_show = rss_events_show,
	},
	{
		.name = "events_local",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container, events_local_file),
		.seq_show = rss_events_local_show,
	},
	{
		.name = "stat",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_stat_show,
	},
	{
		.name = "numa_stat",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_numa_stat_show,
	},
	{
		.name = "oom_group",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_oom_group_show,
		.write = rss_oom_group_write,
	},
	{ }	/* terminate */
};

struct cgroup_subsys rss_cgrp_subsys = {
	.css_alloc	= rss_css_alloc,
	.css_online	= rss_css_online,
	.css_offline	= rss_css_offline,
	.css_free	= rss_css_free,
	.attach		= rss_attach,
	.fork		= rss_fork,
	.exit		= rss_task_exit,
	.dfl_cftypes	= rss_files,
	.legacy_cftypes	= rss_files_legacy,
};
