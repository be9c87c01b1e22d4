// SPDX-License-Identifier: GPL-2.0
/*
 * RSS containers: events, counted in rss.events and sent over generic netlink.
 *
 * include/uapi/linux/rss_container.h documents the guarantees: a sequence number
 * for each container that each message increments, so a gap is a lost message; a
 * rate limit for each kind, with the count of events in each message; and no
 * event unreported for longer than the second that is limited.
 */
#include <linux/kernfs.h>
#include <linux/sched.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "rss_internal.h"

static struct genl_family rss_genl_family;

/* Messages of a kind that a container sends in a second. */
#define RSS_EVENTS_PER_SECOND		10
#define RSS_OOM_KILLS_PER_SECOND	256

bool rss_event_admit(struct rss_event_state *state, unsigned int limit,
		     unsigned long now)
{
	if (!state->sent || time_after_eq(now, state->window + HZ)) {
		state->window = now;
		state->sent = 0;
	}
	if (state->sent >= limit)
		return false;
	state->sent++;
	return true;
}

static u64 rss_limit_bytes(struct rss_container *rss)
{
	unsigned long max = READ_ONCE(rss->res.max);

	return max == PAGE_COUNTER_MAX ? U64_MAX : (u64)max * PAGE_SIZE;
}

static bool rss_event_put_common(struct sk_buff *skb, struct rss_container *rss)
{
	return nla_put_u64_64bit(skb, RSS_CONTAINER_A_ID, cgroup_id(rss->css.cgroup),
				 RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_SEQ, rss->seq,
				 RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_USAGE,
				 (u64)rss_usage(rss) * PAGE_SIZE,
				 RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_LIMIT, rss_limit_bytes(rss),
				 RSS_CONTAINER_A_PAD);
}

static bool rss_event_put(struct sk_buff *skb, struct rss_container *rss,
			  enum rss_container_event_kind kind,
			  const struct rss_event_info *info)
{
	if (nla_put_u32(skb, RSS_CONTAINER_A_KIND, kind) ||
	    nla_put_u64_64bit(skb, RSS_CONTAINER_A_COUNT, rss_event_count_local(rss, kind),
			      RSS_CONTAINER_A_PAD) ||
	    rss_event_put_common(skb, rss))
		return true;

	switch (kind) {
	case RSS_CONTAINER_EVENT_RECLAIM:
		return nla_put_u32(skb, RSS_CONTAINER_A_CAUSE, info->cause) ||
		       nla_put_u64_64bit(skb, RSS_CONTAINER_A_SCANNED, info->scanned,
					 RSS_CONTAINER_A_PAD) ||
		       nla_put_u64_64bit(skb, RSS_CONTAINER_A_FREED, info->freed,
					 RSS_CONTAINER_A_PAD) ||
		       nla_put_u64_64bit(skb, RSS_CONTAINER_A_BYTES,
					 info->freed * PAGE_SIZE, RSS_CONTAINER_A_PAD) ||
		       nla_put_u64_64bit(skb, RSS_CONTAINER_A_USEC, info->usec,
					 RSS_CONTAINER_A_PAD);
	case RSS_CONTAINER_EVENT_OOM_KILL:
		return nla_put_u32(skb, RSS_CONTAINER_A_PID, info->pid) ||
		       nla_put_string(skb, RSS_CONTAINER_A_COMM, info->comm);
	default:
		return false;
	}
}

/*
 * Send a message.  If there is no memory for it, the sequence number counts it as
 * a lost message.  event_lock held.
 */
static void rss_event_send(struct rss_container *rss,
			   enum rss_container_event_kind kind,
			   const struct rss_event_info *info)
{
	struct sk_buff *skb;
	void *header;

	rss->seq++;
	/* the count includes the events that were left out before */
	rss->event[kind].left_out = false;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_NOWAIT | __GFP_NOWARN);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &rss_genl_family, 0, RSS_CONTAINER_CMD_EVENT);
	if (!header || rss_event_put(skb, rss, kind, info)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast(&rss_genl_family, skb, 0, 0, GFP_NOWAIT | __GFP_NOWARN);
}

static unsigned int rss_event_limit(enum rss_container_event_kind kind)
{
	return kind == RSS_CONTAINER_EVENT_OOM_KILL ? RSS_OOM_KILLS_PER_SECOND :
						      RSS_EVENTS_PER_SECOND;
}

/* Send the last event of each kind that was left out.  event_lock held. */
static void rss_event_send_left_out(struct rss_container *rss)
{
	struct rss_event_state *state;
	int kind;

	for (kind = 1; kind <= RSS_CONTAINER_EVENT_MAX; kind++) {
		state = &rss->event[kind];
		if (!state->left_out)
			continue;
		rss_event_send(rss, kind, &state->pending);
	}
}

static void rss_event_work(struct work_struct *work)
{
	struct rss_container *rss = container_of(to_delayed_work(work),
						 struct rss_container, event_work);

	spin_lock(&rss->event_lock);
	rss_event_send_left_out(rss);
	spin_unlock(&rss->event_lock);
	css_put(&rss->css);
}

/**
 * rss_event - count an event of a container, and report it
 * @rss: the container
 * @kind: the kind of event
 * @info: details of a reclaim or an OOM kill, else NULL
 *
 * Each event also counts for the ancestors, as in memory.events.  The message is
 * of this container alone.
 *
 * Context: process; does not sleep.
 */
void rss_event(struct rss_container *rss, enum rss_container_event_kind kind,
	       const struct rss_event_info *info)
{
	struct rss_event_state *state = &rss->event[kind];
	struct rss_container *up;

	if (rss_is_root(rss))
		return;
	for (up = rss; up && !rss_is_root(up); up = rss_parent(up)) {
		atomic_long_inc(&up->event[kind].count);
		cgroup_file_notify(&up->events_file);
	}
	if (!genl_has_listeners(&rss_genl_family, &init_net, 0)) {
		atomic_long_inc(&state->local);
		goto notify;
	}

	spin_lock(&rss->event_lock);
	/* under the lock, so that each message has a different count */
	atomic_long_inc(&state->local);
	if (rss_event_admit(state, rss_event_limit(kind), jiffies)) {
		rss_event_send(rss, kind, info);
	} else {
		if (info)
			state->pending = *info;
		state->left_out = true;
		if (!delayed_work_pending(&rss->event_work) && css_tryget(&rss->css) &&
		    !queue_delayed_work(system_wq, &rss->event_work, HZ))
			css_put(&rss->css);
	}
	spin_unlock(&rss->event_lock);
notify:
	cgroup_file_notify(&rss->events_local_file);
}

/**
 * rss_event_count - the number of events of a kind in a container's subtree
 * @rss: the container
 * @kind: the kind
 */
unsigned long rss_event_count(struct rss_container *rss,
			      enum rss_container_event_kind kind)
{
	return atomic_long_read(&rss->event[kind].count);
}

/**
 * rss_event_count_local - the number of events of a kind in a container itself
 * @rss: the container
 * @kind: the kind
 */
unsigned long rss_event_count_local(struct rss_container *rss,
				    enum rss_container_event_kind kind)
{
	return atomic_long_read(&rss->event[kind].local);
}

/* A container is made. */
void rss_event_new(struct rss_container *rss)
{
	spin_lock_init(&rss->event_lock);
	INIT_DELAYED_WORK(&rss->event_work, rss_event_work);
}

/* A container is removed: report now what was left out. */
void rss_event_free(struct rss_container *rss)
{
	spin_lock(&rss->event_lock);
	rss_event_send_left_out(rss);
	spin_unlock(&rss->event_lock);
	if (cancel_delayed_work(&rss->event_work))
		css_put(&rss->css);
}

/*
 * Requests
 */

static struct rss_container *rss_get_by_id(u64 id)
{
	struct cgroup_subsys_state *css = NULL;
	struct kernfs_node *kn;
	struct cgroup *cgrp;

	/* the v1 hierarchy can be unmounted, which frees its root */
	cgroup_lock();
	kn = kernfs_find_and_get_node_by_id(rss_root->css.cgroup->root->kf_root, id);
	cgroup_unlock();
	if (!kn)
		return NULL;
	if (kernfs_type(kn) == KERNFS_DIR) {
		rcu_read_lock();
		cgrp = rcu_dereference(*(void __rcu __force **)&kn->priv);
		if (cgrp)
			css = rcu_dereference(cgrp->subsys[rss_cgrp_id]);
		if (css && !css_tryget_online(css))
			css = NULL;
		rcu_read_unlock();
	}
	kernfs_put(kn);
	return css_rss(css);
}

static u32 rss_count_processes(struct rss_container *rss)
{
	struct css_task_iter it;
	u32 count = 0;

	/* most containers have no processes, and need no lock */
	if (!READ_ONCE(rss->css.cgroup->nr_populated_csets))
		return 0;
	css_task_iter_start(&rss->css.cgroup->self, CSS_TASK_ITER_PROCS, &it);
	while (css_task_iter_next(&it))
		count++;
	css_task_iter_end(&it);
	return count;
}

static bool rss_put_counts(struct sk_buff *skb, struct rss_container *rss, int type)
{
	struct nlattr *counts = nla_nest_start(skb, type);
	unsigned long count;
	int kind;

	if (!counts)
		return true;
	for (kind = 1; kind <= RSS_CONTAINER_EVENT_MAX; kind++) {
		count = type == RSS_CONTAINER_A_COUNTS ? rss_event_count(rss, kind) :
							 rss_event_count_local(rss, kind);
		if (nla_put_u64_64bit(skb, kind, count, 0))
			return true;
	}
	nla_nest_end(skb, counts);
	return false;
}

/* Add what the control files hold.  Returns true if there was no room. */
static bool rss_put_state(struct sk_buff *skb, struct rss_container *rss)
{
	u64 taken = atomic_long_read(&rss->pgsteal);
	bool full;

	spin_lock(&rss->event_lock);
	full = rss_event_put_common(skb, rss);
	spin_unlock(&rss->event_lock);
	return full ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_PEAK,
				 (u64)READ_ONCE(rss->res.watermark) * PAGE_SIZE,
				 RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_SCANNED,
				 atomic_long_read(&rss->pgscan), RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_FREED, taken, RSS_CONTAINER_A_PAD) ||
	       nla_put_u64_64bit(skb, RSS_CONTAINER_A_BYTES, taken * PAGE_SIZE,
				 RSS_CONTAINER_A_PAD) ||
	       nla_put_u32(skb, RSS_CONTAINER_A_PROCESSES, rss_count_processes(rss)) ||
	       rss_put_counts(skb, rss, RSS_CONTAINER_A_COUNTS) ||
	       rss_put_counts(skb, rss, RSS_CONTAINER_A_COUNTS_LOCAL);
}

static int rss_genl_get(struct sk_buff *request, struct genl_info *info)
{
	struct rss_container *rss;
	struct sk_buff *skb;
	void *header;
	int ret = -EMSGSIZE;

	if (!netlink_capable(request, CAP_SYS_ADMIN))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, RSS_CONTAINER_A_ID))
		return -EINVAL;
	rss = rss_get_by_id(nla_get_u64(info->attrs[RSS_CONTAINER_A_ID]));
	if (!rss)
		return -ENOENT;

	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb) {
		ret = -ENOMEM;
		goto put;
	}
	header = genlmsg_put_reply(skb, info, &rss_genl_family, 0, RSS_CONTAINER_CMD_GET);
	if (!header || rss_put_state(skb, rss)) {
		nlmsg_free(skb);
		goto put;
	}
	genlmsg_end(skb, header);
	ret = genlmsg_reply(skb, info);
put:
	css_put(&rss->css);
	return ret;
}

/* The position of a dump between two buffers: the next container. */
static struct cgroup_subsys_state **rss_dump_next(struct netlink_callback *cb)
{
	return (struct cgroup_subsys_state **)&cb->args[0];
}

/* The next online css after @css, with a reference, or NULL.  Drops that on @css. */
static struct cgroup_subsys_state *rss_dump_advance(struct cgroup_subsys_state *css)
{
	struct cgroup_subsys_state *next = css;

	rcu_read_lock();
	do
		next = css_next_descendant_pre(next, &rss_root->css);
	while (next && !css_tryget_online(next));
	rcu_read_unlock();
	css_put(css);
	return next;
}

static int rss_genl_dump_start(struct netlink_callback *cb)
{
	if (!netlink_capable(cb->skb, CAP_SYS_ADMIN))
		return -EPERM;
	css_get(&rss_root->css);
	*rss_dump_next(cb) = rss_dump_advance(&rss_root->css);
	return 0;
}

static u32 rss_state_flags(struct rss_container *rss)
{
	struct cgroup *cgrp = rss->css.cgroup;
	int frozen = -ENOENT;

	if (cgroup_subsys_on_dfl(rss_cgrp_subsys))
		frozen = READ_ONCE(cgrp->freezer.freeze);
	else if (IS_ENABLED(CONFIG_CGROUP_FREEZER))
		frozen = freezer_self_freezing(cgrp);
	if (frozen < 0)
		return 0;
	return RSS_CONTAINER_STATE_FREEZER | (frozen ? RSS_CONTAINER_STATE_FROZEN : 0);
}

static void rss_state_fill(struct rss_container *rss, struct rss_container_state *state)
{
	*state = (struct rss_container_state) {
		.id = cgroup_id(rss->css.cgroup),
		.usage = (u64)rss_usage(rss) * PAGE_SIZE,
		.limit = rss_limit_bytes(rss),
		.peak = (u64)READ_ONCE(rss->res.watermark) * PAGE_SIZE,
		.scanned = atomic_long_read(&rss->pgscan),
		.freed = (u64)atomic_long_read(&rss->pgsteal) * PAGE_SIZE,
		.limit_hits = rss_event_count(rss, RSS_CONTAINER_EVENT_LIMIT),
		.reclaims = rss_event_count(rss, RSS_CONTAINER_EVENT_RECLAIM),
		.wmark_highs = rss_event_count(rss, RSS_CONTAINER_EVENT_WMARK_HIGH),
		.wmark_lows = rss_event_count(rss, RSS_CONTAINER_EVENT_WMARK_LOW),
		.ooms = rss_event_count(rss, RSS_CONTAINER_EVENT_OOM),
		.oom_kills = rss_event_count(rss, RSS_CONTAINER_EVENT_OOM_KILL),
		.processes = rss_count_processes(rss),
		.flags = rss_state_flags(rss),
		.refaults = atomic_long_read(&rss->refaults[0]) +
			    atomic_long_read(&rss->refaults[1]),
		.local_limit_hits = rss_event_count_local(rss, RSS_CONTAINER_EVENT_LIMIT),
		.local_reclaims = rss_event_count_local(rss, RSS_CONTAINER_EVENT_RECLAIM),
		.local_wmark_highs = rss_event_count_local(rss,
							   RSS_CONTAINER_EVENT_WMARK_HIGH),
		.local_wmark_lows = rss_event_count_local(rss,
							  RSS_CONTAINER_EVENT_WMARK_LOW),
		.local_ooms = rss_event_count_local(rss, RSS_CONTAINER_EVENT_OOM),
		.local_oom_kills = rss_event_count_local(rss,
							 RSS_CONTAINER_EVENT_OOM_KILL),
	};
}

/* Fill one message with as many containers as fit, so that large dumps are cheap. */
static int rss_genl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cgroup_subsys_state **next = rss_dump_next(cb);
	struct rss_container_state state;
	struct nlattr *states;
	void *header;

	if (!*next)
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &rss_genl_family, NLM_F_MULTI, RSS_CONTAINER_CMD_GET);
	if (!header || nla_put_u32(skb, RSS_CONTAINER_A_STATE_SIZE, sizeof(state)))
		return -EMSGSIZE;
	states = nla_reserve(skb, RSS_CONTAINER_A_STATES, 0);
	if (!states)
		return -EMSGSIZE;
	/* the length of an attribute has 16 bits; a dump's buffer has 32 KiB at most */
	while (*next && skb_tailroom(skb) >= sizeof(state) &&
	       states->nla_len < U16_MAX - sizeof(state)) {
		rss_state_fill(css_rss(*next), &state);
		skb_put_data(skb, &state, sizeof(state));
		states->nla_len += sizeof(state);
		*next = rss_dump_advance(*next);
		cond_resched();
	}
	genlmsg_end(skb, header);
	return skb->len;
}

static int rss_genl_dump_done(struct netlink_callback *cb)
{
	struct cgroup_subsys_state *next = *rss_dump_next(cb);

	if (next)
		css_put(next);
	return 0;
}

static const struct nla_policy rss_genl_policy[RSS_CONTAINER_A_MAX + 1] = {
	[RSS_CONTAINER_A_ID] = { .type = NLA_U64 },
};

static const struct genl_ops rss_genl_ops[] = {
	{
		.cmd = RSS_CONTAINER_CMD_GET,
		.doit = rss_genl_get,
		.start = rss_genl_dump_start,
		.dumpit = rss_genl_dump,
		.done = rss_genl_dump_done,
	},
};

static const struct genl_multicast_group rss_genl_groups[] = {
	{
		.name = RSS_CONTAINER_GENL_GROUP,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

static struct genl_family rss_genl_family __ro_after_init = {
	.name = RSS_CONTAINER_GENL_NAME,
	.version = RSS_CONTAINER_GENL_VERSION,
	.maxattr = RSS_CONTAINER_A_MAX,
	.policy = rss_genl_policy,
	.ops = rss_genl_ops,
	.n_ops = ARRAY_SIZE(rss_genl_ops),
	.resv_start_op = RSS_CONTAINER_CMD_GET,
	.mcgrps = rss_genl_groups,
	.n_mcgrps = ARRAY_SIZE(rss_genl_groups),
	.module = THIS_MODULE,
};

static int __init rss_genl_init(void)
{
	return genl_register_family(&rss_genl_family);
}
late_initcall(rss_genl_init);
