/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored usage histories: see usage-save.h. */
#include "container/usage-save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/job.h"
#include "base/log.h"
#include "container/manager.h"
#include "container/usage-clock.h"
#include "policy/usage-history-text.h"
#include "shared/array.h"
#include "shared/file.h"
#include "store/state.h"

#define FILE_NAME "usage-history"

/* The histories at one time, for the worker. The names are owned. */
struct lines {
	struct usage_line *list;
	size_t count, allocated;
	struct usage_clocks clocks;
};

struct usage_save {
	struct manager *manager;
	struct job job;
	struct lines lines; /* that the job writes */
	int error;
	bool running, changed, failed;
	bool unreadable;   /* the file was not read, so it is not overwritten */
	uint64_t saved_at; /* of the histories' clock; 0: not since the start */
};

static void lines_done(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free((char *)lines->list[i].name);
	free(lines->list);
	*lines = (struct lines){ 0 };
}

static struct usage_clocks read_clocks(const struct manager *m)
{
	struct usage_clocks clocks = { .history = container_history_time(m),
				       .boot = CONTAINER_HISTORY_BOOT };

	(void)sd_event_now(m->event, CLOCK_REALTIME, &clocks.wall);
	return clocks;
}

static int add_line(struct lines *lines, const char *name, const struct usage_stored *stored)
{
	char *copy = strdup(name);

	if (!copy || array_reserve(&lines->list, lines->count, &lines->allocated,
				   sizeof(*lines->list)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	lines->list[lines->count++] = (struct usage_line){ .name = copy, .stored = *stored };
	return 0;
}

/* --- writing ----------------------------------------------------------------------- */

static int take_lines(const struct manager *m, struct lines *lines)
{
	int r = 0;

	lines->clocks = read_clocks(m);
	for (size_t i = 0; i < m->count && r == 0; i++) {
		struct usage_stored stored;

		if (!m->containers[i]->usage_history)
			continue;
		usage_history_export(m->containers[i]->usage_history, &stored);
		r = add_line(lines, m->containers[i]->name, &stored);
	}
	return r;
}

static int write_lines(struct state *state, const struct lines *lines)
{
	cleanup_free char *text = NULL, *whole = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < lines->count; i++)
		usage_text_line(out, &lines->list[i], &lines->clocks);
	if (close_text(out, &text) < 0)
		return -ENOMEM;
	whole = usage_text_end(text, lines->count);
	return whole ? state_write_text(state, FILE_NAME, whole) : -ENOMEM;
}

static void log_result(struct usage_save *save, int error)
{
	if (error < 0 && !save->failed)
		log_warning("Cannot save the usage histories: %s; a restart of rssd loses them",
			    strerror(-error));
	save->failed = error < 0;
}

static void save_run(struct worker *worker, void *data)
{
	struct usage_save *save = data;

	save->error = write_lines(save->manager->state, &save->lines);
}

static void save_done(void *data)
{
	struct usage_save *save = data;

	job_end(&save->job);
	save->running = false;
	lines_done(&save->lines);
	log_result(save, save->error);
	save->changed |= save->error < 0;
}

void usage_save_later(struct manager *m, uint64_t time)
{
	struct usage_save *save = m->usage_save;

	if (!save)
		return;
	save->changed = true;
	if (save->running || save->unreadable || m->stopping ||
	    (save->saved_at && time < save->saved_at + USAGE_SAVE_USEC))
		return;
	/* A failure is tried again after the same time. */
	save->saved_at = time;
	if (take_lines(m, &save->lines) < 0 ||
	    job_start(&save->job, m->jobs, save_run, save_done, save) < 0) {
		lines_done(&save->lines);
		return;
	}
	save->running = true;
	save->changed = false;
}

void usage_save_dropped(struct manager *m)
{
	if (!m->usage_save)
		return;
	m->usage_save->changed = true;
	m->usage_save->saved_at = 0;
}

static void on_taken_out(struct container *c, void *userdata)
{
	if (c->usage_history)
		usage_save_dropped(userdata);
}

static const struct manager_listener listener = { .taken_out = on_taken_out };

/* --- reading ----------------------------------------------------------------------- */

static int take_line(const struct usage_line *line, void *userdata)
{
	return add_line(userdata, line->name, &line->stored);
}

static int give_history(const struct manager *m, const struct usage_line *line, uint64_t now)
{
	struct container *c = manager_find(m, line->name);

	/* It was removed. Or it has a history: a declaration has just been applied. */
	if (!c || c->usage_history)
		return 0;
	return usage_history_import(&line->stored, now, &c->usage_history);
}

/* A bad history among good ones is a bad file: none is used. */
static int give_histories(struct manager *m, const struct lines *lines)
{
	int r = 0;

	for (size_t i = 0; i < lines->count && r == 0; i++)
		r = give_history(m, &lines->list[i], lines->clocks.history);
	for (size_t i = 0; i < m->count && r < 0; i++) {
		free(m->containers[i]->usage_history);
		m->containers[i]->usage_history = NULL;
	}
	return r;
}

static int load(struct manager *m)
{
	cleanup_(lines_done) struct lines lines = { .clocks = read_clocks(m) };
	cleanup_free char *text = NULL;
	size_t length;
	int r = state_read_text(m->state, FILE_NAME, &text, &length);

	if (r < 0 && r != -ENOENT)
		m->usage_save->unreadable = true;
	if (r == 0)
		r = usage_text_parse(text, length, &lines.clocks, take_line, &lines);
	return r < 0 ? r : give_histories(m, &lines);
}

int usage_save_open(struct manager *m)
{
	int r;

	m->usage_save = calloc(1, sizeof(*m->usage_save));
	if (!m->usage_save)
		return -ENOMEM;
	m->usage_save->manager = m;
	r = manager_listen(m, &listener, m);
	if (r < 0)
		return r;
	r = load(m);
	if (r == -EBADMSG)
		log_warning("The file \"" FILE_NAME "\" in the state directory is damaged; it is "
			    "not used, and usage histories begin again");
	else if (r < 0 && r != -ENOENT)
		log_warning("Cannot read the file \"" FILE_NAME "\" in the state directory: %s; "
			    "usage histories begin again",
			    strerror(-r));
	return 0;
}

void usage_save_close(struct manager *m)
{
	struct usage_save *save = m->usage_save;

	if (!save)
		return;
	manager_ignore(m, &listener, m);
	job_end(&save->job);
	if (save->changed && !save->unreadable) {
		int r = take_lines(m, &save->lines);

		log_result(save, r < 0 ? r : write_lines(m->state, &save->lines));
	}
	lines_done(&save->lines);
	free(save);
	m->usage_save = NULL;
}
