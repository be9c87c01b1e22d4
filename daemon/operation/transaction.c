/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of several containers: see transaction.h. */
#include "operation/transaction.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "container/container.h"
#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "base/job.h"
#include "base/worker.h"
#include "shared/size.h"

struct transaction {
	struct job job;
	struct manager *manager;
	struct transaction_log *log; /* its entries in the order of their steps */
	struct transaction_step *steps;
	struct container **containers; /* of each entry */
	size_t *step_of;	       /* the caller's step of each entry */
	size_t risky;		       /* the number of first entries that can fail */
	size_t done_steps;
	enum limit_mode mode;
	uint64_t timeout;
	struct requester requester;
	bool undoing, cancelled;
	bool stuck;	    /* an undo failed... */
	bool *kept;	    /* ...of these entries */
	bool left_to_start; /* rssd is stopping: the next start undoes or finishes it by the log */
	struct failure failure; /* the reason why it is undone */

	int disk_error;
	void (*next)(struct transaction *transaction); /* called when the log is written */
	transaction_done_fn done;
	void *userdata;
};

static void release_containers(struct transaction *t)
{
	size_t count = t->containers ? t->log->count : 0;

	for (size_t i = 0; i < count; i++) {
		if (!t->containers[i])
			continue;
		assert(t->containers[i]->held_by == t);
		t->containers[i]->held_by = NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (!t->containers[i])
			continue;
		container_end_change(t->containers[i]);
		t->containers[i] = container_unref(t->containers[i]);
	}
}

static struct transaction *transaction_free(struct transaction *t)
{
	if (!t)
		return NULL;
	job_end(&t->job);
	release_containers(t);
	if (t->manager->transaction == t)
		t->manager->transaction = NULL;
	transaction_log_free(t->log);
	free(t->containers);
	free(t->kept);
	free(t->step_of);
	free(t->steps);
	free(t);
	return NULL;
}
DEFINE_CLEANUP(struct transaction *, transaction_free);

/* --- the log, on a worker ------------------------------------------------- */

static void write_run(struct worker *worker, void *data)
{
	struct transaction *t = data;

	t->disk_error = transaction_log_write(t->manager->state, t->log);
}

static void end_run(struct worker *worker, void *data)
{
	struct transaction *t = data;

	t->disk_error = transaction_log_end(t->manager->state, t->log);
}

static void disk_done(void *data)
{
	struct transaction *t = data;

	t->next(t);
}

/* Calls @run on a worker, then @next; calls @next at once if there is no worker. */
static void on_disk(struct transaction *t, worker_fn run, void (*next)(struct transaction *t))
{
	int r;

	t->next = next;
	/* The worker owns disk_error from here on: it may set it before job_run() returns. */
	t->disk_error = 0;
	r = job_run(&t->job, run, disk_done);
	if (r < 0) {
		t->disk_error = r;
		next(t);
	}
}

/* --- the end -------------------------------------------------------------------- */

/* How many containers are named in a sentence. */
#define NAMED_MAX  3
#define NAMED_SIZE 240

/* Says what is in force in the containers that could not be brought back. */
static void describe_kept(const struct transaction *t, char ret[static NAMED_SIZE])
{
	size_t named = 0, more = 0, length = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < t->log->count; i++) {
		const struct transaction_log_entry *entry = &t->log->entries[i];
		char now[SIZE_TEXT_MAX], before[SIZE_TEXT_MAX];
		uint64_t limit;

		if (!t->kept[i])
			continue;
		if (named++ >= NAMED_MAX) {
			more++;
			continue;
		}
		if (group_read_limit(t->containers[i]->group, &limit) < 0)
			length += (size_t)snprintf(ret + length, NAMED_SIZE - length,
						   "; the settings of \"%.24s\" are unknown",
						   entry->name);
		else if (limit == entry->from.limit)
			length += (size_t)snprintf(ret + length, NAMED_SIZE - length,
						   "; \"%.24s\" keeps new settings", entry->name);
		else
			length += (size_t)snprintf(ret + length, NAMED_SIZE - length,
						   "; \"%.24s\" has the limit %s, not %s",
						   entry->name, size_format(limit, now),
						   size_format(entry->from.limit, before));
	}
	if (more > 0)
		(void)snprintf(ret + length, NAMED_SIZE - length, "; %zu more, see the log", more);
}

/* Describes the containers of a transaction that failed. */
static const char *outcome_of_failure(const struct transaction *t)
{
	if (t->left_to_start)
		return t->log->phase == TRANSACTION_REDO
			       ? "rssd is stopping, and its next start finishes the transaction"
			       : "rssd is stopping, and its next start undoes the changes";
	if (t->stuck)
		return "not all changes could be undone";
	return "no container was changed";
}

static void finish(struct transaction *ended)
{
	cleanup_(transaction_free_ptr) struct transaction *t = ended;
	struct failure failure = t->failure;
	char kept[NAMED_SIZE] = "";
	int error = 0;

	if (t->stuck && !t->left_to_start)
		describe_kept(t, kept);
	if (failure.error != RSS_ERROR_NONE)
		error = fail(&t->failure, failure.error, "%.*s; %s%s", *kept ? 220 : 380,
			     failure.text, outcome_of_failure(t), kept);

	if (t->disk_error < 0) {
		log_warning("Cannot remove the transaction log: %s; the next start of rssd "
			    "applies it again",
			    strerror(-t->disk_error));
		if (error == 0)
			error = fail(&t->failure, RSS_ERROR_STATE_NOT_SAVED,
				     "All containers were changed, but the transaction log could "
				     "not be removed: %s; it is unknown whether the next start of "
				     "rssd undoes later changes; repeat the transaction when the "
				     "disk works again",
				     strerror(-t->disk_error));
	}
	job_end(&t->job);
	/* The callback may start the next transaction. */
	release_containers(t);
	t->manager->transaction = NULL;
	t->done(error, error ? &t->failure : NULL, t->steps, t->log->count, t->userdata);
}

static void end(struct transaction *t)
{
	/* If rssd is stopped now, nothing changes until the next start. */
	t->left_to_start = t->stuck && t->manager->stopping;
	if (t->left_to_start) {
		finish(t);
		return;
	}
	on_disk(t, end_run, finish);
}

/* --- undoing --------------------------------------------------------------------- */

static void undo_next(struct transaction *t);

static void undone(struct container *c, const struct change_result *result, void *userdata)
{
	struct transaction *t = userdata;

	if (result->error < 0) {
		log_message(LOG_ERR, c->name, "its settings could not be restored: %s",
			    result->failure.text);
		t->stuck = t->kept[t->done_steps] = true;
	}
	undo_next(t);
}

static int change_to(struct transaction *t, size_t entry, const struct settings *to,
		     enum limit_mode mode,
		     void (*done)(struct container *container, const struct change_result *result,
				  void *userdata),
		     struct failure *failure)
{
	struct container *c = t->containers[entry];
	/* A setting that another program changed in the kernel is set again. */
	struct settings_change change = {
		.to = *to,
		.set = settings_difference(&c->settings, to) | container_settings_drift(c),
	};
	struct change_listener listener = {
		.done = done, .userdata = t, .holder = t, .requester = t->requester
	};

	return change_start(c, &change, mode, t->timeout, &listener, failure);
}

/* Undoes steps in reverse order. */
static void undo_next(struct transaction *t)
{
	while (t->done_steps > 0) {
		struct failure failure = { 0 };
		size_t entry = --t->done_steps;

		if (change_to(t, entry, &t->log->entries[entry].from, LIMIT_MODE_RECLAIM, undone,
			      &failure) == 0)
			return;
		log_message(LOG_ERR, t->containers[entry]->name,
			    "its settings could not be restored: %s", failure.text);
		t->stuck = t->kept[entry] = true;
	}
	end(t);
}

static void begin_undo(struct transaction *t)
{
	t->undoing = true;
	undo_next(t);
}

/* Undone only if a start after a crash would undo as well. */
static void undo_logged(struct transaction *t)
{
	if (t->disk_error < 0 && t->done_steps > 0) {
		for (size_t i = 0; i < t->done_steps; i++)
			t->stuck = t->kept[i] = true;
		end(t);
		return;
	}
	begin_undo(t);
}

/* --- step by step ------------------------------------------------------------------ */

static void step_next(struct transaction *t);

static void fail_step(struct transaction *t, const struct failure *why)
{
	t->failure = *why;
	if (t->log->phase == TRANSACTION_UNDO) {
		begin_undo(t);
	} else if (t->manager->stopping) {
		/* If the write failed, the log on disk still has the previous phase. */
		if (t->disk_error < 0)
			t->log->phase = TRANSACTION_UNDO;
		t->left_to_start = true;
		finish(t);
	} else {
		t->log->phase = TRANSACTION_UNDO;
		on_disk(t, write_run, undo_logged);
	}
}

static void step_done(struct container *c, const struct change_result *result, void *userdata)
{
	struct transaction *t = userdata;
	struct transaction_step *step = &t->steps[t->step_of[t->done_steps]];

	if (result->error < 0) {
		fail_step(t, &result->failure);
		return;
	}
	step->outcome = result->outcome;
	step->usage = result->usage;
	t->done_steps++;
	step_next(t);
}

static void step_begin(struct transaction *t)
{
	struct failure failure = { 0 };

	if (change_to(t, t->done_steps, &t->log->entries[t->done_steps].to, t->mode, step_done,
		      &failure) < 0)
		fail_step(t, &failure);
}

static void log_written(struct transaction *t)
{
	struct failure failure = { 0 };

	if (t->disk_error < 0) {
		(void)fail(&failure, RSS_ERROR_STATE_NOT_SAVED,
			   "The transaction log could not be written: %s; free space in the state "
			   "directory and try again",
			   strerror(-t->disk_error));
		fail_step(t, &failure);
		return;
	}
	step_begin(t);
}

static void step_next(struct transaction *t)
{
	struct failure failure = { 0 };

	if (t->done_steps == t->log->count) {
		end(t);
	} else if (t->cancelled && t->log->phase == TRANSACTION_UNDO) {
		(void)fail(&failure, RSS_ERROR_CANCELLED, "The caller disconnected");
		fail_step(t, &failure);
	} else if (t->done_steps == t->risky && t->log->phase == TRANSACTION_UNDO) {
		/* From here on, a start after a crash finishes it. */
		t->log->phase = TRANSACTION_REDO;
		on_disk(t, write_run, log_written);
	} else {
		step_begin(t);
	}
}

/* --- the beginning -------------------------------------------------------------------- */

static int check_step(const struct transaction *t, struct container *c,
		      const struct transaction_step *step, struct failure *failure)
{
	if (c->held_by == t)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%s\" is named twice; merge its settings", c->name);
	if (c->held_by || c->change || c->removing)
		return container_fail_busy(c, failure);
	return container_check_settings(c, &step->change, failure);
}

/* Finds, checks and holds all containers. */
static int prepare(struct transaction *t, size_t count, struct failure *failure)
{
	for (size_t i = 0; i < count; i++) {
		const struct transaction_step *step = &t->steps[i];
		struct settings to;
		struct container *c;
		int r = manager_get(t->manager, step->name, &c, failure);

		if (r == 0)
			r = check_step(t, c, step, failure);
		if (r < 0)
			return r;
		to = settings_with(&c->settings, &step->change);
		r = transaction_log_add(t->log, c->name, &c->settings, &to);
		if (r < 0)
			return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
		t->containers[i] = container_ref(c);
		c->held_by = t;
	}
	t->risky = transaction_order(t->log);
	/* The same containers and references, now in the order of the log. */
	for (size_t i = 0; i < count; i++) {
		t->containers[i] = manager_find(t->manager, t->log->entries[i].name);
		for (size_t j = 0; j < count; j++) {
			if (strcmp(t->steps[j].name, t->log->entries[i].name) == 0)
				t->step_of[i] = j;
		}
	}
	/* The names of the caller are freed with its message. */
	for (size_t i = 0; i < count; i++)
		t->steps[t->step_of[i]].name = t->log->entries[i].name;
	return 0;
}

/* Creates a transaction that holds its containers, all checked, and has changed nothing. */
static int transaction_new(struct manager *m, const struct transaction_step steps[], size_t count,
			   struct transaction **ret, struct failure *failure)
{
	cleanup_(transaction_free_ptr) struct transaction *t = NULL;
	int r;

	if (count == 0 || count > TRANSACTION_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "A transaction has 1 to %d containers, not %zu", TRANSACTION_MAX,
			    count);
	if (m->transaction)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "Another transaction is pending; wait for it to end");
	if (m->stopping)
		return fail(failure, RSS_ERROR_CANCELLED, "rssd is stopping");
	t = calloc(1, sizeof(*t));
	if (!t)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	t->manager = m;
	t->log = transaction_log_new(TRANSACTION_UNDO);
	t->steps = calloc(count, sizeof(*t->steps));
	t->containers = calloc(count, sizeof(struct container *));
	t->step_of = calloc(count, sizeof(*t->step_of));
	t->kept = calloc(count, sizeof(*t->kept));
	if (!t->log || !t->steps || !t->containers || !t->step_of || !t->kept)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	memcpy(t->steps, steps, count * sizeof(*steps));
	r = prepare(t, count, failure);
	if (r < 0)
		return r;
	*ret = take_ptr(t);
	return 0;
}

int transaction_check(struct manager *m, const struct transaction_step steps[], size_t count,
		      struct failure *failure)
{
	cleanup_(transaction_free_ptr) struct transaction *t = NULL;

	return transaction_new(m, steps, count, &t, failure);
}

int transaction_start(struct manager *m, const struct transaction_step steps[], size_t count,
		      enum limit_mode mode, uint64_t timeout, const struct requester *requester,
		      transaction_done_fn done, void *userdata, struct transaction **ret,
		      struct failure *failure)
{
	struct transaction *t;
	int r = transaction_new(m, steps, count, &t, failure);

	if (r < 0)
		return r;
	t->mode = mode;
	t->timeout = timeout;
	t->requester = *requester;
	t->done = done;
	t->userdata = userdata;
	/* If no step can fail for lack of memory, a start after a crash finishes it. */
	t->log->phase = t->risky ? TRANSACTION_UNDO : TRANSACTION_REDO;
	m->transaction = t;
	job_begin(&t->job, m->jobs, t);
	*ret = t;
	on_disk(t, write_run, log_written);
	return 0;
}

void transaction_cancel(struct transaction *t)
{
	if (t->undoing || t->log->phase == TRANSACTION_REDO)
		return;
	t->cancelled = true;
	for (size_t i = 0; i < t->log->count; i++) {
		if (t->containers[i]->change)
			change_cancel(t->containers[i]->change, CHANGE_CALLER_LEFT);
	}
}
