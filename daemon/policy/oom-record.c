/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM records: see oom-record.h. */
#include "policy/oom-record.h"

#include <string.h>

void oom_processes_add(struct oom_processes *processes, const struct oom_process *process)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < processes->count; i++) {
		if (processes->list[i].pid != process->pid)
			continue;
		memmove(&processes->list[i], &processes->list[i + 1],
			(processes->count - i - 1) * sizeof(*process));
		processes->count--;
		break;
	}
	while (at < processes->count && processes->list[at].resident >= process->resident)
		at++;
	if (at == OOM_PROCESSES)
		return;
	if (processes->count < OOM_PROCESSES)
		processes->count++;
	memmove(&processes->list[at + 1], &processes->list[at],
		(processes->count - at - 1) * sizeof(*process));
	processes->list[at] = *process;
}

void kill_tally_add(struct kill_tally *tally, const struct oom_process *process)
{
	tally->count++;
	oom_processes_add(&tally->largest, process);
}

struct oom_snapshot oom_snapshot_unknown(void)
{
	return (struct oom_snapshot){
		.failures = OOM_ABSENT,
		.reclaimed = OOM_ABSENT,
		.scanned = OOM_ABSENT,
		.parts = memory_parts_absent(),
		.swap_free = OOM_ABSENT,
	};
}

struct oom_record *oom_record_new(void)
{
	struct oom_record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->victim_uid = (uid_t)-1;
	record->requester_uid = (uid_t)-1;
	record->usage = OOM_ABSENT;
	record->limit = OOM_ABSENT;
	record->snapshot = oom_snapshot_unknown();
	return record;
}

/* Copies @from, which may be NULL, to *@to. Returns false when out of memory. */
static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

struct oom_record *oom_record_copy(const struct oom_record *from)
{
	cleanup_(oom_record_free_ptr) struct oom_record *to = oom_record_new();

	if (!to)
		return NULL;
	*to = *from;
	to->container = to->limit_owner = to->victim_container = to->victim_command = NULL;
	to->cause = NULL;
	if (!copy_text(&to->container, from->container) ||
	    !copy_text(&to->limit_owner, from->limit_owner) ||
	    !copy_text(&to->victim_container, from->victim_container) ||
	    !copy_text(&to->victim_command, from->victim_command) ||
	    !copy_text(&to->cause, from->cause))
		return NULL;
	return take_ptr(to);
}

struct oom_record *oom_record_free(struct oom_record *record)
{
	if (!record)
		return NULL;
	free(record->container);
	free(record->limit_owner);
	free(record->victim_container);
	free(record->victim_command);
	free(record->cause);
	free(record);
	return NULL;
}
