/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching the processes that match rules: see join-move.h. */
#include "operation/join-move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/log.h"
#include "container/container.h"
#include "host/process.h"
#include "operation/attach.h"
#include "operation/join-scan.h"
#include "operation/leave.h"
#include "policy/rule-text.h"
#include "policy/rule.h"

/* Processes that are being attached to one container. */
struct batch {
	char *container;
	struct rules *rules; /* the rules that the processes refer to */
	struct join_outcomes *outcomes;
	void (*done)(void *userdata);
	void *userdata;
	size_t count;
	struct found found[FOUND_MAX];
};

static struct batch *batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		close(batch->found[i].pidfd);
	free(batch->container);
	rules_unref(batch->rules);
	free(batch);
	return NULL;
}
DEFINE_CLEANUP(struct batch *, batch_free);

/* Returns true if @pid is among those refused last, and remembers it. */
static bool refused_before(struct join_outcomes *outcomes, pid_t pid)
{
	size_t known = outcomes->n_refused < REFUSED_MAX ? outcomes->n_refused : REFUSED_MAX;

	for (size_t i = 0; i < known; i++) {
		if (outcomes->refused_pids[i] == pid)
			return true;
	}
	outcomes->refused_pids[outcomes->n_refused++ % REFUSED_MAX] = pid;
	return false;
}

static void log_joined(const struct batch *batch, const struct found *found)
{
	cleanup_free char *rule = rule_format(found->rule);

	log_message(LOG_DEBUG, batch->container, "process %d (%s) joined by the rule %s",
		    (int)found->pid, found->command, rule ?: "?");
}

/* Counts and logs the outcome of a process. Returns true if it has joined. */
static bool count_row(const struct batch *batch, const struct found *found,
		      const struct attach_row *row)
{
	struct join_outcomes *outcomes = batch->outcomes;

	if (row->outcome == ATTACH_MOVED) {
		outcomes->joined++;
		log_joined(batch, found);
		return true;
	}
	/* A process that ended meanwhile may be refused as a zombie: it counts as vanished. */
	if (row->outcome == ATTACH_VANISHED || process_ended(found->pidfd, 0)) {
		outcomes->vanished++;
		return false;
	}
	outcomes->refused++;
	if (!refused_before(outcomes, row->pid))
		log_message(LOG_WARNING, batch->container, "a process cannot join by its rules: %s",
			    row->reason);
	return false;
}

static void batch_done(const struct attach_row rows[], size_t count, const struct failure *failure,
		       void *userdata)
{
	cleanup_(batch_free_ptr) struct batch *batch = userdata;
	size_t moved = 0;

	for (size_t i = 0; i < count && i < batch->count; i++)
		moved += count_row(batch, &batch->found[i], &rows[i]);
	if (failure)
		log_message(LOG_WARNING, batch->container, "processes could not join: %s",
			    failure->text);
	if (moved)
		log_message(LOG_INFO, batch->container, "%zu process%s joined by its rules", moved,
			    moved == 1 ? "" : "es");
	batch->done(batch->userdata);
}

/* The scan keeps its descriptors; the batch has duplicates. */
static int copy_found(struct batch *batch, const struct scan *scan, size_t set, int pidfds[])
{
	for (size_t i = 0; i < scan->n_found; i++) {
		struct found *copy = &batch->found[batch->count];

		if (scan->found[i].set != set)
			continue;
		*copy = scan->found[i];
		copy->pidfd = fcntl(scan->found[i].pidfd, F_DUPFD_CLOEXEC, 3);
		if (copy->pidfd < 0)
			return -errno;
		pidfds[batch->count++] = copy->pidfd;
	}
	return 0;
}

int join_move(struct container *c, const struct scan *scan, size_t set,
	      struct join_outcomes *outcomes, void (*done)(void *userdata), void *userdata)
{
	cleanup_(batch_free_ptr) struct batch *batch = calloc(1, sizeof(*batch));
	struct failure failure = { 0 };
	int pidfds[FOUND_MAX], r;

	if (!batch)
		return -ENOMEM;
	batch->outcomes = outcomes;
	batch->done = done;
	batch->userdata = userdata;
	batch->rules = rules_ref(scan->sets[set].rules);
	batch->container = strdup(c->name);
	if (!batch->container)
		return -ENOMEM;
	r = copy_found(batch, scan, set, pidfds);
	if (r < 0 || batch->count == 0)
		return r;
	r = attach_start(c, pidfds, batch->count, ATTACH_BY_RULE,
			 &(struct attach_caller){ .uid = 0 }, batch_done, batch, &failure);
	if (r < 0) {
		log_message(LOG_WARNING, c->name, "processes could not join: %s", failure.text);
		return 0;
	}
	(void)take_ptr(batch);
	return 1;
}
