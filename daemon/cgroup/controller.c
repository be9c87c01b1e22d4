/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selects the controller and opens its root. The groups in it are listed in
 * list-groups.c, the operations on one are in group.c, the paths in cgroup-path.c.
 *
 * The root is a path below the mount of the hierarchy, "rssd" by default; a
 * leading "/" is ignored. If a service manager owns the v2 tree, use a path
 * inside a delegated cgroup that has no processes itself:
 * "system.slice/rssd.service/containers".
 */
#include "cgroup/controller.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "cgroup/control-file.h"
#include "cgroup/hierarchy.h"
#include "host/process.h"
#include "policy/pressure.h"
#include "policy/settings.h"
#include "shared/array.h"
#include "shared/pressure-trigger.h"

/* In order of preference. */
static const struct controller_ops *const all_ops[] = {
	&rss_ops,
	&memory_v2_ops,
	&memory_v1_ops,
};

static const char *const feature_names[] = {
	"peak",
	"failures",
	"reclaimed",
	"oom-events",
	"oom-kills",
	"oom-group",
	"watermarks",
	"reclaim",
	"safe-limit",
	"limit-events",
	"in-place",
	"mapped-only",
	"scanned",
	"peak-reset",
	"freeze",
	"refaults",
	"swap",
	"pressure",
	"high",
	"low",
	"min",
	"swap-limit",
	"zswap-limit",
	"zswap",
	"reclaim-swappiness",
	"pressure-trigger",
};

const char *controller_feature_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(feature_names) ? feature_names[bit] : NULL;
}

int controller_read_refaults(const struct controller *controller, int directory, uint64_t *ret)
{
	static const char *const names[] = { "workingset_refault_anon", "workingset_refault_file" };
	const struct controller_ops *ops = controller->ops;
	char keys[ARRAY_SIZE(names)][48];
	struct cgroup_key values[ARRAY_SIZE(names)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "%s%s", ops->lists_prefix, names[i]);
		values[i] = (struct cgroup_key){ keys[i], COUNTER_ABSENT };
	}
	r = cgroup_read_keys(directory, ops->lists_file, values, ARRAY_SIZE(values));
	if (r < 0)
		return r;
	*ret = counter_sum(values[0].value, values[1].value);
	return 0;
}

/* The unified tree has the file, whatever the controller; with psi=0 it cannot be read. */
static void read_pressure(const struct controller *controller, int directory,
			  struct memory_parts *parts)
{
	cleanup_free char *text = NULL;

	if (!*controller->hierarchy)
		(void)cgroup_read(directory, "memory.pressure", &text);
	pressure_parse(text ?: "", parts);
}

void controller_read_parts(const struct controller *controller, int directory,
			   struct memory_parts *ret)
{
	const struct controller_ops *ops = controller->ops;
	const char *const names[] = {
		ops->parts.anon,	   ops->parts.file,
		ops->parts.shmem,	   ops->parts.kernel,
		ops->parts.mapped,	   "unevictable",
		"inactive_anon",	   "active_anon",
		"inactive_file",	   "active_file",
		ops->parts.dirty,	   ops->parts.writeback,
		"workingset_refault_anon", "workingset_refault_file",
		ops->parts.swap,	   ops->parts.zswap,
	};
	char keys[ARRAY_SIZE(names)][48];
	struct cgroup_key v[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* No line of the file has an empty key. */
		(void)snprintf(keys[i], sizeof(keys[i]), "%s%s", names[i] ? ops->lists_prefix : "",
			       names[i] ?: "");
		v[i] = (struct cgroup_key){ keys[i], COUNTER_ABSENT };
	}
	(void)cgroup_read_keys(directory, ops->lists_file, v, ARRAY_SIZE(v));
	*ret = (struct memory_parts){
		.anon = v[0].value,
		.file = v[1].value,
		.shmem = v[2].value,
		.kernel = v[3].value,
		.mapped = v[4].value,
		.locked = v[5].value,
		.anon_list = counter_sum(v[6].value, v[7].value),
		.file_list = counter_sum(v[8].value, v[9].value),
		.dirty = counter_sum(v[10].value, v[11].value),
		.refaults = counter_sum(v[12].value, v[13].value),
		.swap = v[14].value,
		.zswap = v[15].value,
	};
	/* Only mapped pages are charged. */
	if (controller_can(controller, FEATURE_MAPPED_ONLY))
		ret->mapped = ret->file;
	if (ops->kernel_file)
		(void)cgroup_read_u64(directory, ops->kernel_file, &ret->kernel);
	if (ops->swap_file)
		(void)cgroup_read_u64(directory, ops->swap_file, &ret->swap);
	read_pressure(controller, directory, ret);
}

int controller_open_trigger(int directory, uint64_t trigger)
{
	cleanup_close int fd =
		openat(directory, "memory.pressure", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	char text[64];
	int length;

	if (fd < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%s %" PRIu32 " %" PRIu32,
			  pressure_trigger_is_full(trigger) ? "full" : "some",
			  pressure_trigger_stall(trigger), pressure_trigger_window(trigger));
	/* With its NUL, as the kernel replaces the last byte. */
	return write(fd, text, (size_t)length + 1) < 0 ? -errno : take_fd(&fd);
}

/* Finds the settings whose control file is in the root directory, and their features. */
static void find_settings(struct controller *controller)
{
	controller->kept |= SETTING_THRESHOLD;
	for_each_setting(setting) {
		const char *file = controller->ops->setting_file(controller, setting->bit);

		if (!(controller->kept & setting->bit) &&
		    (!file || !controller_has_file(controller, file)))
			continue;
		controller->settings |= setting->bit;
		controller->features |= setting->feature;
	}
}

/* Returns 0 for each part that is reported. */
static struct memory_parts idle_parts(const struct memory_parts *parts)
{
	struct memory_parts idle = memory_parts_absent();

	for (size_t at = 0; at < sizeof(idle); at += sizeof(uint64_t)) {
		if (*(const uint64_t *)((const char *)parts + at) != COUNTER_ABSENT)
			*(uint64_t *)((char *)&idle + at) = 0;
	}
	return idle;
}

/* Since 5.2. The trigger ends with the file. */
static bool has_triggers(const struct controller *controller)
{
	cleanup_close int fd =
		controller_open_trigger(controller->fd, pressure_trigger(false, 2000000, 2000000));

	return fd >= 0;
}

/* What all controllers report in the same way, if this kernel does. */
static void find_common_features(struct controller *controller)
{
	/* Of v2 since 5.2, and of v1. */
	static const char *const freezers[] = { "cgroup.freeze", "freezer.state" };
	struct memory_parts parts;

	controller_read_parts(controller, controller->fd, &parts);
	controller->idle_parts = idle_parts(&parts);
	if (parts.refaults != COUNTER_ABSENT)
		controller->features |= FEATURE_REFAULTS;
	if (parts.swap != COUNTER_ABSENT)
		controller->features |= FEATURE_SWAP;
	if (parts.zswap != COUNTER_ABSENT)
		controller->features |= FEATURE_ZSWAP;
	if (parts.pressure_some != COUNTER_ABSENT)
		controller->features |= FEATURE_PRESSURE;
	if (controller_can(controller, FEATURE_PRESSURE) && has_triggers(controller)) {
		controller->features |= FEATURE_PRESSURE_TRIGGER;
		controller->settings |= SETTING_PRESSURE;
		controller->kept |= SETTING_PRESSURE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(freezers) && !controller->freezer; i++) {
		if (controller_has_file(controller, freezers[i]))
			controller->freezer = freezers[i];
	}
	if (controller->freezer && controller->ops->freeze)
		controller->features |= FEATURE_FREEZE;
}

int controller_open(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure)
{
	const char *wanted = choice->name;
	bool automatic = !strcmp(wanted, "auto"), known = false;
	struct failure why = { 0 };
	char tried[600] = "";
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all_ops); i++) {
		if (!automatic && strcmp(wanted, all_ops[i]->name))
			continue;
		known = true;
		r = all_ops[i]->open(choice, ret, &why);
		if (r >= 0) {
			find_settings(*ret);
			find_common_features(*ret);
			return 0;
		}
		if (at < sizeof(tried))
			at += snprintf(tried + at, sizeof(tried) - at, "%s%s: %s", at ? " " : "",
				       all_ops[i]->name, why.text);
	}
	if (!known)
		return fail(
			failure, RSS_ERROR_CONFIG,
			"Unknown controller \"%.64s\"; choose auto, rss, memory-v2 or memory-v1.",
			wanted);
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "No memory controller can be used. %s",
		    tried);
}

static bool good_root(const char *root)
{
	for (const char *part = root; *part;) {
		size_t length = strcspn(part, "/");

		if (length == 0 || length > NAME_MAX || part[0] == '.')
			return false;
		part += length;
		if (*part == '/' && !*++part)
			return false;
	}
	return *root;
}

/* Opens one directory of the root's path, and creates it if it is missing. */
static int enter(struct controller *c, int parent, const char *name, const char *path, int *ret)
{
	int fd, r;

	if (c->ops->prepare_parent) {
		r = c->ops->prepare_parent(c, parent);
		if (r < 0)
			return r;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		r = hierarchy_create(c->mount, c->kernel_name, path);
		if (r < 0)
			return r;
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int enter_root(struct controller *c)
{
	cleanup_close int dir = open(c->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *path = strdup(c->root);

	if (dir < 0)
		return -errno;
	if (!path)
		return -ENOMEM;
	for (char *part = path; part;) {
		char *slash = strchr(part, '/');
		int next = -1, r;

		if (slash)
			*slash = '\0';
		r = enter(c, dir, part, path, &next);
		if (r < 0)
			return r;
		close(dir);
		dir = next;
		if (slash)
			*slash = '/';
		part = slash ? slash + 1 : NULL;
	}
	c->fd = take_fd(&dir);
	return 0;
}

static int explain(const struct controller *c, int error, struct failure *failure)
{
	const char *hint = "";

	switch (-error) {
	case EROFS:
		hint = " The cgroup tree is mounted read-only; mount it writable.";
		break;
	case EACCES:
	case EPERM:
		hint = " rssd must run as root.";
		break;
	case EBUSY:
		hint = " A parent directory has processes; choose another Root=.";
		break;
	case ENOENT:
		hint = " The controller is not enabled for that directory; check "
		       "cgroup.subtree_control of its parents, or choose another Root=.";
		break;
	}
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot create %s/%s: %s.%s", c->mount,
		    c->root, strerror(-error), hint);
}

int controller_init(struct controller *c, const struct controller_ops *ops, const char *kernel_name,
		    int version, const char *root, struct failure *failure)
{
	int found = 0, r;

	c->ops = ops;
	c->fd = -1;
	c->kernel_name = kernel_name;
	c->infinity = version == 2 ? "max" : "-1";
	root += strspn(root, "/");
	if (!good_root(root))
		return fail(failure, RSS_ERROR_CONFIG,
			    "\"%.64s\" is not a path below a cgroup mount.", root);
	r = hierarchy_find(kernel_name, &c->mount, &found);
	if (r == -ENOENT || (r >= 0 && found != version)) {
		(void)fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			   "the %s controller is not in a v%d hierarchy here", kernel_name,
			   version);
		return -ENOENT;
	}
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "the cgroup mounts cannot be read: %s.", strerror(-r));
	c->root = strdup(root);
	c->hierarchy = strdup(version == 2 ? "" : kernel_name);
	if (!c->root || !c->hierarchy)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "out of memory");
	r = enter_root(c);
	return r < 0 ? explain(c, r, failure) : 0;
}

int controller_check_mount(const struct controller *controller)
{
	cleanup_close int mount = open(controller->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat ours, there;

	if (fstat(controller->fd, &ours) < 0)
		return -errno;
	if (mount < 0 || fstatat(mount, controller->root, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? -ESTALE : -errno;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino ? 0 : -ESTALE;
}

struct controller *controller_free(struct controller *controller)
{
	if (!controller)
		return NULL;
	if (controller->fd >= 0)
		close(controller->fd);
	free(controller->root);
	free(controller->mount);
	free(controller->hierarchy);
	free(controller->events_problem);
	/* Each controller's struct begins with this one; without a hook it owns nothing else. */
	if (controller->ops->free)
		return controller->ops->free(controller);
	free(controller);
	return NULL;
}

uint64_t controller_limit_min(const struct controller *controller)
{
	/* Controllers count pages; by themselves they refuse only a limit below one page. */
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

bool controller_has_file(const struct controller *controller, const char *file)
{
	return faccessat(controller->fd, file, F_OK, 0) == 0;
}

int controller_write_root(const struct controller *controller, unsigned int setting, uint64_t value)
{
	const char *file = controller->ops->setting_file(controller, setting);

	if (!file)
		return -EOPNOTSUPP;
	return value == LIMIT_INFINITY ? cgroup_write(controller->fd, file, controller->infinity)
				       : cgroup_write_u64(controller->fd, file, value);
}
