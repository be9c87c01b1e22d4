/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of events: see sequence.h. */
#include "store/sequence.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/log.h"
#include "store/state.h"

struct sequence {
	struct state *state;
	struct jobs *jobs;
	uint64_t next;
	uint64_t reserved; /* numbers below this one may be used */

	struct job job; /* writes @upto */
	bool saving;
	uint64_t upto;
	int error;
};

static void reserve_run(struct worker *worker, void *data)
{
	struct sequence *sequence = data;

	sequence->error = state_write_sequence(sequence->state, sequence->upto);
}

static void reserve_done(void *data)
{
	struct sequence *sequence = data;

	sequence->saving = false;
	job_end(&sequence->job);
	if (sequence->error == 0)
		sequence->reserved = sequence->upto;
	else
		log_warning("Cannot save the number of the next event: %s",
			    strerror(-sequence->error));
}

static void reserve(struct sequence *sequence)
{
	if (sequence->saving || sequence->next + SEQUENCE_BLOCK / 2 < sequence->reserved)
		return;
	sequence->upto = sequence->next + 2 * SEQUENCE_BLOCK;
	sequence->saving =
		job_start(&sequence->job, sequence->jobs, reserve_run, reserve_done, sequence) == 0;
}

uint64_t sequence_next(const struct sequence *sequence)
{
	return sequence->next;
}

uint64_t sequence_take(struct sequence *sequence)
{
	reserve(sequence);
	return sequence->next++;
}

int sequence_open(struct state *state, struct jobs *jobs, const char *directory,
		  struct sequence **ret, struct failure *failure)
{
	cleanup_free struct sequence *sequence = calloc(1, sizeof(*sequence));
	int r;

	if (!sequence)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	sequence->state = state;
	sequence->jobs = jobs;
	r = state_read_sequence(state, &sequence->next);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONFIG,
			    "Cannot read the file \"sequence\" in %s: %s; remove it to number "
			    "events from 1 again",
			    directory, strerror(-r));
	sequence->reserved = sequence->next + SEQUENCE_BLOCK;
	r = state_write_sequence(state, sequence->reserved);
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED, "%s cannot be written: %s",
			    directory, strerror(-r));
	*ret = take_ptr(sequence);
	return 0;
}

struct sequence *sequence_free(struct sequence *sequence)
{
	if (!sequence)
		return NULL;
	job_end(&sequence->job);
	(void)state_write_sequence(sequence->state, sequence->next);
	free(sequence);
	return NULL;
}
