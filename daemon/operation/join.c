/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining by rules: see join.h. */
#include "operation/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "operation/join-move.h"
#include "operation/join-scheduler.h"
#include "policy/place.h"

struct join {
	struct rule_set *declared; /* the rules of declarations */
	size_t n_declared;
	/* These, and those of containers; ordered by rule_set_compare(). */
	struct rule_set *sets;
	size_t count;
	bool stale;		  /* the rules of a container have changed since */
	sd_event_source *refresh; /* armed while they are stale */
	struct join_scheduler *scheduler;
};

static bool is_bad(const char *file, char *const bad_files[], size_t n_bad)
{
	for (size_t i = 0; i < n_bad; i++) {
		if (strcmp(file, bad_files[i]) == 0)
			return true;
	}
	return false;
}

static bool same_sets(const struct join *join, const struct rule_set sets[], size_t count)
{
	if (count != join->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(sets[i].container, join->sets[i].container) != 0 ||
		    !rules_equal(sets[i].rules, join->sets[i].rules))
			return false;
	}
	return true;
}

/* Appends the rules of files that could not be read, as they were before. */
static int keep_bad(const struct join *join, struct rule_set merged[], size_t *n,
		    char *const bad_files[], size_t n_bad)
{
	for (size_t i = 0; i < join->n_declared; i++) {
		const struct rule_set *set = &join->declared[i];
		int r;

		if (!is_bad(set->file, bad_files, n_bad) ||
		    rule_sets_find(merged, *n, set->container))
			continue;
		r = rule_sets_add(merged, n, set);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The rules that the container itself has, in addition to @declared, which may be NULL. */
static struct rules *add_own(const struct container *c, const struct rules *declared)
{
	cleanup_(rules_unref_ptr) struct rules *rules = rules_merge(declared, c->join);

	if (!rules || !c->joined_unit)
		return take_ptr(rules);
	return rules_with_unit(rules, c->joined_unit);
}

static bool has_own(const struct container *c)
{
	return c->joined_unit || (c->join && c->join->count);
}

/* @n_declared: the first ones of @sets, in which the container may have a set already. */
static int add_container(struct rule_set sets[], size_t n_declared, size_t *n,
			 const struct container *c)
{
	const struct rule_set *found = rule_sets_find(sets, n_declared, c->name);
	struct rule_set *set = found ? &sets[found - sets] : NULL;
	cleanup_(rules_unref_ptr) struct rules *rules = add_own(c, set ? set->rules : NULL);

	if (!rules)
		return -ENOMEM;
	if (!set)
		return rule_sets_add(sets, n,
				     &(struct rule_set){ .container = c->name,
							 .file = (char *)"",
							 .rules = rules });
	rules_unref(set->rules);
	set->rules = take_ptr(rules);
	return 0;
}

/* Puts the rules in force. */
static int use_sets(const struct manager *m, const struct rule_set declared[], size_t n_declared)
{
	struct join *join = m->join;
	struct rule_set *merged = calloc(n_declared + m->count + 1, sizeof(*merged));
	size_t n = 0;
	int r = merged ? 0 : -ENOMEM;

	for (size_t i = 0; i < n_declared && r == 0; i++)
		r = rule_sets_add(merged, &n, &declared[i]);
	for (size_t i = 0; i < m->count && r == 0; i++) {
		if (has_own(m->containers[i]))
			r = add_container(merged, n_declared, &n, m->containers[i]);
	}
	join->stale = r < 0;
	if (r == 0 && n > 0)
		qsort(merged, n, sizeof(*merged), rule_set_compare);
	if (r < 0 || same_sets(join, merged, n)) {
		rule_sets_free(merged, n);
		return r;
	}
	scheduler_set_rules(join->scheduler, merged, n);
	rule_sets_free(join->sets, join->count);
	join->sets = merged;
	join->count = n;
	return 0;
}

int join_declare(struct manager *m, const struct rule_set sets[], size_t count,
		 char *const bad_files[], size_t n_bad)
{
	struct join *join = m->join;
	struct rule_set *declared = calloc(count + join->n_declared + 1, sizeof(*declared));
	size_t n = 0;
	int r = declared ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i++)
		r = rule_sets_add(declared, &n, &sets[i]);
	if (r == 0)
		r = keep_bad(join, declared, &n, bad_files, n_bad);
	if (r == 0)
		r = use_sets(m, declared, n);
	if (r < 0) {
		rule_sets_free(declared, n);
		return r;
	}
	rule_sets_free(join->declared, join->n_declared);
	join->declared = declared;
	join->n_declared = n;
	return 0;
}

/* Before the rules are used: many containers may have changed since. */
static void refresh(const struct manager *m)
{
	struct join *join = m->join;

	if (join->stale && use_sets(m, join->declared, join->n_declared) < 0)
		log_error("The new rules of containers are not in force: out of memory");
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *userdata)
{
	const struct manager *m = userdata;

	refresh(m);
	return 0;
}

void join_rules_changed(struct manager *m)
{
	struct join *join = m->join;
	int r;

	join->stale = true;
	if (!join->refresh)
		r = sd_event_add_time_relative(m->event, &join->refresh, CLOCK_MONOTONIC, 0, 1,
					       on_refresh, m);
	else
		r = sd_event_source_set_time_relative(join->refresh, 0);
	if (r >= 0)
		r = sd_event_source_set_enabled(join->refresh, SD_EVENT_ONESHOT);
	if (r < 0)
		refresh(m);
}

int join_check(const struct container *c, const struct rules *rules, struct failure *failure)
{
	const char *unit = rules_literal_unit(rules);
	char place[PLACE_TEXT_MAX];

	if (rules->count == 0)
		return 0;
	if (container_is_elsewhere(c))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%s\" takes no rules: it is the %s, and its members are the "
			    "processes in it",
			    c->name, container_describe_place(c, place, sizeof(place)));
	if (unit && controller_leaves_units(c->manager->controller))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The processes of %.255s cannot join \"%s\": in the unified cgroup "
			    "tree they stay in their unit; make the unit itself a container "
			    "(rssctl create NAME --unit=%.255s)",
			    unit, c->name, unit);
	return 0;
}

/* A container with rules of its own has come or gone. */
static void container_changed(struct container *c, void *userdata)
{
	if (has_own(c))
		join_rules_changed(userdata);
}

static const struct manager_listener listener = {
	.added = container_changed,
	.taken_out = container_changed,
};

int join_wait(struct manager *m, void (*done)(void *userdata), void *userdata)
{
	refresh(m);
	return scheduler_wait(m->join->scheduler, done, userdata);
}

void join_made(struct manager *m, const char *container)
{
	refresh(m);
	if (rule_sets_find(m->join->sets, m->join->count, container))
		scheduler_scan_all(m->join->scheduler);
}

void join_declared(struct manager *m)
{
	scheduler_schedule(m->join->scheduler);
}

void join_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct manager *m = userdata;

	scheduler_process_event(m->join->scheduler, what, pid);
}

const struct rules *join_find(const struct manager *m, const char *container)
{
	const struct rule_set *set;

	refresh(m);
	set = rule_sets_find(m->join->sets, m->join->count, container);
	return set ? set->rules : NULL;
}

struct join_counts join_count(const struct manager *m)
{
	const struct join_scheduler *scheduler = m->join->scheduler;
	const struct join_outcomes *outcomes = scheduler_outcomes(scheduler);

	return (struct join_counts){
		.containers = m->join->count,
		.has_events = scheduler_has_events(scheduler),
		.joined = outcomes->joined,
		.vanished = outcomes->vanished,
		.refused = outcomes->refused,
		.in_units = scheduler_in_units(scheduler),
	};
}

int join_open(struct manager *m)
{
	int r;

	m->join = calloc(1, sizeof(*m->join));
	if (!m->join)
		return -ENOMEM;
	r = scheduler_new(m, &m->join->scheduler);
	return r < 0 ? r : manager_listen(m, &listener, m);
}

void join_stop(struct manager *m)
{
	scheduler_stop(m->join->scheduler);
}

void join_close(struct manager *m)
{
	if (!m->join)
		return;
	manager_ignore(m, &listener, m);
	sd_event_source_disable_unref(m->join->refresh);
	scheduler_free(m->join->scheduler);
	rule_sets_free(m->join->declared, m->join->n_declared);
	rule_sets_free(m->join->sets, m->join->count);
	free(m->join);
	m->join = NULL;
}
