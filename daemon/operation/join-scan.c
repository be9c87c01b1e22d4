/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the processes that match rules: see join-scan.h. */
#include "operation/join-scan.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/cgroup-path.h"
#include "base/worker.h"
#include "cgroup/control-file.h"
#include "container/manager.h"
#include "host/process.h"
#include "operation/attach-policy.h"
#include "operation/leave.h"
#include "policy/place.h"
#include "store/origins.h"

/* Ancestors that are checked for a detach. */
#define DEPTH_MAX 64

/* User names are resolved again for each scan of all processes: a user may be added later. */
static void resolve_users(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		struct rules *rules = scan->sets[i].rules;

		for (size_t j = 0; j < rules->count; j++) {
			struct rule *rule = &rules->list[j];
			const char *name = rule->values[RULE_USER];
			struct passwd entry, *user = NULL;
			char buf[4096];

			if (!name || name[strspn(name, "0123456789")] == '\0')
				continue;
			(void)getpwnam_r(name, &entry, buf, sizeof(buf), &user);
			rule->uid_known = user != NULL;
			rule->uid = user ? user->pw_uid : 0;
			if (!user)
				scan->unknown_user = name;
		}
	}
}

/* Returns true if it is known to be outside every container. */
static bool is_outside(const struct scan *scan, const char *cgroups)
{
	const struct controller *controller = scan->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;

	if (controller_parse_proc_cgroup(cgroups, controller->hierarchy, &cgroup) < 0 ||
	    controller_path_of_cgroup(controller, cgroup, &path) != -ENOENT)
		return false;
	for (size_t i = 0; i < scan->n_places; i++) {
		if (place_contains(scan->places[i], cgroup))
			return false;
	}
	return true;
}

/* In the unified tree, rules move no process out of a unit. */
static bool stays_in_unit(struct controller *controller, const char *cgroups)
{
	cleanup_free char *cgroup = NULL;

	return controller_parse_proc_cgroup(cgroups, controller->hierarchy, &cgroup) == 0 &&
	       leave_keeps_from_rules(controller, cgroup);
}

/* Returns true if a user detached it, or an ancestor that is still outside. */
static bool was_detached(const struct scan *scan, const struct process *p)
{
	struct manager *m = scan->manager;
	struct process at = *p;

	for (unsigned int depth = 0; depth < DEPTH_MAX; depth++) {
		cleanup_free char *cgroups = NULL;

		if (origins_is_detached(m->origins, at.pid, at.start) &&
		    (depth == 0 ||
		     (process_read_cgroups(at.pid, &cgroups) == 0 && is_outside(scan, cgroups))))
			return true;
		if (at.parent <= 1 || process_read(at.parent, &at) < 0)
			return false;
	}
	return false;
}

/* Returns true if it matches a rule, and fills *ret except the descriptor. */
static bool is_wanted(struct scan *scan, const struct process *p, struct found *ret)
{
	struct manager *m = scan->manager;
	cleanup_free char *cgroups = NULL, *executable = NULL;
	struct rule_subject subject = { .command = p->command };

	if (attach_refusal(p, 0, 0, getpid()))
		return false;
	if (process_read_cgroups(p->pid, &cgroups) < 0 || !is_outside(scan, cgroups))
		return false;
	subject.cgroups = cgroups;
	if (scan->needs[RULE_EXECUTABLE] && process_read_executable(p->pid, &executable) == 0)
		subject.executable = executable;
	if (scan->needs[RULE_USER] && process_read_uid(p->pid, &subject.uid) < 0)
		return false;
	if (!rules_choose(scan->sets, scan->count, &subject, &ret->set, &ret->rule) ||
	    was_detached(scan, p))
		return false;
	if (stays_in_unit(m->controller, cgroups)) {
		scan->in_units++;
		return false;
	}
	ret->pid = p->pid;
	memcpy(ret->command, p->command, sizeof(ret->command));
	return true;
}

/* While a process exits, v1 shows "/" as its cgroup, so it may have joined before. */
static bool is_exiting(pid_t pid)
{
	struct process p;

	return process_read(pid, &p) < 0 || (p.exiting && p.state != 'Z');
}

/* The descriptor comes first: what is read while its process lives is about that process. */
static void scan_process(struct scan *scan, pid_t pid)
{
	cleanup_close int pidfd = process_open(pid);
	struct found *found = &scan->found[scan->n_found];
	struct process p;

	if (pidfd < 0 || process_read(pid, &p) < 0 || !is_wanted(scan, &p, found) ||
	    is_exiting(pid) || process_ended(pidfd, 0))
		return;
	found->pidfd = take_fd(&pidfd);
	scan->n_found++;
}

static int list_everyone(struct scan *scan)
{
	cleanup_free struct process *all = NULL;
	size_t count;
	int r = process_list(&all, &count);

	if (r < 0)
		return r;
	scan->everyone = calloc(count + 1, sizeof(*scan->everyone));
	if (!scan->everyone)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		scan->everyone[i] = all[i].pid;
	scan->n_everyone = count;
	return 0;
}

/* The parts of one scan share a list: listing for each would be quadratic. */
static void scan_all(struct scan *scan, const struct worker *worker)
{
	if (!scan->everyone) {
		resolve_users(scan);
		scan->error = list_everyone(scan);
	}
	for (size_t i = 0; scan->error == 0 && i < scan->n_everyone; i++) {
		if (scan->everyone[i] <= scan->from)
			continue;
		if (scan->n_found == FOUND_MAX) {
			scan->next = scan->everyone[i] - 1;
			return;
		}
		if (worker_cancelled(worker))
			return;
		scan_process(scan, scan->everyone[i]);
	}
}

void scan_run(struct worker *worker, void *data)
{
	struct scan *scan = data;

	if (scan->all) {
		scan_all(scan, worker);
		return;
	}
	for (size_t i = 0; i < scan->n_pids && !worker_cancelled(worker); i++) {
		/* A scan of all processes finds the rest. */
		if (scan->n_found == FOUND_MAX) {
			scan->next = 1;
			return;
		}
		scan_process(scan, scan->pids[i]);
	}
}

struct scan *scan_free(struct scan *scan)
{
	for (size_t i = 0; i < scan->n_found; i++)
		close(scan->found[i].pidfd);
	rule_sets_free(scan->sets, scan->count);
	for (size_t i = 0; i < scan->n_places; i++)
		free(scan->places[i]);
	free(scan->places);
	free(scan->pids);
	free(scan->everyone);
	free(scan);
	return NULL;
}
