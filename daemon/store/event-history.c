/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stored events: see event-history.h. */
#include "store/event-history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "shared/file.h"
#include "shared/name.h"
#include "store/durable-file.h"

#define FILE_NAME "events"
/* The file is rewritten when it has LINES_MAX lines or has grown by GROWTH_MAX bytes. */
#define LINES_MAX  (2 * EVENT_HISTORY_MAX)
#define GROWTH_MAX (512 * 1024)

struct event_history {
	struct past_event events[EVENT_HISTORY_MAX]; /* a ring */
	size_t first, count;
	uint64_t begin;
	int dirfd, fd; /* -1: in memory only */
	size_t lines;
	size_t growth; /* bytes appended since the file was written */
};

static const char *const kind_names[] = {
	[EVENT_LIMIT_HIT] = "limit-hit", [EVENT_RECLAIMED] = "reclaimed", [EVENT_OOM] = "oom",
	[EVENT_WATERMARK] = "watermark", [EVENT_LOST] = "lost",		  [EVENT_KILL] = "kill",
	[EVENT_DRIFT] = "drift",	 [EVENT_THRESHOLD] = "threshold",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

const struct past_event *event_history_at(const struct event_history *history, size_t index)
{
	return index < history->count
		       ? &history->events[(history->first + index) % EVENT_HISTORY_MAX]
		       : NULL;
}

/* Returns the last number that the event covers. */
static uint64_t end_of(const struct past_event *event)
{
	return event->kind == EVENT_LOST ? event->last : event->sequence;
}

const struct past_event *event_history_find(const struct event_history *history, uint64_t since,
					    size_t *ret_index)
{
	size_t low = 0, high = history->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(event_history_at(history, middle)) <= since)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_index = low;
	return event_history_at(history, low);
}

uint64_t event_history_begin(const struct event_history *history)
{
	return history->begin;
}

/* Takes over the name of the container. */
static void add_event(struct event_history *history, const struct past_event *event)
{
	if (history->count == EVENT_HISTORY_MAX) {
		struct past_event *oldest = &history->events[history->first];

		history->begin = end_of(oldest) + 1;
		free(oldest->container);
		history->first = (history->first + 1) % EVENT_HISTORY_MAX;
		history->count--;
	}
	history->events[(history->first + history->count++) % EVENT_HISTORY_MAX] = *event;
}

/* --- the file ------------------------------------------------------------------ */

static int write_event(FILE *out, const struct past_event *e)
{
	return fprintf(out,
		       "%" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64 " %" PRIu64 " %" PRIu64
		       " %d %s\n",
		       e->sequence, e->last, e->time, (int)e->kind, e->usage, e->limit, e->amount,
		       (int)e->wmark_high, e->container);
}

/* After a restart without the file, earlier events are reported as lost. */
static void remove_file(struct event_history *history)
{
	(void)unlinkat(history->dirfd, FILE_NAME, 0);
	(void)unlinkat(history->dirfd, DURABLE_TEMPORARY FILE_NAME, 0);
}

static void give_up_file(struct event_history *history, int error)
{
	log_warning("Cannot store events: %s; a restart of rssd loses earlier events",
		    strerror(error));
	if (history->fd >= 0)
		close(take_fd(&history->fd));
	remove_file(history);
}

static int format_history(const struct event_history *history, char **ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return -ENOMEM;
	fprintf(out, "from %" PRIu64 "\n", history->begin);
	for (size_t i = 0; i < history->count; i++)
		(void)write_event(out, event_history_at(history, i));
	if (close_text(out, &text) < 0)
		return -ENOMEM;
	*ret = take_ptr(text);
	return 0;
}

static int rewrite_file(struct event_history *history)
{
	cleanup_free char *text = NULL;
	int fd, r = format_history(history, &text);

	if (r == 0)
		r = durable_write(history->dirfd, false, FILE_NAME, text);
	if (r < 0)
		return r;
	fd = openat(history->dirfd, FILE_NAME, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (history->fd >= 0)
		close(history->fd);
	history->fd = fd;
	history->lines = history->count + 1;
	history->growth = 0;
	return 0;
}

static int append_event(struct event_history *history, const struct past_event *event)
{
	cleanup_free char *line = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&line, &length);

	if (!out)
		return -ENOMEM;
	(void)write_event(out, event);
	if (close_text(out, &line) < 0)
		return -ENOMEM;
	/* One write: a crash leaves the whole line or nothing. */
	if (write(history->fd, line, length) != (ssize_t)length)
		return -EIO;
	history->lines++;
	history->growth += length;
	return 0;
}

/* An invalid name could not be sent. Lost events have no container. */
static bool is_container(const struct past_event *event, const char *name)
{
	return event->kind == EVENT_LOST ? *name == '\0' : !name_problem(name);
}

/* Returns 0, -EBADMSG if it is no event, or -ENOMEM. */
static int parse_line(const char *line, struct past_event *ret)
{
	struct past_event e = { 0 };
	int kind, high, at = 0;

	if (sscanf(line,
		   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %d %n",
		   &e.sequence, &e.last, &e.time, &kind, &e.usage, &e.limit, &e.amount, &high,
		   &at) < 8 ||
	    kind < 0 || kind > EVENT_THRESHOLD || e.sequence == 0 || at == 0)
		return -EBADMSG;
	e.kind = (enum event_kind)kind;
	e.wmark_high = high;
	if (!is_container(&e, line + at) || (e.kind == EVENT_LOST && e.last < e.sequence))
		return -EBADMSG;
	e.container = strdup(line + at);
	if (!e.container)
		return -ENOMEM;
	*ret = e;
	return 0;
}

static int load_file(struct event_history *history, uint64_t next)
{
	cleanup_free char *text = NULL;
	uint64_t begin;
	size_t length;
	char *at = NULL, *line;
	int r = read_own_file_at(history->dirfd, FILE_NAME, &text, &length);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	line = strtok_r(text, "\n", &at);
	if (!line || sscanf(line, "from %" SCNu64, &begin) != 1 || begin > next)
		return 0;
	history->begin = begin;
	while ((line = strtok_r(NULL, "\n", &at))) {
		const struct past_event *before =
			history->count ? event_history_at(history, history->count - 1) : NULL;
		uint64_t first = before ? end_of(before) + 1 : begin;
		struct past_event event;

		r = parse_line(line, &event);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		/* Numbers increase from the first one, and are below the next one. */
		if (end_of(&event) >= next || event.sequence < first)
			free(event.container);
		else
			add_event(history, &event);
	}
	return 0;
}

int event_history_open(const char *directory, uint64_t next, struct event_history **ret)
{
	cleanup_(event_history_free_ptr) struct event_history *history =
		calloc(1, sizeof(*history));
	int r = 0;

	if (!history)
		return -ENOMEM;
	history->begin = next;
	history->fd = -1;
	history->dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (history->dirfd < 0)
		r = -errno;
	if (r == 0)
		r = load_file(history, next);
	if (r == 0)
		r = rewrite_file(history);
	/* Later events are not appended to the old file: read after a restart, it would have a gap. */
	if (r < 0 && history->dirfd >= 0)
		remove_file(history);
	*ret = take_ptr(history);
	return r;
}

struct event_history *event_history_free(struct event_history *history)
{
	if (!history)
		return NULL;
	for (size_t i = 0; i < history->count; i++)
		free(history->events[(history->first + i) % EVENT_HISTORY_MAX].container);
	if (history->fd >= 0)
		close(history->fd);
	if (history->dirfd >= 0)
		close(history->dirfd);
	free(history);
	return NULL;
}

void event_history_add(struct event_history *history, const struct event *event,
		       const char *container)
{
	struct past_event past = {
		.kind = event->kind,
		.sequence = event->sequence,
		.last = event->last,
		.time = event->time,
		.usage = event->usage,
		.limit = event->limit,
		.amount = event->amount,
		.wmark_high = event->which && strcmp(event->which, "wmark_high") == 0,
		.container = strdup(container),
	};
	int r = 0;

	if (!past.container) {
		/* Listeners receive the event, but it is not stored: the history begins after it. */
		history->begin = end_of(&past) + 1;
		return;
	}
	add_event(history, &past);
	if (history->fd < 0)
		return;
	r = history->lines >= LINES_MAX || history->growth >= GROWTH_MAX
		    ? rewrite_file(history)
		    : append_event(history, &past);
	if (r < 0)
		give_up_file(history, -r);
}
