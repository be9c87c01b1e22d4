/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of rssd for a hook: see oci-contain.h. */
#include "verb/oci-contain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/clock.h"
#include "shared/file.h"
#include "shared/size.h"
#include "verb/oci-group.h"

#define TRY_AGAIN_USEC (20 * 1000)
/* rssd ends its reclaim this much before the deadline, so that it can answer and undo the creation. */
#define ANSWER_USEC (400 * 1000)
/* How long the removal of a container without its limit may take, after the deadline. */
#define UNDO_USEC (200 * 1000)
/* How long a runtime that has called its last hook may take to remove the cgroup. */
#define END_USEC (1000 * 1000)

#define RULE "cgroup="

DEFINE_CLEANUP(struct rss_client *, rss_close);
DEFINE_CLEANUP(struct rss_container *, rss_container_free);
DEFINE_CLEANUP(struct rss_daemon_info *, rss_daemon_info_free);
#define cleanup_client cleanup_(rss_close_ptr)

__attribute__((format(printf, 3, 4))) static int fail(struct oci_call *call, int error,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(call->message, sizeof(call->message), format, args);
	va_end(args);
	return error;
}

static int fail_call(struct oci_call *call, struct rss_client *client, int error)
{
	return fail(call, error, "%s", rss_error_message(client));
}

/* --- time -------------------------------------------------------------------------- */

/* At least 1 ms, for a call that fails then. */
static uint64_t time_left(const struct oci_call *call)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	return now + 1000 < call->deadline ? call->deadline - now : 1000;
}

/* Waits a moment. Returns false if there is no time for another try. */
static bool wait_for_try(const struct oci_call *call, struct rss_client *client)
{
	if (time_left(call) <= 2 * TRY_AGAIN_USEC)
		return false;
	(void)usleep(TRY_AGAIN_USEC);
	return rss_set_timeout(client, time_left(call)) == 0;
}

static int connect_to(struct oci_call *call, struct rss_client **ret)
{
	int r = rss_open_within(time_left(call), ret);

	if (r == -ETIME)
		return fail(call, r, "rssd does not answer");
	if (r == -EACCES)
		return fail(call, r, "the bus does not permit a call of rssd");
	return r < 0 ? fail_call(call, NULL, r) : 0;
}

/* --- where the container is -------------------------------------------------------- */

struct target {
	bool attached; /* its process is attached to a cgroup of rssd; else its own cgroup is the place */
	struct oci_group group;
	char *rule;
};

static void target_done(struct target *target)
{
	oci_group_done(&target->group);
	free(target->rule);
}

static int read_cgroups(struct oci_call *call, const char *path, char **ret)
{
	int r = read_file_at(AT_FDCWD, path, FILE_FOREIGN_MAX, ret, NULL);

	return r < 0 ? fail(call, r, "%s cannot be read: %s", path, strerror(-r)) : 0;
}

static bool has_feature(const struct rss_daemon_info *info, const char *feature)
{
	for (size_t i = 0; info->features[i]; i++) {
		if (strcmp(info->features[i], feature) == 0)
			return true;
	}
	return false;
}

/*
 * The hierarchy in which rssd limits the runtime's own cgroup. The rss controller has a hierarchy of its
 * own, to which processes are attached, if it is not part of the unified one.
 */
static enum oci_hierarchy hierarchy_of(const struct rss_daemon_info *info)
{
	if (strcmp(info->controller, "memory-v1") == 0)
		return OCI_MEMORY;
	return strcmp(info->controller, "rss") == 0 && has_feature(info, "in-place") ? OCI_ANY
										     : OCI_UNIFIED;
}

/* rssd refuses it as not supported, which is no bad value. */
static int check_name_of_place(struct oci_call *call, const struct rss_daemon_info *info)
{
	if (!strchr(call->name, '/'))
		return 0;
	return fail(
		call, -EINVAL,
		"\"%.200s\" cannot be nested with %s, as its cgroup is not in that of \"%.*s\"; "
		"choose a name without \"/\"",
		call->name, info->controller, (int)(strrchr(call->name, '/') - call->name),
		call->name);
}

static int find_target(struct oci_call *call, const struct rss_daemon_info *info,
		       struct target *ret)
{
	enum oci_hierarchy hierarchy = hierarchy_of(info);
	cleanup_free char *cgroups = NULL, *own = NULL;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)call->state->pid);
	r = read_cgroups(call, path, &cgroups);
	if (r == 0)
		r = read_cgroups(call, "/proc/self/cgroup", &own);
	if (r < 0)
		return r;
	r = oci_group_find(cgroups, own, hierarchy, call->state->id, &ret->group);
	if (r == -ENOMEM)
		return fail(call, r, "Out of memory");
	if (r < 0 && hierarchy == OCI_UNIFIED)
		return fail(call, -EOPNOTSUPP,
			    "it has no cgroup of its own, which rssd needs with %s",
			    info->controller);
	ret->attached = r < 0 || hierarchy == OCI_ANY;
	if (!ret->attached)
		return check_name_of_place(call, info);
	if (r < 0)
		return 0;
	if (!oci_group_is_plain(ret->group.path))
		return fail(call, -EINVAL, "no rule of rssd can name its cgroup \"%.128s\"",
			    ret->group.path);
	if (asprintf(&ret->rule, RULE "%s", ret->group.path) < 0) {
		ret->rule = NULL;
		return fail(call, -ENOMEM, "Out of memory");
	}
	return 0;
}

/* --- creating ---------------------------------------------------------------------- */

static void set_settings(const struct oci_request *request, struct rss_settings *ret)
{
	*ret = (struct rss_settings){
		.limit = request->limit,
		.wmark_high = request->wmark_high,
		.wmark_low = request->wmark_low,
		.oom_group = request->oom_group,
	};
	if (request->set & OCI_SET_LIMIT)
		ret->set |= RSS_SET_LIMIT;
	if (request->set & OCI_SET_WMARK_HIGH)
		ret->set |= RSS_SET_WMARK_HIGH;
	if (request->set & OCI_SET_WMARK_LOW)
		ret->set |= RSS_SET_WMARK_LOW;
	if (request->set & OCI_SET_OOM_GROUP)
		ret->set |= RSS_SET_OOM_GROUP;
}

static int create(struct rss_client *client, const char *name, const struct target *target,
		  const struct rss_settings *settings)
{
	const char *const rules[] = { target->rule, NULL };
	struct rss_settings own = *settings;

	/* rssd removes it at its end, also if this hook is not called again. */
	own.set |= RSS_SET_TRANSIENT;
	own.transient = true;
	if (!target->attached)
		return rss_create_at(client, name, target->group.unit,
				     target->group.unit ? NULL : target->group.path, &own);
	if (target->rule) {
		own.set |= RSS_SET_JOIN;
		own.join = rules;
	}
	return rss_create(client, name, &own);
}

/*
 * Returns true if @container is what an earlier start has left: one for this very cgroup, or one whose
 * cgroup is gone, which rssd removes soon. What is not transient was not made by a hook.
 */
static bool is_left_over(const struct rss_container *container, const struct target *target)
{
	if (!container->transient)
		return false;
	if (target->attached)
		return target->rule && container->rules && container->rules[0] &&
		       !container->rules[1] && strcmp(container->rules[0], target->rule) == 0;
	if (!container->running)
		return true;
	if (target->group.unit)
		return strcmp(container->unit, target->group.unit) == 0;
	return strcmp(container->place, "cgroup") == 0 &&
	       strcmp(container->control_group, target->group.path) == 0;
}

/* Removes what an earlier start has left. Return: 0, -ENOENT if there is nothing, or -EEXIST. */
static int remove_earlier(struct rss_client *client, const char *name, const struct target *target)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	int r = rss_get(client, name, &container);

	if (r < 0)
		return r == -ENOENT ? r : -EEXIST;
	if (!is_left_over(container, target))
		return -EEXIST;
	/* It may be in removal already, or not be empty yet. */
	(void)rss_remove(client, name, false);
	return 0;
}

static int create_again(struct oci_call *call, struct rss_client *client,
			const struct target *target, const struct rss_settings *settings)
{
	unsigned int missing = 0;

	for (;;) {
		int r = create(client, call->name, target, settings), earlier;

		if (r >= 0)
			return 0;
		(void)fail_call(call, client, r);
		if (r != -EEXIST && r != -EINPROGRESS)
			return r;
		earlier = remove_earlier(client, call->name, target);
		/* It ended meanwhile; or its cgroup is a container of another name. */
		missing += earlier == -ENOENT;
		if (earlier == -EEXIST || missing > 1 || !wait_for_try(call, client))
			return r;
	}
}

static int fail_limit(struct oci_call *call, struct rss_client *client, int error)
{
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	char usage[SIZE_TEXT_MAX], limit[SIZE_TEXT_MAX];

	(void)fail_call(call, client, error);
	/* Late: a write to the kernel, which reclaims, cannot be interrupted. */
	if (error != -EBUSY && error != -ETIMEDOUT && error != -ETIME)
		return error;
	(void)rss_set_timeout(client, error == -ETIME ? UNDO_USEC / 2 : time_left(call));
	if (rss_get(client, call->name, &container) < 0 || container->usage <= call->request->limit)
		return error;
	return fail(call, error, "usage is %s, above the limit of %s; choose a higher limit",
		    size_format(container->usage, usage), size_format(call->request->limit, limit));
}

/*
 * Sets the limit of a cgroup with the process inside. Not as a part of the creation: that has no timeout,
 * and would succeed after this hook has ended.
 */
static int set_limit(struct oci_call *call, struct rss_client *client)
{
	uint64_t left = time_left(call);
	int r;

	(void)rss_set_timeout(client, left);
	r = rss_limit(client, call->name, call->request->limit, RSS_LIMIT_RECLAIM,
		      left > 2 * ANSWER_USEC ? left - ANSWER_USEC : left / 2 + 1, NULL, NULL, NULL);
	return r < 0 ? fail_limit(call, client, r) : 0;
}

/* The first process waits for this hook, so it has not ended. */
static int attach(struct oci_call *call, struct rss_client *client)
{
	struct rss_report *report = NULL;
	size_t rows = 0;
	int r = rss_attach_with(client, call->name, &call->state->pid, 1, 0, &report, &rows);

	if (r < 0)
		return fail_call(call, client, r);
	if (rows != 1 || report[0].outcome != RSS_MOVED)
		r = fail(call, -ECHILD, "process %d was not attached: %s", (int)call->state->pid,
			 rows == 1 && report[0].outcome == RSS_REFUSED ? report[0].reason
								       : "it has ended");
	rss_report_free(report, rows);
	return r;
}

/* A container without its limit is no container of rssd. The message of the failure is kept. */
static void undo(const struct oci_call *call, struct rss_client *client)
{
	(void)rss_set_timeout(client, UNDO_USEC);
	(void)rss_remove(client, call->name, false);
}

int oci_contain(struct oci_call *call)
{
	cleanup_(rss_daemon_info_free_ptr) struct rss_daemon_info *info = NULL;
	cleanup_(target_done) struct target target = { 0 };
	cleanup_client struct rss_client *client = NULL;
	const unsigned int watermarks = RSS_SET_WMARK_HIGH | RSS_SET_WMARK_LOW;
	struct rss_settings settings;
	int r, without_watermarks = 0;
	bool limits;

	set_settings(call->request, &settings);
	r = connect_to(call, &client);
	if (r < 0)
		return r;
	(void)rss_set_timeout(client, time_left(call));
	r = rss_daemon_info(client, &info);
	if (r < 0)
		return fail_call(call, client, r);
	r = find_target(call, info, &target);
	if (r < 0)
		return r;
	limits = !target.attached && (settings.set & RSS_SET_LIMIT);
	if (limits)
		settings.set &= ~(unsigned int)RSS_SET_LIMIT;
	(void)rss_set_timeout(client, time_left(call));
	r = create_again(call, client, &target, &settings);
	if (r == -EOPNOTSUPP && (settings.set & watermarks) && call->request->runs_on_failure) {
		settings.set &= ~watermarks;
		r = create_again(call, client, &target, &settings);
		without_watermarks = 1;
	}
	if (r < 0)
		return r;
	(void)rss_set_timeout(client, time_left(call));
	r = target.attached ? attach(call, client) : 0;
	if (limits)
		r = set_limit(call, client);
	if (r < 0)
		undo(call, client);
	return r < 0 ? r : without_watermarks;
}

/* --- removing ---------------------------------------------------------------------- */

/* Returns true if a hook has made it at a place, for the container with @id. */
static bool is_for(const struct rss_container *container, const char *id)
{
	if (!container->transient)
		return false;
	if (strcmp(container->place, "unit") == 0)
		return oci_group_is_of(container->unit, id);
	return strcmp(container->place, "cgroup") == 0 &&
	       oci_group_is_of(container->control_group, id);
}

/* Return: 0 if there is nothing to remove, 1 if there is, or a negative errno. */
static int has_ended(struct oci_call *call, struct rss_client *client)
{
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + END_USEC;

	for (;;) {
		cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
		int r = rss_get(client, call->name, &container);

		if (r < 0)
			return r == -ENOENT ? 0 : fail_call(call, client, r);
		if (!is_for(container, call->state->id))
			return 0;
		if (!container->running)
			return 1;
		/* The same ID in another runtime, or rssd has not noticed the end yet. */
		if (clock_usec(CLOCK_MONOTONIC) > end || !wait_for_try(call, client))
			return 0;
	}
}

int oci_release(struct oci_call *call)
{
	cleanup_client struct rss_client *client = NULL;
	int r = connect_to(call, &client);

	if (r < 0)
		return r;
	(void)rss_set_timeout(client, time_left(call));
	r = has_ended(call, client);
	if (r <= 0)
		return r;
	call->exists = true;
	r = rss_remove(client, call->name, false);
	/* rssd may be removing it, as it is transient. */
	return r < 0 && r != -ENOENT && r != -EINPROGRESS ? fail_call(call, client, r) : 0;
}
