/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining by rules: see join.h. */
#include "operation/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "container/manager.h"
#include "operation/join-move.h"
#include "operation/join-scheduler.h"

struct join {
	struct rule_set *declared; /* the rules of declarations */
	size_t n_declared;
	/* These, and those of containers to which a unit is attached; ordered by rule_set_compare(). */
	struct rule_set *sets;
	size_t count;
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

/* Adds the rule of a container's unit to its other rules. */
static int add_unit(struct rule_set sets[], size_t *n, const struct container *c)
{
	struct rule_set *set = NULL;
	cleanup_(rules_unref_ptr) struct rules *rules = NULL;

	for (size_t i = 0; i < *n; i++) {
		if (strcmp(sets[i].container, c->name) == 0)
			set = &sets[i];
	}
	rules = rules_with_unit(set ? set->rules : NULL, c->joined_unit);
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
static int use_sets(struct manager *m, const struct rule_set declared[], size_t n_declared)
{
	struct join *join = m->join;
	struct rule_set *merged = calloc(n_declared + m->joined + 1, sizeof(*merged));
	size_t n = 0;
	int r = merged ? 0 : -ENOMEM;

	for (size_t i = 0; i < n_declared && r == 0; i++)
		r = rule_sets_add(merged, &n, &declared[i]);
	for (size_t i = 0; i < m->count && m->joined > 0 && r == 0; i++) {
		if (m->containers[i]->joined_unit)
			r = add_unit(merged, &n, m->containers[i]);
	}
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

/* A container to which a unit is attached has come or gone. */
static void container_changed(struct container *c, void *userdata)
{
	struct manager *m = userdata;

	if (c->joined_unit && use_sets(m, m->join->declared, m->join->n_declared) < 0)
		log_message(LOG_ERR, c->name,
			    "the processes of %s do not join or leave: out of memory",
			    c->joined_unit);
}

static const struct manager_listener listener = {
	.added = container_changed,
	.taken_out = container_changed,
};

int join_wait(struct manager *m, void (*done)(void *userdata), void *userdata)
{
	return scheduler_wait(m->join->scheduler, done, userdata);
}

void join_made(struct manager *m, const char *container)
{
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
	const struct rule_set *set = rule_sets_find(m->join->sets, m->join->count, container);

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
	scheduler_free(m->join->scheduler);
	rule_sets_free(m->join->declared, m->join->n_declared);
	rule_sets_free(m->join->sets, m->join->count);
	free(m->join);
	m->join = NULL;
}
