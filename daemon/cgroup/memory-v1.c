/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory controller of cgroup v1.
 *
 * The kernel itself refuses a limit below usage: the write reclaims, and if that
 * is not enough the old limit stays in place (EBUSY). v1-reclaim.c reclaims a
 * given amount by that. The controller cannot kill a group as a whole (rssd does),
 * or report how much it reclaimed.
 *
 * An eventfd on memory.oom_control reports an OOM. The kernel notifies the group
 * that hit its limit and every group below. A group's own OOMs are therefore its
 * notifications minus those of its parent, which the group counts as well. No
 * file has that number: the count starts with the watch.
 *
 * memory.failcnt counts every limit hit exactly. memory.pressure_level wakes
 * rssd; the kernel signals it once per 512 pages that reclaim scanned. It costs
 * nothing while nothing is reclaimed. Unlike a threshold on usage, it need not
 * follow the limit, and it does not miss the fluctuations of a group that is at
 * its limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#include "base/failure.h"
#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"
#include "cgroup/v1-freezer.h"
#include "cgroup/v1-reclaim.h"

/* The maximum per wakeup, so that other event sources of the loop are not delayed. */
#define GROUPS_AT_ONCE 64

/* Notifications of one memory.oom_control. */
struct oom_count {
	int fd;		/* the eventfd, or -1 */
	uint64_t total; /* read from it so far */
};

/* All eventfds are in one epoll: an event source for each would double a group's memory. */
struct v1_controller {
	struct controller controller;
	int epoll;
	sd_event_source *source;
	struct v1_freezer *freezer; /* NULL: none, or in the hierarchy of the controller */
};

struct v1_group {
	pthread_mutex_t lock; /* protects the counts, which workers read as well */
	struct oom_count own, parent;
	uint64_t oom_events; /* never decreases, whatever the two counts above are */
	int pressure_fd;
};

static int v1_group_open(struct group *g)
{
	struct v1_group *v1 = calloc(1, sizeof(*v1));

	if (!v1)
		return -ENOMEM;
	v1->own.fd = v1->parent.fd = v1->pressure_fd = -1;
	(void)pthread_mutex_init(&v1->lock, NULL);
	g->data = v1;
	return 0;
}

static void close_event(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

static void v1_unwatch(struct v1_group *v1)
{
	close_event(&v1->own.fd);
	close_event(&v1->parent.fd);
	close_event(&v1->pressure_fd);
}

static void v1_group_close(struct group *g)
{
	struct v1_group *v1 = g->data;

	if (!v1)
		return;
	v1_unwatch(v1);
	free(v1);
	g->data = NULL;
}

static uint64_t drain(int fd)
{
	uint64_t n;

	return fd >= 0 && read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static uint64_t count_ooms(struct group *g)
{
	struct v1_group *v1 = g->data;
	uint64_t counted;

	(void)pthread_mutex_lock(&v1->lock);
	/*
	 * Read the group's own count first: the kernel walks the tree from the top,
	 * so each notification of the parent that reached this group is then also in
	 * the parent's count. The result may be too low for a moment; the pending
	 * notification corrects it.
	 */
	v1->own.total += drain(v1->own.fd);
	v1->parent.total += drain(v1->parent.fd);
	if (v1->own.total > v1->parent.total && v1->own.total - v1->parent.total > v1->oom_events)
		v1->oom_events = v1->own.total - v1->parent.total;
	counted = v1->oom_events;
	(void)pthread_mutex_unlock(&v1->lock);
	return counted;
}

static const char *v1_usage_file(const struct group *g)
{
	return "memory.usage_in_bytes";
}

static int v1_read_counters(struct group *g, struct counters *ret)
{
	struct cgroup_key kill = { "oom_kill", COUNTER_ABSENT };
	struct v1_group *v1 = g->data;
	int r;

	r = kept_read_u64(g->kept, g->fd, "memory.usage_in_bytes", &ret->usage);
	if (r < 0)
		return r;
	r = kept_read_u64(g->kept, g->fd, "memory.max_usage_in_bytes", &ret->peak);
	if (r < 0)
		return r;
	r = kept_read_u64(g->kept, g->fd, "memory.failcnt", &ret->failures);
	if (r < 0)
		return r;
	r = kept_read_keys(g->kept, g->fd, "memory.oom_control", &kill, 1);
	if (r < 0)
		return r;
	ret->oom_kills = kill.value;
	if (v1->own.fd >= 0)
		ret->oom_events = count_ooms(g);
	return 0;
}

static const char *v1_setting_file(const struct controller *c, unsigned int setting)
{
	return setting == SETTING_LIMIT ? "memory.limit_in_bytes" : NULL;
}

static int open_control(int dir)
{
	int fd = openat(dir, "cgroup.event_control", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

/* Registers a new eventfd for the events of @file. @control: cgroup.event_control of @dir */
static int register_event(int dir, int control, const char *file, const char *how, int *ret)
{
	cleanup_close int watched = openat(dir, file, O_RDONLY | O_CLOEXEC);
	cleanup_close int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[64];
	int length;

	if (watched < 0 || fd < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%d %d%s%s", fd, watched, how ? " " : "", how ?: "");
	if (pwrite(control, text, length, 0) < 0)
		return -errno;
	*ret = take_fd(&fd);
	return 0;
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	/* One at a time, because the callback may close other groups. */
	for (int i = 0; i < GROUPS_AT_ONCE; i++) {
		struct epoll_event event;
		int n = epoll_wait(fd, &event, 1, 0);
		struct v1_group *v1;
		struct group *g;

		if (n <= 0)
			return n == 0 || errno == EINTR ? 0 : -errno;
		g = event.data.ptr;
		v1 = g->data;
		(void)count_ooms(g);
		(void)drain(v1->pressure_fd);
		group_wake(g);
	}
	return 0;
}

static int open_epoll(struct v1_controller *c, sd_event *event)
{
	cleanup_close int fd = -1;
	int r;

	if (c->epoll >= 0)
		return 0;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = sd_event_add_io(event, &c->source, fd, EPOLLIN, on_events, NULL);
	if (r < 0)
		return r;
	c->epoll = take_fd(&fd);
	return 0;
}

static int add_event(struct group *g, int fd)
{
	struct v1_controller *c = (struct v1_controller *)g->controller;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = g };

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int watch_parent(struct group *g, struct v1_group *v1)
{
	cleanup_close int parent = openat(g->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int control = -1;
	int r;

	if (parent < 0)
		return -errno;
	control = open_control(parent);
	if (control < 0)
		return control;
	/* The root of the hierarchy has no limit, and is not known to notify. */
	r = register_event(parent, control, "memory.oom_control", NULL, &v1->parent.fd);
	return r == -EINVAL ? 0 : r;
}

static int watch_ooms(struct group *g, int control, struct v1_group *v1)
{
	int r = watch_parent(g, v1);

	if (r < 0)
		return r;
	r = register_event(g->fd, control, "memory.oom_control", NULL, &v1->own.fd);
	if (r < 0)
		return r;
	/* Start both counts together: what only the parent's has so far must not be subtracted. */
	(void)drain(v1->own.fd);
	(void)drain(v1->parent.fd);
	v1->own.total = v1->oom_events;
	v1->parent.total = 0;
	return add_event(g, v1->own.fd);
}

static int watch_pressure(struct group *g, int control, struct v1_group *v1)
{
	/* The mode exists since 4.13; before, all levels go to the group itself first. */
	int r = register_event(g->fd, control, "memory.pressure_level", "low,local",
			       &v1->pressure_fd);

	if (r == -EINVAL)
		r = register_event(g->fd, control, "memory.pressure_level", "low",
				   &v1->pressure_fd);
	if (r < 0)
		return r;
	return add_event(g, v1->pressure_fd);
}

static int v1_watch(struct group *g, sd_event *event)
{
	cleanup_close int control = open_control(g->fd);
	struct v1_group *v1 = g->data;
	int r;

	v1_unwatch(v1);
	r = control < 0 ? control : open_epoll((struct v1_controller *)g->controller, event);
	if (r >= 0)
		r = watch_ooms(g, control, v1);
	if (r >= 0)
		r = watch_pressure(g, control, v1);
	if (r < 0)
		v1_unwatch(v1);
	return r;
}

static void find_features(struct controller *c)
{
	struct cgroup_key kill = { "oom_kill", COUNTER_ABSENT };

	c->features = FEATURE_PEAK | FEATURE_PEAK_RESET | FEATURE_FAILURES | FEATURE_SAFE_LIMIT |
		      FEATURE_RECLAIM;
	if (controller_has_file(c, "cgroup.event_control") &&
	    controller_has_file(c, "memory.oom_control"))
		c->features |= FEATURE_OOM_EVENTS;
	/* since 4.13 */
	if (cgroup_read_keys(c->fd, "memory.oom_control", &kill, 1) == 0 &&
	    kill.value != COUNTER_ABSENT)
		c->features |= FEATURE_OOM_KILLS;
	c->oom_events_since_open = true;
	/* The kernel kills one process; operation/oom-group.c kills the others. */
	c->kept = SETTING_OOM_GROUP;
}

static struct controller *v1_free(struct controller *controller)
{
	struct v1_controller *v1 = (struct v1_controller *)controller;

	(void)sd_event_source_disable_unref(v1->source);
	close_event(&v1->epoll);
	v1_freezer_free(v1->freezer);
	free(v1);
	return NULL;
}

static int reclaim(struct group *g, uint64_t bytes, int swappiness, const struct worker *worker,
		   uint64_t *ret_freed)
{
	return v1_reclaim(g, bytes, worker, ret_freed);
}

static int v1_reset_peak(struct group *g)
{
	return cgroup_write(g->fd, "memory.max_usage_in_bytes", "0");
}

static struct v1_freezer *freezer_of(const struct controller *c)
{
	return ((const struct v1_controller *)c)->freezer;
}

static int v1_freeze(struct group *g, bool freeze)
{
	if (g->controller->freezer)
		return cgroup_write(g->fd, "freezer.state", freeze ? "FROZEN" : "THAWED");
	return freeze ? v1_freezer_freeze(freezer_of(g->controller), g)
		      : v1_freezer_thaw(freezer_of(g->controller), g->path);
}

static int v1_read_frozen(struct group *g, bool *ret)
{
	uint64_t value;
	int r;

	if (!g->controller->freezer) {
		*ret = v1_freezer_has(freezer_of(g->controller), g->path);
		return 0;
	}
	r = kept_read_u64(g->kept, g->fd, "freezer.self_freezing", &value);
	if (r == 0)
		*ret = value;
	return r;
}

static int v1_thaw(struct controller *c, const char *path)
{
	return freezer_of(c) ? v1_freezer_thaw(freezer_of(c), path) : 0;
}

static void v1_moved(struct controller *c, const char *path, pid_t pid)
{
	if (freezer_of(c))
		v1_freezer_moved(freezer_of(c), path, pid);
}

static int v1_switch_oom_killer(struct group *g, bool on)
{
	return cgroup_write(g->fd, "memory.oom_control", on ? "0" : "1");
}

static int v1_read_oom_killer(struct group *g, bool *ret)
{
	struct cgroup_key disabled = { "oom_kill_disable", COUNTER_ABSENT };
	int r = cgroup_read_keys(g->fd, "memory.oom_control", &disabled, 1);

	if (r < 0)
		return r;
	*ret = disabled.value != 1;
	return 0;
}

static int v1_open(const struct controller_choice *choice, struct controller **ret,
		   struct failure *failure)
{
	struct v1_controller *v1 = calloc(1, sizeof(*v1));
	cleanup_(controller_free_ptr) struct controller *c = NULL;
	uint64_t hierarchical = 1;
	int r;

	if (!v1)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "out of memory");
	v1->controller.fd = v1->epoll = -1;
	c = &v1->controller;
	c->ops = &memory_v1_ops;
	if (choice->hierarchy == HIERARCHY_V2) {
		(void)fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Hierarchy=v2 is configured");
		return -ENOENT;
	}
	r = controller_init(c, &memory_v1_ops, "memory", 1, choice->root, failure);
	if (r < 0)
		return r;
	/* Since 5.11 the tree is always hierarchical. */
	if (cgroup_read_u64(c->fd, "memory.use_hierarchy", &hierarchical) == 0 && !hierarchical) {
		r = cgroup_write(c->fd, "memory.use_hierarchy", "1");
		if (r < 0)
			return fail(
				failure, RSS_ERROR_CONTROLLER_FAILED,
				"%s/%s cannot be made hierarchical (%s); remove the directories "
				"in it and try again.",
				c->mount, c->root, strerror(-r));
	}
	find_features(c);
	if (!controller_has_file(c, "freezer.state") && v1_freezer_open(c->root, &v1->freezer) == 0)
		c->features |= FEATURE_FREEZE;
	*ret = take_ptr(c);
	return 0;
}

const struct controller_ops memory_v1_ops = {
	.name = "memory-v1",
	.open = v1_open,
	.free = v1_free,
	.group_open = v1_group_open,
	.group_close = v1_group_close,
	.read_counters = v1_read_counters,
	.usage_file = v1_usage_file,
	.lists_file = "memory.stat",
	.lists_prefix = "total_",
	.parts = { "rss", "cache", "shmem", NULL, "mapped_file", "dirty", "writeback", "swap",
		   NULL },
	.kernel_file = "memory.kmem.usage_in_bytes",
	.setting_file = v1_setting_file,
	.ceiling_file = "memory.memsw.limit_in_bytes",
	.reclaim = reclaim,
	.reset_peak = v1_reset_peak,
	.freeze = v1_freeze,
	.read_frozen = v1_read_frozen,
	.thaw = v1_thaw,
	.moved = v1_moved,
	.switch_oom_killer = v1_switch_oom_killer,
	.read_oom_killer = v1_read_oom_killer,
	.watch = v1_watch,
};
