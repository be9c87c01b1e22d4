/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining by rules: see join.h. */
#include "operation/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/manager.h"
#include "operation/join-move.h"
#include "operation/join-scheduler.h"

struct join {
	struct rule_set *sets; /* in the order of rule_set_compare() */
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
	for (size_t i = 0; i < join->count; i++) {
		const struct rule_set *set = &join->sets[i];
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

int join_declare(struct manager *m, const struct rule_set sets[], size_t count,
		 char *const bad_files[], size_t n_bad)
{
	struct join *join = m->join;
	struct rule_set *merged = calloc(count + join->count + 1, sizeof(*merged));
	size_t n = 0;
	int r = merged ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i++)
		r = rule_sets_add(merged, &n, &sets[i]);
	if (r == 0)
		r = keep_bad(join, merged, &n, bad_files, n_bad);
	if (r < 0) {
		rule_sets_free(merged, n);
		return r;
	}
	if (n)
		qsort(merged, n, sizeof(*merged), rule_set_compare);
	if (same_sets(join, merged, n)) {
		rule_sets_free(merged, n);
		return 0;
	}
	scheduler_set_rules(join->scheduler, merged, n);
	rule_sets_free(join->sets, join->count);
	join->sets = merged;
	join->count = n;
	return 0;
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
	m->join = calloc(1, sizeof(*m->join));
	return m->join ? scheduler_new(m, &m->join->scheduler) : -ENOMEM;
}

void join_stop(struct manager *m)
{
	scheduler_stop(m->join->scheduler);
}

void join_close(struct manager *m)
{
	if (!m->join)
		return;
	scheduler_free(m->join->scheduler);
	rule_sets_free(m->join->sets, m->join->count);
	free(m->join);
	m->join = NULL;
}
