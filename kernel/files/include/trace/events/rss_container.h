/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rss_container

#if !defined(_TRACE_RSS_CONTAINER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_RSS_CONTAINER_H

#include <linux/cgroup.h>
#include <linux/tracepoint.h>

#define RSS_CONTAINER_CAUSES						\
	{ RSS_CONTAINER_CAUSE_LIMIT,		"limit" },		\
	{ RSS_CONTAINER_CAUSE_BACKGROUND,	"background" },		\
	{ RSS_CONTAINER_CAUSE_REQUEST,		"request" },		\
	{ RSS_CONTAINER_CAUSE_RESIZE,		"resize" }

/* id is the cgroup's; usage and limit are pages, as are all counts of them */
DECLARE_EVENT_CLASS(rss_container_pages,

	TP_PROTO(struct rss_container *rss, unsigned long nr),

	TP_ARGS(rss, nr),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, usage)
		__field(unsigned long, limit)
		__field(unsigned long, nr)
	),

	TP_fast_assign(
		__entry->id = cgroup_id(rss->css.cgroup);
		__entry->usage = page_counter_read(&rss->res);
		__entry->limit = READ_ONCE(rss->res.max);
		__entry->nr = nr;
	),

	TP_printk("id=%llu usage=%lu limit=%lu nr=%lu",
		  __entry->id, __entry->usage, __entry->limit, __entry->nr)
);

/* nr pages could not be charged: the limit was hit, reclaim follows */
DEFINE_EVENT(rss_container_pages, rss_container_charge_fail,
	TP_PROTO(struct rss_container *rss, unsigned long nr),
	TP_ARGS(rss, nr)
);

/* reclaim failed to make room for nr pages, a process will be killed */
DEFINE_EVENT(rss_container_pages, rss_container_oom,
	TP_PROTO(struct rss_container *rss, unsigned long nr),
	TP_ARGS(rss, nr)
);

TRACE_EVENT(rss_container_reclaim_begin,

	TP_PROTO(struct rss_container *rss, unsigned long nr, unsigned int cause),

	TP_ARGS(rss, nr, cause),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, usage)
		__field(unsigned long, limit)
		__field(unsigned long, nr)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		__entry->id = cgroup_id(rss->css.cgroup);
		__entry->usage = page_counter_read(&rss->res);
		__entry->limit = READ_ONCE(rss->res.max);
		__entry->nr = nr;
		__entry->cause = cause;
	),

	TP_printk("id=%llu usage=%lu limit=%lu nr=%lu cause=%s",
		  __entry->id, __entry->usage, __entry->limit, __entry->nr,
		  __print_symbolic(__entry->cause, RSS_CONTAINER_CAUSES))
);

TRACE_EVENT(rss_container_reclaim_end,

	TP_PROTO(struct rss_container *rss, unsigned long scanned,
		 unsigned long freed, unsigned int cause),

	TP_ARGS(rss, scanned, freed, cause),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, usage)
		__field(unsigned long, scanned)
		__field(unsigned long, freed)
		__field(unsigned int, cause)
	),

	TP_fast_assign(
		__entry->id = cgroup_id(rss->css.cgroup);
		__entry->usage = page_counter_read(&rss->res);
		__entry->scanned = scanned;
		__entry->freed = freed;
		__entry->cause = cause;
	),

	TP_printk("id=%llu usage=%lu scanned=%lu freed=%lu cause=%s",
		  __entry->id, __entry->usage, __entry->scanned, __entry->freed,
		  __print_symbolic(__entry->cause, RSS_CONTAINER_CAUSES))
);

#endif /* _TRACE_RSS_CONTAINER_H */

#include <trace/define_trace.h>
