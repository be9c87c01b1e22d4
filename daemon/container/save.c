/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saves a container: see save.h. */
#include "container/save.h"

#include <string.h>

#include "base/log.h"
#include "container/manager.h"
#include "store/state.h"
#include "base/job.h"

struct save {
	struct job job;
	struct container *container;
	struct record *record;
	int error;
};

static struct save *save_free(struct save *save)
{
	job_end(&save->job);
	container_unref(save->container);
	record_free(save->record);
	free(save);
	return NULL;
}
DEFINE_CLEANUP(struct save *, save_free);

static void save_run(struct worker *worker, void *data)
{
	struct save *save = data;
	struct state_write *write;

	save->error = state_prepare(save->container->manager->state, save->record, &write);
	if (save->error == 0)
		save->error = state_commit(write);
}

static void save_done(void *data)
{
	cleanup_(save_free_ptr) struct save *save = data;
	struct container *c = save->container;

	c->saving = false;
	job_end(&save->job);
	if (save->error < 0)
		log_message(LOG_WARNING, c->name,
			    "could not be saved: %s; its last OOM may be lost at a "
			    "restart",
			    strerror(-save->error));
	if (c->change)
		c->resume(c->change);
	else if (c->save_again)
		manager_save(c);
}

void manager_save(struct container *c)
{
	cleanup_(save_free_ptr) struct save *save = NULL;

	/*
	 * Two writers of one file would race: the one under way saves again when done, and a
	 * change that begins during a save waits for it. After a removal there must be no file.
	 */
	if (c->saving || c->change || c->removing) {
		c->save_again = true;
		return;
	}
	c->save_again = false;
	save = calloc(1, sizeof(*save));
	if (!save)
		return;
	save->container = container_ref(c);
	save->record = container_to_record(c, container_set_last(c));
	if (!save->record || job_start(&save->job, c->manager->jobs, save_run, save_done, save) < 0)
		return;
	c->saving = true;
	(void)take_ptr(save);
}
