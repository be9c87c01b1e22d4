/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rss controller, which limits mapped memory: the kernel part of this
 * project. It refuses a limit below usage if reclaim does not free enough, and
 * reports events by netlink (host/rss-events.h).
 *
 * The controller is used in its own v1 hierarchy, so that a process keeps its
 * place in every other hierarchy: its unit, session or pod. This file mounts the
 * hierarchy if it is not mounted. Without a mount, the hierarchy persists as long
 * as it has groups. If a v1 hierarchy is not wanted or not possible, the
 * controller is used in the v2 tree, with leaves (v2.h).
 *
 * A hierarchy mounted here includes the freezer if that is not in use elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"
#include "cgroup/hierarchy.h"
#include "cgroup/rss-read-all.h"
#include "cgroup/v2.h"
#include "host/rss-events.h"

#define NAME "rss"

/* The names of the control files, which differ between v1 and v2. */
struct files {
	const char *usage, *limit, *wmark_high, *wmark_low, *low, *peak, *oom_group, *events_local;
};

static const struct files files_v1 = {
	.usage = "rss.usage_in_bytes",
	.limit = "rss.limit_in_bytes",
	.wmark_high = "rss.wmark_high_in_bytes",
	.wmark_low = "rss.wmark_low_in_bytes",
	.low = "rss.low_in_bytes",
	.peak = "rss.max_usage_in_bytes",
	.oom_group = "rss.oom_group",
	.events_local = "rss.events_local",
};

static const struct files files_v2 = {
	.usage = "rss.current",
	.limit = "rss.max",
	.wmark_high = "rss.wmark_high",
	.wmark_low = "rss.wmark_low",
	.low = "rss.low",
	.peak = "rss.peak",
	.oom_group = "rss.oom.group",
	.events_local = "rss.events.local",
};

struct rss_controller {
	struct controller controller;
	const struct files *files;
	struct rss_events *events; /* NULL: see controller.events_problem */
};

static struct rss_controller *rss_of(const struct group *g)
{
	return (struct rss_controller *)g->controller;
}

static const struct files *files_of(const struct group *g)
{
	return rss_of(g)->files;
}

static bool is_unified(const struct controller *c)
{
	return c->leaf;
}

/* --- groups -------------------------------------------------------------------- */

static int rss_prepare_parent(struct controller *c, int parent)
{
	return is_unified(c) ? unified_prepare_parent(c, parent) : 0;
}

static int rss_group_open(struct group *g)
{
	g->data = calloc(1, sizeof(struct rss_group));
	if (!g->data)
		return -ENOMEM;
	return unified_group_open(g);
}

static void rss_group_close(struct group *g)
{
	struct rss_group *rss = g->data;
	struct rss_events *events = rss_of(g)->events;

	if (rss && events) {
		rss_events_forget(events, &rss->own);
		rss_events_forget(events, &rss->leaf);
	}
	free(rss);
	g->data = NULL;
}

/* --- counters ------------------------------------------------------------------ */

static const char *rss_usage_file(const struct group *g)
{
	return files_of(g)->usage;
}

static int rss_read_counters(struct group *g, struct counters *ret)
{
	struct cgroup_key events[] = {
		{ "max", COUNTER_ABSENT },
		{ "oom", COUNTER_ABSENT },
	};
	/* Includes groups below, which need not be containers. */
	struct cgroup_key kill = { "oom_kill", COUNTER_ABSENT };
	struct cgroup_key stat[] = {
		{ "pgscan", COUNTER_ABSENT },
		{ "pgsteal", COUNTER_ABSENT },
	};
	const struct files *files = files_of(g);
	int r;

	r = kept_read_u64(g->kept, g->fd, files->usage, &ret->usage);
	if (r >= 0)
		r = kept_read_u64(g->kept, g->fd, files->peak, &ret->peak);
	if (r >= 0)
		r = kept_read_keys(g->kept, g->fd, files->events_local, events, ARRAY_SIZE(events));
	if (r >= 0)
		r = kept_read_keys(g->kept, g->fd, "rss.events", &kill, 1);
	if (r >= 0)
		r = kept_read_keys(g->kept, g->fd, "rss.stat", stat, ARRAY_SIZE(stat));
	if (r < 0)
		return r;
	ret->failures = events[0].value;
	ret->oom_events = events[1].value;
	ret->oom_kills = kill.value;
	ret->scanned = stat[0].value;
	if (stat[1].value != COUNTER_ABSENT)
		ret->reclaimed = stat[1].value * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static int rss_read_all(struct controller *c, struct group_reading readings[], size_t count)
{
	const struct rss_controller *rss = (const struct rss_controller *)c;

	return rss_read_states(rss_events_family(rss->events), readings, count);
}

static int rss_reset_peak(struct group *g)
{
	return cgroup_write(g->fd, files_of(g)->peak, "0");
}

/* --- limits -------------------------------------------------------------------- */

static const char *rss_setting_file(const struct controller *c, unsigned int setting)
{
	const struct files *files = ((const struct rss_controller *)c)->files;

	switch (setting) {
	case SETTING_LIMIT:
		return files->limit;
	case SETTING_WMARK_HIGH:
		return files->wmark_high;
	case SETTING_WMARK_LOW:
		return files->wmark_low;
	case SETTING_OOM_GROUP:
		return files->oom_group;
	case SETTING_LOW: /* not in the first versions of the kernel half */
		return files->low;
	default:
		return NULL;
	}
}

static int rss_reclaim(struct group *g, uint64_t bytes, int swappiness, const struct worker *worker,
		       uint64_t *ret_freed)
{
	struct counters before = { .reclaimed = COUNTER_ABSENT }, after = before;
	int r = rss_read_counters(g, &before);

	if (r < 0)
		return r;
	r = cgroup_write_reclaim(g->fd, "rss.reclaim", bytes, swappiness);
	if (r < 0 && r != -EAGAIN && r != -EINTR)
		return r;
	*ret_freed = COUNTER_ABSENT;
	if (rss_read_counters(g, &after) == 0 && before.reclaimed != COUNTER_ABSENT &&
	    after.reclaimed != COUNTER_ABSENT)
		*ret_freed = after.reclaimed - before.reclaimed;
	return r;
}

/* --- freezing ------------------------------------------------------------------ */

static int rss_freeze(struct group *g, bool freeze)
{
	if (is_unified(g->controller))
		return unified_freeze(g, freeze);
	return cgroup_write(g->fd, "freezer.state", freeze ? "FROZEN" : "THAWED");
}

static int rss_read_frozen(struct group *g, bool *ret)
{
	uint64_t value;
	int r;

	if (is_unified(g->controller))
		return unified_read_frozen(g, ret);
	r = kept_read_u64(g->kept, g->fd, "freezer.self_freezing", &value);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

/* --- events -------------------------------------------------------------------- */

static void on_message(const struct rss_message *message, uint64_t lost, void *userdata)
{
	static const enum group_event_kind kinds[] = {
		[RSS_CONTAINER_EVENT_LIMIT] = GROUP_LIMIT,
		[RSS_CONTAINER_EVENT_RECLAIM] = GROUP_RECLAIMED,
		[RSS_CONTAINER_EVENT_WMARK_HIGH] = GROUP_WMARK_HIGH,
		[RSS_CONTAINER_EVENT_WMARK_LOW] = GROUP_WMARK_LOW,
		[RSS_CONTAINER_EVENT_OOM] = GROUP_OOM,
		[RSS_CONTAINER_EVENT_OOM_KILL] = GROUP_OOM_KILL,
	};
	struct group *g = userdata;
	struct group_event event = { .kind = GROUP_LOST, .lost = lost };

	if (message)
		event = (struct group_event){
			.kind = kinds[message->kind],
			.count = message->count,
			.usage = message->usage,
			.limit = message->limit,
			.victim = message->pid,
			.comm = message->comm,
		};
	g->event(g, &event, g->userdata);
}

static int listen(struct group *g, struct rss_listener *listener, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	listener->fn = on_message;
	listener->userdata = g;
	return rss_events_listen(rss_of(g)->events, listener, st.st_ino);
}

static int rss_watch(struct group *g, sd_event *event)
{
	struct rss_events *events = rss_of(g)->events;
	struct rss_group *rss = g->data;
	int r;

	/* Without events, callers read the counters. */
	if (!events)
		return 0;
	r = rss_events_attach(events, event);
	if (r >= 0)
		r = listen(g, &rss->own, g->fd);
	if (r >= 0 && g->procs_fd != g->fd)
		r = listen(g, &rss->leaf, g->procs_fd);
	return r;
}

static int open_events(struct rss_controller *rss)
{
	const char *problem = NULL;
	char *text;
	int r = rss_events_new(&rss->events, &problem);

	if (r == 0) {
		rss->controller.reports_facts = true;
		rss->controller.needs_admin = true;
		rss->controller.reads_all = true;
		return 0;
	}
	if (asprintf(&text, "%s (%s)", problem, strerror(-r)) < 0)
		return -ENOMEM;
	rss->controller.events_problem = text;
	return 0;
}

/* --- opening ------------------------------------------------------------------- */

static struct controller *rss_free(struct controller *controller)
{
	struct rss_controller *rss = (struct rss_controller *)controller;

	rss_events_free(rss->events);
	free(rss);
	return NULL;
}

/*
 * Mounts rss with the freezer, or alone if the freezer is in use elsewhere.
 * Without favordynmods, each attach waits for an RCU grace period of some 10 ms.
 */
static int mount_own(const struct controller_choice *choice)
{
	static const char *const ways[][2] = {
		[false] = { NAME ",freezer", NAME },
		[true] = { NAME ",freezer,favordynmods", NAME ",favordynmods" },
	};
	const char *const *way = ways[choice->favor_dynmods];
	int r = hierarchy_mount(way[0], NAME, choice->mount_point);

	return r < 0 ? hierarchy_mount(way[1], NAME, choice->mount_point) : 0;
}

/* Finds the version in which the controller is mounted, or mounts it. */
static int choose_version(const struct controller_choice *choice, int *ret, struct failure *failure)
{
	cleanup_free char *mount = NULL;
	int version = 0, r = hierarchy_knows(NAME);

	if (r <= 0) {
		(void)fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			   "this kernel has no rss controller");
		return r < 0 ? r : -ENOENT;
	}
	r = hierarchy_find(NAME, &mount, &version);
	if (r < 0 && r != -ENOENT)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "the cgroup mounts cannot be read: %s", strerror(-r));
	if (version == 1 && choice->hierarchy == HIERARCHY_V2)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Hierarchy=v2 is configured, but the controller is in the v1 "
			    "hierarchy at %s; remove the cgroups there and unmount it",
			    mount);
	*ret = version;
	if (version == 1)
		return 0;
	if (choice->hierarchy != HIERARCHY_V2) {
		r = mount_own(choice);
		if (r == 0) {
			*ret = 1;
			return 0;
		}
		if (version == 0 || choice->hierarchy == HIERARCHY_V1)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
				    "a hierarchy for it cannot be mounted at %s (%s)",
				    choice->mount_point, strerror(-r));
	}
	if (version == 0)
		return fail(
			failure, RSS_ERROR_CONTROLLER_FAILED,
			"Hierarchy=v2 is configured, but no unified tree with the controller is "
			"mounted");
	return 0;
}

static void find_features(struct controller *c)
{
	c->features = FEATURE_PEAK | FEATURE_FAILURES | FEATURE_RECLAIMED | FEATURE_OOM_EVENTS |
		      FEATURE_OOM_KILLS | FEATURE_RECLAIM | FEATURE_SAFE_LIMIT |
		      FEATURE_MAPPED_ONLY | FEATURE_SCANNED;
	if (c->reports_facts)
		c->features |= FEATURE_LIMIT_EVENTS;
	if (!is_unified(c))
		c->features |= FEATURE_IN_PLACE | FEATURE_PEAK_RESET;
	/* The first versions of the kernel half refuse the text; 0 bytes reclaim nothing. */
	if (cgroup_write_reclaim(c->fd, "rss.reclaim", 0, 60) == 0)
		c->features |= FEATURE_SWAPPINESS;
}

static int rss_open(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure)
{
	struct rss_controller *rss = calloc(1, sizeof(*rss));
	cleanup_(controller_free_ptr) struct controller *c = NULL;
	int version = 0, r;

	if (!rss)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "out of memory");
	c = &rss->controller;
	c->ops = &rss_ops;
	c->fd = -1;
	r = choose_version(choice, &version, failure);
	if (r < 0)
		return r;
	rss->files = version == 2 ? &files_v2 : &files_v1;
	c->leaf = version == 2 ? UNIFIED_LEAF : NULL;
	r = controller_init(c, &rss_ops, NAME, version, choice->root, failure);
	if (r < 0)
		return r;
	if (!controller_has_file(c, rss->files->usage))
		return fail(
			failure, RSS_ERROR_CONTROLLER_FAILED,
			"%s/%s has no rss controller; check cgroup.subtree_control of its parents",
			c->mount, c->root);
	r = open_events(rss);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "out of memory");
	find_features(c);
	*ret = take_ptr(c);
	return 0;
}

const struct controller_ops rss_ops = {
	.name = NAME,
	.open = rss_open,
	.free = rss_free,
	.prepare_parent = rss_prepare_parent,
	.group_open = rss_group_open,
	.group_close = rss_group_close,
	.read_counters = rss_read_counters,
	.read_all = rss_read_all,
	.usage_file = rss_usage_file,
	.lists_file = "rss.stat",
	.lists_prefix = "",
	.parts = { .anon = "anon", .file = "file" },
	.setting_file = rss_setting_file,
	.reclaim = rss_reclaim,
	.reset_peak = rss_reset_peak,
	.freeze = rss_freeze,
	.read_frozen = rss_read_frozen,
	.watch = rss_watch,
};
