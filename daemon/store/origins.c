/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The origins of attached processes: see origins.h. */
#include "store/origins.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "host/process.h"
#include "shared/array.h"
#include "shared/file.h"
#include "store/durable-file.h"

#define ORIGINS_FILE "origins"
/* The file is rewritten when it has this many lines more than twice the number of origins. */
#define ORIGINS_SLACK 256

struct origin {
	pid_t pid;
	uint64_t start;
	char *cgroup;
	bool detached; /* in the file: a "-" before the cgroup */
};

struct origins {
	pthread_mutex_t lock; /* protects all members below */
	int dirfd;	      /* -1: in memory only */
	struct origin *list;  /* sorted by pid and start time */
	size_t count, allocated;
	size_t lines;	 /* in the file */
	bool incomplete; /* the file lacks an origin */
};

/* Returns the index of the first origin that is not before @pid and @start. */
static size_t lower_bound(const struct origins *o, pid_t pid, uint64_t start)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct origin *at = &o->list[middle];

		if (at->pid < pid || (at->pid == pid && at->start < start))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct origin *find_origin(const struct origins *o, pid_t pid, uint64_t start)
{
	size_t i = lower_bound(o, pid, start);
	bool found = i < o->count && o->list[i].pid == pid && o->list[i].start == start;

	return found ? &o->list[i] : NULL;
}

/* Adds or replaces the origin of a process. */
static int put_origin(struct origins *o, pid_t pid, uint64_t start, const char *cgroup,
		      bool detached)
{
	cleanup_free char *copy = strdup(cgroup);
	size_t i = lower_bound(o, pid, start);
	struct origin *origin = find_origin(o, pid, start);

	if (!copy)
		return -ENOMEM;
	if (origin) {
		free(origin->cgroup);
	} else {
		if (array_reserve(&o->list, o->count, &o->allocated, sizeof(*o->list)) < 0)
			return -ENOMEM;
		origin = &o->list[i];
		memmove(origin + 1, origin, (o->count++ - i) * sizeof(*origin));
	}
	*origin = (struct origin){
		.pid = pid,
		.start = start,
		.cgroup = take_ptr(copy),
		.detached = detached,
	};
	return 0;
}

/* The origin of an ended leader is still used for the other processes of its group. */
static bool leads_a_group(pid_t pid)
{
	return kill(-pid, 0) == 0 || errno == EPERM;
}

static bool is_needed(const struct origin *origin)
{
	struct process p;

	return process_read(origin->pid, &p) == 0 ? p.start == origin->start
						  : leads_a_group(origin->pid);
}

static void drop_ended(struct origins *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (is_needed(&o->list[i]))
			o->list[kept++] = o->list[i];
		else
			free(o->list[i].cgroup);
	}
	o->count = kept;
}

static int print_origin(FILE *out, const struct origin *origin)
{
	return fprintf(out, "%d %" PRIu64 " %s%s\n", (int)origin->pid, origin->start,
		       origin->detached ? "-" : "", origin->cgroup);
}

/* Replaces the file with the current origins. */
static int rewrite(struct origins *o)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int r;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < o->count; i++)
		(void)print_origin(out, &o->list[i]);
	if (close_text(out, &text) < 0)
		return -ENOMEM;
	r = durable_write(o->dirfd, false, ORIGINS_FILE, text);
	if (r == 0)
		o->lines = o->count;
	return r;
}

static int load(struct origins *o)
{
	cleanup_free char *text = NULL;
	size_t length;
	char *save = NULL;
	int r = read_own_file_at(o->dirfd, ORIGINS_FILE, &text, &length);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t start;
		int pid, at = 0;
		bool detached;

		/* A last line that a crash truncated is invalid, or is of an ended process. */
		if (sscanf(line, "%d %" SCNu64 " %n", &pid, &start, &at) < 2)
			continue;
		detached = line[at] == '-';
		at += detached;
		if (line[at] != '/')
			continue;
		/* The last line of a process counts. */
		r = put_origin(o, pid, start, line + at, detached);
		if (r < 0)
			return r;
	}
	drop_ended(o);
	return 0;
}

int origins_open(const char *directory, struct origins **ret)
{
	cleanup_(origins_free_ptr) struct origins *o = calloc(1, sizeof(*o));
	int r = 0;

	if (!o)
		return -ENOMEM;
	o->dirfd = -1;
	pthread_mutex_init(&o->lock, NULL);
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0) {
		o->dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (o->dirfd < 0)
			r = -errno;
	}
	if (r == 0) {
		r = load(o);
		/* The file may be valid: do not replace it. */
		if (r < 0)
			return r;
		r = rewrite(o);
	}
	*ret = take_ptr(o);
	return r;
}

struct origins *origins_free(struct origins *o)
{
	if (!o)
		return NULL;
	for (size_t i = 0; i < o->count; i++)
		free(o->list[i].cgroup);
	if (o->dirfd >= 0)
		close(o->dirfd);
	pthread_mutex_destroy(&o->lock);
	free(o->list);
	free(o);
	return NULL;
}

/* Appends a line: 0, or a negative errno. A part of it may be in the file then. */
static int append_line(const struct origins *o, const struct origin *origin)
{
	cleanup_close int fd = -1;
	cleanup_free char *line = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&line, &length);

	if (!out)
		return -ENOMEM;
	(void)print_origin(out, origin);
	if (close_text(out, &line) < 0)
		return -ENOMEM;
	fd = openat(o->dirfd, ORIGINS_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, length) != (ssize_t)length)
		return -EIO;
	return 0;
}

/*
 * If the line cannot be appended, the whole file is written, so that no part of a line stays.
 * If that fails as well, it does not fail the attach: the origin is in memory, and the next one
 * writes the file.
 */
static void store(struct origins *o, pid_t pid, uint64_t start)
{
	if (o->dirfd < 0)
		return;
	if (o->lines > 2 * o->count + ORIGINS_SLACK)
		drop_ended(o);
	else if (!o->incomplete && append_line(o, find_origin(o, pid, start)) == 0) {
		o->lines++;
		return;
	}
	o->incomplete = rewrite(o) < 0;
}

static int set(struct origins *o, pid_t pid, uint64_t start, const char *cgroup, bool detached)
{
	int r;

	pthread_mutex_lock(&o->lock);
	r = put_origin(o, pid, start, cgroup, detached);
	if (r == 0)
		store(o, pid, start);
	pthread_mutex_unlock(&o->lock);
	return r;
}

int origins_set(struct origins *o, pid_t pid, uint64_t start, const char *cgroup)
{
	return set(o, pid, start, cgroup, false);
}

int origins_set_detached(struct origins *o, pid_t pid, uint64_t start, const char *cgroup)
{
	return set(o, pid, start, cgroup, true);
}

bool origins_is_detached(struct origins *o, pid_t pid, uint64_t start)
{
	const struct origin *origin;
	bool detached;

	pthread_mutex_lock(&o->lock);
	origin = find_origin(o, pid, start);
	detached = origin && origin->detached;
	pthread_mutex_unlock(&o->lock);
	return detached;
}

char *origins_find(struct origins *o, pid_t pid, uint64_t start)
{
	const struct origin *origin;
	char *cgroup = NULL;

	pthread_mutex_lock(&o->lock);
	origin = find_origin(o, pid, start);
	if (origin)
		cgroup = strdup(origin->cgroup);
	pthread_mutex_unlock(&o->lock);
	return cgroup;
}

char *origins_find_leader(struct origins *o, pid_t pid, uint64_t start)
{
	char *cgroup = NULL;
	size_t after;

	pthread_mutex_lock(&o->lock);
	/* The last origin of that pid that did not start after @start. */
	after = lower_bound(o, pid, start + 1);
	if (after > 0 && o->list[after - 1].pid == pid)
		cgroup = strdup(o->list[after - 1].cgroup);
	pthread_mutex_unlock(&o->lock);
	return cgroup;
}
