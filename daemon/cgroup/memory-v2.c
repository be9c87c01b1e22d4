/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory controller of the unified hierarchy (cgroup v2).
 *
 * A leaf's memory belongs to the group (v2.h). The leaf has its own counters
 * only if the group has groups below it; kills are then counted in the leaf.
 *
 * The kernel sets a limit first, then reclaims, and kills processes if usage
 * stays above it. The caller must therefore reclaim before it lowers a limit. A
 * signal ends the kernel's reclaim with the new limit in place and no error.
 * memory.high throttles, which a watermark does not, so it is not used as one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/failure.h"
#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"
#include "cgroup/v2.h"

static void v2_group_close(struct group *g)
{
	g->data = sd_event_source_disable_unref(g->data);
}

static uint64_t reclaimed_bytes(struct group *g)
{
	struct cgroup_key steal = { "pgsteal", COUNTER_ABSENT };

	if (!controller_can(g->controller, FEATURE_RECLAIMED) ||
	    cgroup_read_keys(g->fd, "memory.stat", &steal, 1) < 0 || steal.value == COUNTER_ABSENT)
		return COUNTER_ABSENT;
	return steal.value * (uint64_t)sysconf(_SC_PAGESIZE);
}

static const char *v2_usage_file(const struct group *g)
{
	return "memory.current";
}

/*
 * Since 6.12 a peak can be reset for an open file, which then reports the peak since the reset; all
 * other files report the peak since the creation.
 */
static int v2_reset_peak(struct group *g)
{
	cleanup_close int fd = openat(g->fd, "memory.peak", O_RDWR | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0)
		return -errno;
	/* dup3() replaces the descriptor atomically: a worker may be reading it. */
	if (g->peak_fd >= 0)
		return dup3(fd, g->peak_fd, O_CLOEXEC) < 0 ? -errno : 0;
	__atomic_store_n(&g->peak_fd, take_fd(&fd), __ATOMIC_RELEASE);
	return 0;
}

static int read_peak(struct group *g, uint64_t *ret)
{
	int fd = __atomic_load_n(&g->peak_fd, __ATOMIC_ACQUIRE);
	char text[32];
	ssize_t length = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : 0;

	if (length > 0) {
		text[length] = '\0';
		return cgroup_parse_u64(text, ret);
	}
	/* The directory of a foreign group may be another one now: see group_bind(). */
	if (length < 0 && errno != ENODEV)
		return -errno;
	return kept_read_u64(g->kept, g->fd, "memory.peak", ret);
}

static int v2_read_counters(struct group *g, struct counters *ret)
{
	struct cgroup_key keys[] = {
		{ "max", COUNTER_ABSENT },
		{ "oom", COUNTER_ABSENT },
		{ "oom_kill", COUNTER_ABSENT },
	};
	struct cgroup_key leaf_kill = { "oom_kill", 0 };
	int r;

	r = kept_read_u64(g->kept, g->fd, "memory.current", &ret->usage);
	if (r < 0)
		return r;
	r = kept_read_keys(g->kept, g->fd, "memory.events.local", keys, ARRAY_SIZE(keys));
	/* Since 5.2. Before, the file counts groups below as well. */
	if (r == -ENOENT)
		r = kept_read_keys(g->kept, g->fd, "memory.events", keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	ret->failures = keys[0].value;
	ret->oom_events = keys[1].value;
	ret->oom_kills = keys[2].value;
	if (g->procs_fd != g->fd && ret->oom_kills != COUNTER_ABSENT) {
		r = kept_read_keys(g->kept, g->procs_fd, "memory.events.local", &leaf_kill, 1);
		if (r < 0 && r != -ENOENT)
			return r;
		ret->oom_kills += leaf_kill.value;
	}
	if (controller_can(g->controller, FEATURE_PEAK)) {
		r = read_peak(g, &ret->peak);
		if (r < 0)
			return r;
	}
	ret->reclaimed = reclaimed_bytes(g);
	return 0;
}

static const char *v2_setting_file(const struct controller *c, unsigned int setting)
{
	switch (setting) {
	case SETTING_LIMIT:
		return "memory.max";
	case SETTING_OOM_GROUP: /* since 4.19 */
		return "memory.oom.group";
	case SETTING_HIGH:
		return "memory.high";
	case SETTING_LOW:
		return "memory.low";
	case SETTING_MIN:
		return "memory.min";
	case SETTING_SWAP_LIMIT: /* with CONFIG_SWAP */
		return "memory.swap.max";
	case SETTING_ZSWAP_LIMIT: /* since 5.19, with CONFIG_ZSWAP */
		return "memory.zswap.max";
	default:
		return NULL;
	}
}

static int v2_reclaim(struct group *g, uint64_t bytes, int swappiness, const struct worker *worker,
		      uint64_t *ret_freed)
{
	uint64_t before = reclaimed_bytes(g), usage = 0, after, left;
	int r;

	(void)cgroup_read_u64(g->fd, "memory.current", &usage);
	r = cgroup_write_reclaim(g->fd, "memory.reclaim", bytes, swappiness);
	if (r < 0 && r != -EAGAIN && r != -EINTR)
		return r;
	after = reclaimed_bytes(g);
	if (before != COUNTER_ABSENT && after != COUNTER_ABSENT)
		*ret_freed = after - before;
	else if (cgroup_read_u64(g->fd, "memory.current", &left) == 0 && left < usage)
		*ret_freed = usage - left;
	else
		*ret_freed = 0;
	return r;
}

static int on_modified(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct group *g = userdata;

	/* After IN_IGNORED the directory is gone and has no counters to read. */
	if (!(event->mask & IN_IGNORED))
		group_wake(g);
	return 0;
}

/*
 * Watches memory.events, which counts groups below as well, so that a kill in the
 * leaf for an ancestor's limit is noticed. sd-event shares one inotify descriptor
 * among all watches.
 */
static int v2_watch(struct group *g, sd_event *event)
{
	sd_event_source *source = NULL;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", g->fd);
	r = sd_event_add_inotify(event, &source, path, IN_MODIFY, on_modified, g);
	if (r < 0)
		return r;
	(void)sd_event_source_disable_unref(g->data);
	g->data = source;
	return 0;
}

/* Before 6.12 the peak is read-only. */
static bool peak_is_writable(const struct controller *c)
{
	struct stat file;

	return fstatat(c->fd, "memory.peak", &file, 0) == 0 && (file.st_mode & S_IWUSR);
}

/* rssd's root is not the root cgroup, so it has every file that a group will have. */
static void find_features(struct controller *c)
{
	struct cgroup_key steal = { "pgsteal", COUNTER_ABSENT };

	c->features = FEATURE_FAILURES | FEATURE_OOM_EVENTS | FEATURE_OOM_KILLS |
		      FEATURE_LIMIT_EVENTS;
	/* since 5.19 */
	if (controller_has_file(c, "memory.peak"))
		c->features |= FEATURE_PEAK;
	if (peak_is_writable(c))
		c->features |= FEATURE_PEAK_RESET;
	if (controller_has_file(c, "memory.reclaim"))
		c->features |= FEATURE_RECLAIM;
	/* Since 6.8. Older kernels refuse the text; 0 bytes reclaim nothing. */
	if (controller_can(c, FEATURE_RECLAIM) &&
	    cgroup_write_reclaim(c->fd, "memory.reclaim", 0, 60) == 0)
		c->features |= FEATURE_SWAPPINESS;
	if (cgroup_read_keys(c->fd, "memory.stat", &steal, 1) == 0 && steal.value != COUNTER_ABSENT)
		c->features |= FEATURE_RECLAIMED;
}

static int v2_open(const struct controller_choice *choice, struct controller **ret,
		   struct failure *failure)
{
	cleanup_(controller_free_ptr) struct controller *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "out of memory");
	c->leaf = UNIFIED_LEAF;
	c->fd = -1;
	c->ops = &memory_v2_ops;
	if (choice->hierarchy == HIERARCHY_V1) {
		(void)fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Hierarchy=v1 is configured");
		return -ENOENT;
	}
	r = controller_init(c, &memory_v2_ops, "memory", 2, choice->root, failure);
	if (r < 0)
		return r;
	if (!controller_has_file(c, "memory.current"))
		return fail(
			failure, RSS_ERROR_CONTROLLER_FAILED,
			"%s/%s has no memory controller; check cgroup.subtree_control of its parents",
			c->mount, c->root);
	find_features(c);
	*ret = take_ptr(c);
	return 0;
}

const struct controller_ops memory_v2_ops = {
	.name = "memory-v2",
	.open = v2_open,
	.prepare_parent = unified_prepare_parent,
	.group_open = unified_group_open,
	.group_close = v2_group_close,
	.read_counters = v2_read_counters,
	.usage_file = v2_usage_file,
	.lists_file = "memory.stat",
	.lists_prefix = "",
	.parts = { .anon = "anon",
		   .file = "file",
		   .shmem = "shmem",
		   .kernel = "kernel", /* since 5.18 */
		   .mapped = "file_mapped",
		   .dirty = "file_dirty",
		   .writeback = "file_writeback",
		   .zswap = "zswapped" }, /* since 5.19 */
	.swap_file = "memory.swap.current",
	.setting_file = v2_setting_file,
	.reclaim = v2_reclaim,
	.reset_peak = v2_reset_peak,
	.freeze = unified_freeze,
	.read_frozen = unified_read_frozen,
	.watch = v2_watch,
};
