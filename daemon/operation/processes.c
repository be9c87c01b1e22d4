/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes of a container: see processes.h. */
#include "operation/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/worker.h"
#include "container/container.h"
#include "container/manager.h"
#include "container/nested.h"
#include "host/process.h"
#include "shared/text.h"

struct listing {
	struct container *container;
	struct group *group;
	struct job job;
	struct nested nested;
	bool with_nested;
	processes_done_fn done;
	void *userdata;

	struct subtree_members members;
	char **control_groups; /* of members.paths */
	struct member_process *rows;
	size_t count;
	int error;
};

static struct listing *listing_free(struct listing *listing)
{
	job_end(&listing->job);
	container_unref(listing->container);
	for (size_t i = 0; listing->control_groups && i < listing->members.n_paths; i++)
		free(listing->control_groups[i]);
	free(listing->control_groups);
	subtree_members_done(&listing->members);
	nested_done(&listing->nested);
	free(listing->rows);
	free(listing);
	return NULL;
}
DEFINE_CLEANUP(struct listing *, listing_free);

/* --- on the worker ------------------------------------------------------------- */

static int name_control_groups(struct listing *listing)
{
	const struct subtree_members *members = &listing->members;

	listing->control_groups = calloc(members->n_paths + 1, sizeof(char *));
	if (!listing->control_groups)
		return -ENOMEM;
	for (size_t i = 0; i < members->n_paths; i++) {
		char **name = &listing->control_groups[i];

		bool foreign = listing->group->foreign;

		if (asprintf(name, "%s%s%s%s", foreign ? "" : "/",
			     foreign ? "" : listing->group->controller->root, foreign ? "" : "/",
			     members->paths[i]) < 0) {
			*name = NULL;
			return -ENOMEM;
		}
		/* Other programs may use any bytes in names; D-Bus requires UTF-8. */
		text_make_safe(*name);
	}
	return 0;
}

static void add_row(struct listing *listing, const struct subtree_member *member)
{
	struct member_process *row = &listing->rows[listing->count];
	struct process p;
	uid_t uid;

	/* It has ended meanwhile: leave it out. */
	if (process_read(member->pid, &p) < 0 || process_read_uid(member->pid, &uid) < 0)
		return;
	*row = (struct member_process){
		.pid = member->pid,
		.uid = uid,
		.resident = p.resident,
		.container = nested_container_of(&listing->nested, listing->container->name,
						 listing->members.paths[member->path]),
		.control_group = listing->control_groups[member->path],
	};
	memcpy(row->command, p.command, sizeof(row->command));
	listing->count++;
}

static int compare_rows(const void *a, const void *b)
{
	const struct member_process *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static void listing_run(struct worker *worker, void *data)
{
	struct listing *listing = data;
	struct subtree tree =
		nested_subtree(listing->group, &listing->nested, listing->with_nested);
	int r = subtree_list(&tree, &listing->members);

	if (r == 0)
		r = name_control_groups(listing);
	if (r == 0) {
		listing->rows = calloc(listing->members.count + 1, sizeof(*listing->rows));
		r = listing->rows ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < listing->members.count && r == 0; i++)
		add_row(listing, &listing->members.list[i]);
	if (r == 0 && listing->count > 0)
		qsort(listing->rows, listing->count, sizeof(*listing->rows), compare_rows);
	listing->error = r;
}

/* --- in the loop ----------------------------------------------------------------- */

static void listing_done(void *data)
{
	cleanup_(listing_free_ptr) struct listing *listing = data;
	struct container *c = listing->container;
	struct failure failure = { 0 };
	int r = listing->error;

	job_end(&listing->job);
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "Cannot list the processes of \"%s\": %s; if another program removed "
			 "its cgroup, rssctl repair creates it again",
			 c->name, strerror(-r));
	listing->done(r, &failure, listing->rows, listing->count, listing->userdata);
}

int processes_start(struct container *c, bool with_nested, bool urgent, processes_done_fn done,
		    void *userdata, struct failure *failure)
{
	cleanup_(listing_free_ptr) struct listing *listing = calloc(1, sizeof(*listing));
	int r;

	if (!listing)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*listing = (struct listing){
		.container = container_ref(c), /* only read: a removal does not wait for it */
		.group = c->group,
		.with_nested = with_nested,
		.done = done,
		.userdata = userdata,
	};
	r = nested_of(c->manager, c->name, &listing->nested);
	if (r == 0)
		r = job_start_query(&listing->job, c->manager->jobs, urgent, listing_run,
				    listing_done, listing);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot list the processes of \"%s\": %s", c->name, strerror(-r));
	(void)take_ptr(listing);
	return 0;
}
