/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences between declarations, state and kernel: see diff.h. */
#include "report/diff.h"

#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/job.h"
#include "container/container.h"
#include "container/manager.h"
#include "policy/drift.h"
#include "policy/record.h"
#include "shared/array.h"
#include "store/config.h"
#include "store/declarations.h"

struct diff {
	struct job job;
	struct manager *manager;
	char *directory;
	struct records declared;
	int error;
	struct diff_row *rows;
	size_t count, allocated;
	diff_done_fn done;
	void *userdata;
};

static struct diff *diff_free(struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		free(diff->rows[i].name);
	free(diff->rows);
	records_free(&diff->declared);
	free(diff->directory);
	free(diff);
	return NULL;
}
DEFINE_CLEANUP(struct diff *, diff_free);

unsigned int diff_settings(const struct diff_row *row)
{
	unsigned int differs = 0;

	if (row->declared_set && !row->stored_set)
		return row->declared_set;
	differs |= settings_difference(&row->declared, &row->stored) & row->declared_set &
		   row->stored_set;
	differs |= settings_difference(&row->stored, &row->kernel) & row->stored_set &
		   row->kernel_set;
	return differs;
}

static void diff_run(struct worker *worker, void *data)
{
	struct diff *diff = data;

	diff->error = records_read_declared(diff->directory, &diff->declared);
}

static int add(struct diff *diff, struct diff_row *row)
{
	if (!diff_settings(row) && !row->drift)
		return 0;
	if (array_reserve(&diff->rows, diff->count, &diff->allocated, sizeof(*diff->rows)) < 0)
		return -ENOMEM;
	row->name = strdup(row->name);
	if (!row->name)
		return -ENOMEM;
	diff->rows[diff->count++] = *row;
	return 0;
}

static const struct record *find_declared(const struct diff *diff, const char *name)
{
	for (size_t i = 0; i < diff->declared.count; i++) {
		if (strcmp(diff->declared.list[i]->name, name) == 0)
			return diff->declared.list[i];
	}
	return NULL;
}

/* Without those that the kernel lacks, unless they are declared in spite of that. */
static unsigned int declared_settings(const struct diff *diff, const struct record *declared)
{
	struct settings initial = settings_default();

	return SETTINGS_FIRST | diff->manager->controller->settings |
	       settings_difference(&initial, &declared->settings);
}

static int compare_container(struct diff *diff, struct container *c)
{
	const struct record *declared = find_declared(diff, c->name);
	struct diff_row row = {
		.name = c->name,
		.stored_set = c->place ? container_managed(c)
				       : SETTINGS_FIRST | container_supported(c),
		.stored = *container_set_last(c),
	};
	int r;

	if (!container_is_busy(c) && !c->removing)
		row.drift = container_drift(c) & ~SETTINGS_ALL;
	if (row.drift & DRIFT_FREEZER)
		row.frozen = !c->frozen;
	row.kernel = row.stored;
	r = group_read_settings(c->group, &row.kernel);
	if (declared) {
		row.declared_set = declared_settings(diff, declared);
		row.declared = declared->settings;
	}
	if (c->change && c->drifted) {
		/* It is being repaired: a difference until that has succeeded. */
		row.kernel = c->settings;
		row.kernel_set = row.stored_set;
	} else if (!c->change && r == 0) {
		/* A container under change differs only for a moment. */
		row.kernel_set = row.stored_set;
	} else if (!c->change && r != -ENODEV) {
		return r;
	}
	return add(diff, &row);
}

static int compare_all(struct diff *diff)
{
	struct manager *m = diff->manager;
	int r = 0;

	for (size_t i = 0; i < m->count && r == 0; i++)
		r = compare_container(diff, m->containers[i]);
	for (size_t i = 0; i < diff->declared.count && r == 0; i++) {
		const struct record *record = diff->declared.list[i];
		struct diff_row row = {
			.name = record->name,
			.declared_set = declared_settings(diff, record),
			.declared = record->settings,
		};

		if (!manager_find(m, record->name))
			r = add(diff, &row);
	}
	return r;
}

static void diff_done(void *data)
{
	cleanup_(diff_free_ptr) struct diff *diff = data;
	struct failure failure = { 0 };
	int r = diff->error;

	job_end(&diff->job);
	if (r == 0)
		r = compare_all(diff);
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot compare the settings: %s",
			 strerror(-r));
	diff->done(r, &failure, diff->rows, diff->count, diff->userdata);
}

int diff_start(struct manager *m, diff_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(diff_free_ptr) struct diff *diff = calloc(1, sizeof(*diff));

	if (!diff)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	diff->manager = m;
	diff->done = done;
	diff->userdata = userdata;
	/* A reload may change the configuration meanwhile. */
	diff->directory = strdup(m->config->containers_directory);
	if (!diff->directory || job_start(&diff->job, m->jobs, diff_run, diff_done, diff) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	(void)take_ptr(diff);
	return 0;
}
