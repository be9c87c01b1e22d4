/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One group: its processes, and its controller's operations. All access uses the
 * descriptor of its directory.
 */
#include "cgroup/group.h"

#include <errno.h>
#include <string.h>

#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"

int group_read_counters(struct group *group, struct counters *ret)
{
	struct counters counters = {
		COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT,
		COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT,
	};
	int r = group->controller->ops->read_counters(group, &counters);

	if (r < 0)
		return r;
	*ret = counters;
	return 0;
}

int group_read_usage(struct group *group, uint64_t *ret)
{
	return kept_read_u64(group->kept, group->fd, group->controller->ops->usage_file(group),
			     ret);
}

void group_keep_files(struct group *group, bool keep)
{
	/* The directory of a foreign group may be another one at any time. */
	if (group->foreign)
		return;
	/* If the allocation fails, the files are opened for each read. */
	if (keep && !group->kept)
		group->kept = kept_files_new();
	else if (!keep)
		group->kept = kept_files_free(group->kept);
}

void group_read_parts(struct group *group, struct memory_parts *ret)
{
	controller_read_parts(group->controller, group->fd, ret);
}

int group_read_refaults(struct group *group, uint64_t *ret)
{
	if (!controller_can(group->controller, FEATURE_REFAULTS))
		return -EOPNOTSUPP;
	return controller_read_refaults(group->controller, group->fd, ret);
}

/* Returns NULL if this controller does not have the setting on this kernel. */
static const char *setting_file(const struct group *g, unsigned int setting)
{
	const struct controller *c = g->controller;

	return c->settings & setting ? c->ops->setting_file(c, setting) : NULL;
}

int group_read_setting(struct group *group, unsigned int setting, uint64_t *ret)
{
	const char *file = setting_file(group, setting);
	uint64_t value;
	int r;

	if (!file)
		return -EOPNOTSUPP;
	r = cgroup_read_u64(group->fd, file, &value);
	if (r < 0)
		return r;
	/* v1 reports no limit as the largest number of pages that a long can hold. */
	*ret = setting_canonical(setting_by_bit(setting), value);
	return 0;
}

int group_write_setting(struct group *group, unsigned int setting, uint64_t value)
{
	const char *file = setting_file(group, setting);

	if (group->controller->kept & setting)
		return 0;
	if (!file)
		return -EOPNOTSUPP;
	if (setting_by_bit(setting)->type == SETTING_SIZE && value == LIMIT_INFINITY)
		return cgroup_write(group->fd, file, group->controller->infinity);
	return cgroup_write_u64(group->fd, file, value);
}

int group_read_settings(struct group *group, struct settings *settings)
{
	int error = 0;

	for_each_setting(setting) {
		uint64_t value;
		int r = group_read_setting(group, setting->bit, &value);

		if (r == 0)
			setting_put(setting, settings, value);
		else if (r != -EOPNOTSUPP && r != -ENOENT)
			error = r;
	}
	return error;
}

int group_write_settings(struct group *group, unsigned int which, const struct settings *settings)
{
	int r = 0;

	/* Each write must keep low at or below high; an unset low is never above it. */
	if (which & (SETTING_WMARK_HIGH | SETTING_WMARK_LOW)) {
		which |= SETTING_WMARK_HIGH | SETTING_WMARK_LOW;
		r = group_write_setting(group, SETTING_WMARK_LOW, LIMIT_INFINITY);
		if (settings->wmark_low == LIMIT_INFINITY)
			which &= ~(unsigned int)SETTING_WMARK_LOW;
	}
	for_each_setting(setting) {
		if (r >= 0 && (which & setting->bit & ~(unsigned int)SETTING_LIMIT))
			r = group_write_setting(group, setting->bit,
						setting_get(setting, settings));
	}
	return r;
}

int group_read_limit(struct group *group, uint64_t *ret)
{
	return group_read_setting(group, SETTING_LIMIT, ret);
}

int group_write_limit(struct group *group, uint64_t limit)
{
	return group_write_setting(group, SETTING_LIMIT, limit);
}

bool group_exceeds_ceiling(struct group *group, uint64_t limit, uint64_t *ret,
			   const char **ret_file)
{
	*ret_file = group->controller->ops->ceiling_file;
	return *ret_file && cgroup_read_u64(group->fd, *ret_file, ret) == 0 && limit > *ret;
}

int group_reclaim(struct group *group, uint64_t bytes, int swappiness, const struct worker *worker,
		  uint64_t *ret_freed)
{
	if (!controller_can(group->controller, FEATURE_RECLAIM))
		return -EOPNOTSUPP;
	if (swappiness != SWAPPINESS_DEFAULT &&
	    !controller_can(group->controller, FEATURE_SWAPPINESS))
		return -EOPNOTSUPP;
	return group->controller->ops->reclaim(group, bytes, swappiness, worker, ret_freed);
}

int group_reset_peak(struct group *group)
{
	if (!controller_can(group->controller, FEATURE_PEAK_RESET))
		return -EOPNOTSUPP;
	return group->controller->ops->reset_peak(group);
}

bool group_can_freeze(const struct group *group)
{
	/* Without a control file of its own, rssd would have to move processes of another program. */
	return controller_can(group->controller, FEATURE_FREEZE) &&
	       (group->controller->freezer || !group->foreign);
}

int group_freeze(struct group *group, bool freeze)
{
	if (!group_can_freeze(group))
		return -EOPNOTSUPP;
	return group->controller->ops->freeze(group, freeze);
}

int group_read_frozen(struct group *group, bool *ret)
{
	if (!group_can_freeze(group))
		return -EOPNOTSUPP;
	return group->controller->ops->read_frozen(group, ret);
}

int group_switch_oom_killer(struct group *group, bool on)
{
	if (!group->controller->ops->switch_oom_killer)
		return -EOPNOTSUPP;
	return group->controller->ops->switch_oom_killer(group, on);
}

int group_read_oom_killer(struct group *group, bool *ret)
{
	if (!group->controller->ops->read_oom_killer)
		return -EOPNOTSUPP;
	return group->controller->ops->read_oom_killer(group, ret);
}

bool group_has_setting_in(const struct group *group, const char *file)
{
	static const char *const others[] = { "memory.oom_control", "cgroup.freeze",
					      "freezer.state" };

	for_each_setting(setting) {
		const char *of_setting = setting_file(group, setting->bit);

		if (of_setting && strcmp(of_setting, file) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(others[i], file) == 0)
			return true;
	}
	return false;
}

void group_wake(struct group *group)
{
	struct group_event event = { .kind = GROUP_CHANGED };

	group->event(group, &event, group->userdata);
}

int group_watch(struct group *group, sd_event *event, group_event_fn fn, void *userdata)
{
	group->event = fn;
	group->userdata = userdata;
	return group->controller->ops->watch(group, event);
}

static void ignore_event(struct group *group, const struct group_event *event, void *userdata)
{
}

void group_unwatch(struct group *group)
{
	group->event = ignore_event;
}

int group_add_process(struct group *group, pid_t pid)
{
	const struct controller_ops *ops = group->controller->ops;
	int r;

	/* 0 would move rssd itself. */
	if (pid <= 0 || group->foreign)
		return -EINVAL;
	r = cgroup_write_u64(group->procs_fd, "cgroup.procs", (uint64_t)pid);
	if (r == 0 && ops->moved)
		ops->moved(group->controller, group->path, pid);
	return r;
}

int group_list_processes(struct group *group, pid_t **ret, size_t *ret_count)
{
	return cgroup_read_pids(group->procs_fd, "cgroup.procs", ret, ret_count);
}

int group_count_processes(struct group *group, uint32_t *ret)
{
	/*
	 * On v1, an open cgroup.procs repeats the contents of the first read for as
	 * long as it is read at least once a second.
	 */
	bool v1 = *group->controller->hierarchy;

	return kept_count_pids(v1 ? NULL : group->kept, group->procs_fd, "cgroup.procs", ret);
}

char *group_control_group(const struct group *group)
{
	char *path;

	if (group->foreign)
		return strdup(group->path);
	if (asprintf(&path, "/%s%s%s", group->controller->root, *group->path ? "/" : "",
		     group->path) < 0)
		return NULL;
	return path;
}
