/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of OOMs: see oom-history.h. */
#include "monitor/oom-history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/job.h"
#include "container/manager.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "store/state.h"
#include "shared/clock.h"
#include "shared/file.h"

/*
 * Kills by rssd are saved at most this often: a client that removes containers by force would
 * otherwise have the whole file written for each. An OOM is saved at once.
 */
#define KILLS_INTERVAL_USEC (1000 * 1000)

struct oom_history {
	struct job job;
	struct manager *manager;
	enum event_kind kind;
	const char *file;
	struct oom_record *records[OOM_HISTORY_MAX]; /* a ring */
	size_t first, count;

	/* The worker uses only text and error, and the state. */
	char *text;
	int error;
	bool unsaved;
	uint64_t saved_at;
	sd_event_source *timer;
};

const struct oom_record *oom_history_at(const struct oom_history *history, size_t i)
{
	return i < history->count ? history->records[(history->first + i) % OOM_HISTORY_MAX] : NULL;
}

const struct oom_record *oom_history_find(const struct oom_history *history, uint64_t sequence)
{
	for (size_t i = history->count; i-- > 0;) {
		const struct oom_record *record = oom_history_at(history, i);

		if (record->id == sequence)
			return record;
	}
	return NULL;
}

bool oom_concerns(const struct oom_record *record, const char *container)
{
	return (record->container && strcmp(record->container, container) == 0) ||
	       (record->victim_container && strcmp(record->victim_container, container) == 0);
}

static void add_record(struct oom_history *history, struct oom_record *record)
{
	if (history->count == OOM_HISTORY_MAX) {
		oom_record_free(history->records[history->first]);
		history->first = (history->first + 1) % OOM_HISTORY_MAX;
		history->count--;
	}
	history->records[(history->first + history->count++) % OOM_HISTORY_MAX] = record;
}

/* --- on disk: one record a line ------------------------------------------------------ */

static char *format_history(const struct oom_history *history)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < history->count; i++) {
		cleanup_free char *line = oom_format(oom_history_at(history, i));

		if (!line) {
			(void)fclose(out);
			free(text);
			return NULL;
		}
		fputs(line, out);
	}
	if (close_text(out, &text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void save_run(struct worker *worker, void *data)
{
	struct oom_history *history = data;

	history->error = state_write_text(history->manager->state, history->file, history->text);
}

static void save_later(struct oom_history *history);

static void save_done(void *data)
{
	struct oom_history *history = data;

	job_end(&history->job);
	free(history->text);
	history->text = NULL;
	if (history->error < 0)
		log_warning("Cannot save the OOM history: %s; a restart of rssd loses the last "
			    "OOMs",
			    strerror(-history->error));
	if (history->unsaved)
		save_later(history);
}

/* Runs the pending job. */
static int save_history(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct oom_history *history = userdata;

	history->timer = sd_event_source_disable_unref(history->timer);
	history->unsaved = false;
	history->saved_at = clock_usec(CLOCK_MONOTONIC);
	history->text = format_history(history);
	if (!history->text || job_run(&history->job, save_run, save_done) < 0) {
		free(history->text);
		history->text = NULL;
		job_end(&history->job);
	}
	return 0;
}

/* The job is pending from here on, so that rssd does not stop before it has saved. */
static void save_later(struct oom_history *history)
{
	struct manager *m = history->manager;
	uint64_t due = history->saved_at + KILLS_INTERVAL_USEC;

	job_begin(&history->job, m->jobs, history);
	if (history->kind != EVENT_KILL || m->stopping || clock_usec(CLOCK_MONOTONIC) >= due ||
	    sd_event_add_time(m->event, &history->timer, CLOCK_MONOTONIC, due, 1000, save_history,
			      history) < 0)
		(void)save_history(NULL, 0, history);
}

/* Adds a copy of the record; if the history is full, the oldest record is dropped. */
static void on_event(const struct event *event, void *userdata)
{
	struct oom_history *history = userdata;
	struct oom_record *copy = event->kind == history->kind ? oom_record_copy(event->oom) : NULL;

	if (!copy)
		return;
	add_record(history, copy);
	history->unsaved = true;
	if (!history->job.jobs)
		save_later(history);
}

static const struct manager_listener listener = { .event = on_event };

static int load_line(struct oom_history *history, const char *line)
{
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	struct oom_record *record;
	const char *key;
	int r;

	json_watch_memory();
	object = json_tokener_parse(line);
	if (json_lacked_memory())
		return -ENOMEM;
	r = oom_from_json(object, &record, &key);
	if (r == 0)
		add_record(history, record);
	return r;
}

/* The next save would replace what cannot be read now. */
static void set_unreadable_aside(const struct oom_history *history, int error)
{
	cleanup_free char *kept = NULL;
	int r = state_set_text_aside(history->manager->state, history->file, &kept);

	log_error("%s cannot be read: %s; starting an empty one, and the file %s%s", history->file,
		  strerror(-error), r < 0 ? "could not be set aside: " : "is kept as ",
		  r < 0 ? strerror(-r) : kept);
}

static int load_history(struct oom_history *history)
{
	cleanup_free char *text = NULL;
	size_t length, bad = 0;
	char *at = NULL;
	int r = state_read_text(history->manager->state, history->file, &text, &length);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		set_unreadable_aside(history, r);
		return 0;
	}
	for (char *line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		r = load_line(history, line);
		if (r == -ENOMEM)
			return r;
		bad += r < 0;
	}
	if (bad)
		log_error("%zu lines of the OOM history cannot be parsed and are ignored", bad);
	return 0;
}

int oom_history_open(struct manager *m, enum event_kind kind, const char *file,
		     struct oom_history **ret)
{
	struct oom_history *history = calloc(1, sizeof(*history));
	int r;

	if (!history)
		return -ENOMEM;
	history->manager = m;
	history->kind = kind;
	history->file = file;
	r = manager_listen(m, &listener, history);
	if (r == 0)
		r = load_history(history);
	if (r < 0) {
		oom_history_free(history);
		return r;
	}
	*ret = history;
	return 0;
}

struct oom_history *oom_history_free(struct oom_history *history)
{
	if (!history)
		return NULL;
	manager_ignore(history->manager, &listener, history);
	sd_event_source_disable_unref(history->timer);
	for (size_t i = 0; i < history->count; i++)
		oom_record_free(history->records[(history->first + i) % OOM_HISTORY_MAX]);
	free(history->text);
	free(history);
	return NULL;
}
