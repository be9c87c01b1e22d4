/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State on disk: see state.h. */
#include "store/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "policy/record.h"
#include "shared/file.h"
#include "shared/name.h"

#define TEMPORARY_PREFIX ".new-"
#define ASIDE_SUFFIX	 ".bad"

struct state {
	char *path, *transient_path;
	int fd;		   /* the folder */
	int containers_fd; /* its containers/ */
	int transient_fd;  /* the runtime folder's transient/, or -1 */
	int lock_fd;
};

struct state_write {
	int dirfd; /* these two are borrowed from the state */
	int other; /* where an older file of the name may be, or -1 */
	bool synced;
	char *temporary;
	char *file;
};

DEFINE_CLEANUP(DIR *, closedir);

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* mkdir -p */
static int make_folders(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* The folder for what ends with the machine; where it cannot be used there is none. */
static int open_transient(struct state *state, const char *runtime)
{
	if (asprintf(&state->transient_path, "%s/transient", runtime) < 0) {
		state->transient_path = NULL;
		return -ENOMEM;
	}
	if (make_folders(state->transient_path) == 0)
		state->transient_fd =
			open(state->transient_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

int state_open(const char *path, const char *runtime, struct state **ret, struct failure *failure)
{
	cleanup_(state_free_ptr) struct state *state = calloc(1, sizeof(*state));
	int r;

	if (!state)
		return -ENOMEM;
	*state = (struct state){ .fd = -1, .containers_fd = -1, .transient_fd = -1, .lock_fd = -1 };
	state->path = strdup(path);
	if (!state->path)
		return -ENOMEM;

	r = make_folders(path);
	if (r == 0) {
		state->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (state->fd < 0)
			r = -errno;
	}
	if (r == 0 && mkdirat(state->fd, "containers", 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0) {
		state->containers_fd =
			openat(state->fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (state->containers_fd < 0)
			r = -errno;
	}
	if (r == 0) {
		state->lock_fd = openat(state->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (state->lock_fd < 0)
			r = -errno;
	}
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "The state folder %s cannot be used: %s; rssd needs to write there so "
			    "that no container is lost",
			    path, strerror(-r));
	if (flock(state->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return fail(
			failure, RSS_ERROR_IN_PROGRESS,
			"Another rssd is using %s; stop it first, or give this one a StateDirectory "
			"and Root of its own",
			path);
	r = open_transient(state, runtime);
	if (r < 0)
		return r;

	*ret = take_ptr(state);
	return 0;
}

struct state *state_free(struct state *state)
{
	if (!state)
		return NULL;
	if (state->fd >= 0)
		close(state->fd);
	if (state->containers_fd >= 0)
		close(state->containers_fd);
	if (state->transient_fd >= 0)
		close(state->transient_fd);
	if (state->lock_fd >= 0)
		close(state->lock_fd);
	free(state->path);
	free(state->transient_path);
	free(state);
	return NULL;
}

static struct state_write *state_write_free(struct state_write *write)
{
	free(write->temporary);
	free(write->file);
	free(write);
	return NULL;
}

struct state_write *state_abort(struct state_write *write)
{
	if (!write)
		return NULL;
	(void)unlinkat(write->dirfd, write->temporary, 0);
	return state_write_free(write);
}

/* The one writer: @text to a temporary file that will become @file. */
static int prepare_text(int dirfd, bool synced, const char *file, const char *text,
			struct state_write **ret)
{
	struct state_write *write = calloc(1, sizeof(*write));
	cleanup_close int fd = -1;
	int r;

	if (!write)
		return -ENOMEM;
	write->dirfd = dirfd;
	write->other = -1;
	write->synced = synced;
	write->file = strdup(file);
	if (!write->file || asprintf(&write->temporary, TEMPORARY_PREFIX "%s", file) < 0) {
		write->temporary = NULL;
		state_write_free(write);
		return -ENOMEM;
	}

	fd = openat(dirfd, write->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, text);
	if (r == 0 && synced && fsync(fd) < 0)
		r = -errno;
	if (r < 0) {
		state_abort(write);
		return r;
	}
	*ret = write;
	return 0;
}

bool state_waits(const struct state *state, const struct record *record)
{
	return !record->transient || state->transient_fd < 0;
}

int state_prepare(struct state *state, const struct record *record, struct state_write **ret)
{
	cleanup_free char *file = name_to_file(record->name);
	cleanup_free char *text = record_format(record);
	bool lost = !state_waits(state, record);
	int r;

	if (!file || !text)
		return -ENOMEM;
	r = prepare_text(lost ? state->transient_fd : state->containers_fd, !lost, file, text, ret);
	if (r == 0)
		(*ret)->other = lost ? state->containers_fd : state->transient_fd;
	return r;
}

int state_commit(struct state_write *write)
{
	int r = 0;

	if (renameat(write->dirfd, write->temporary, write->dirfd, write->file) < 0) {
		r = -errno;
		state_abort(write);
		return r;
	}
	if (write->synced && fsync(write->dirfd) < 0)
		r = -errno;
	/* It was transient before, or is now. */
	if (write->other >= 0)
		(void)unlinkat(write->other, write->file, 0);
	state_write_free(write);
	return r;
}

int state_forget(struct state *state, const char *name)
{
	cleanup_free char *file = name_to_file(name);

	if (!file)
		return -ENOMEM;
	if (state->transient_fd >= 0 && unlinkat(state->transient_fd, file, 0) < 0 &&
	    errno != ENOENT)
		return -errno;
	if (unlinkat(state->containers_fd, file, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

int state_sync(struct state *state)
{
	return fsync(state->containers_fd) < 0 ? -errno : 0;
}

/* Renames a bad file to FILE.bad, FILE.bad.1, ...: an older one is never overwritten. */
static int set_aside(int dirfd, const char *file, char **ret)
{
	for (unsigned int i = 0; i < 1000; i++) {
		cleanup_free char *to = NULL;
		int r = i == 0 ? asprintf(&to, "%s" ASIDE_SUFFIX, file)
			       : asprintf(&to, "%s" ASIDE_SUFFIX ".%u", file, i);

		if (r < 0) {
			to = NULL;
			return -ENOMEM;
		}
		if (linkat(dirfd, file, dirfd, to, 0) < 0) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		if (unlinkat(dirfd, file, 0) < 0)
			return -errno;
		*ret = take_ptr(to);
		return 0;
	}
	return -EEXIST;
}

static int load_file(const char *folder, int dirfd, const char *file, struct record **ret,
		     struct failure *failure)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	cleanup_free char *text = NULL, *path = NULL, *name = NULL;
	size_t length;
	int r;

	if (asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = read_file_at(dirfd, file, FILE_FOREIGN_MAX, &text, &length);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONFIG, "%s: %s", path, strerror(-r));
	r = record_parse(text, length, path, RECORD_STATE, &record, failure);
	if (r < 0)
		return r;
	r = name_from_file(file, &name);
	if (r < 0 || strcmp(name, record->name) != 0)
		return fail(failure, RSS_ERROR_CONFIG,
			    "%s: the file is about \"%s\", which does not go with its name", path,
			    record->name);
	*ret = take_ptr(record);
	return 0;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), end = strlen(suffix);

	return length >= end && strcmp(text + length - end, suffix) == 0;
}

/* @but: a folder whose file of the same name counts, or -1 */
static int load_folder(const char *folder, int dirfd, int but, state_found_fn found,
		       state_aside_fn aside, void *userdata)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(closedir_ptr) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		int r = -errno;

		if (fd >= 0)
			close(fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		cleanup_(record_free_ptr) struct record *record = NULL;
		cleanup_free char *kept = NULL, *reason = NULL;
		struct failure failure = { 0 };
		int r;

		if (strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0) {
			(void)unlinkat(dirfd, entry->d_name, 0);
			continue;
		}
		if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, ".json"))
			continue;
		if (but >= 0 && faccessat(but, entry->d_name, F_OK, 0) == 0) {
			(void)unlinkat(dirfd, entry->d_name, 0);
			continue;
		}

		r = load_file(folder, dirfd, entry->d_name, &record, &failure);
		if (r == -ENOMEM)
			return r;
		if (r == 0) {
			r = found(&record, userdata);
			if (r < 0)
				return r;
			continue;
		}
		r = set_aside(dirfd, entry->d_name, &kept);
		if (asprintf(&reason, "%s; the file %s%s", failure.text,
			     r < 0 ? "could not be set aside: " : "is kept as ",
			     r < 0 ? strerror(-r) : kept) < 0) {
			reason = NULL;
			return -ENOMEM;
		}
		aside(reason, userdata);
	}
	return 0;
}

int state_load(struct state *state, state_found_fn found, state_aside_fn aside, void *userdata)
{
	cleanup_free char *folder = NULL;
	int r;

	if (asprintf(&folder, "%s/containers", state->path) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	r = load_folder(folder, state->containers_fd, -1, found, aside, userdata);
	if (r == 0 && state->transient_fd >= 0)
		r = load_folder(state->transient_path, state->transient_fd, state->containers_fd,
				found, aside, userdata);
	return r;
}

int state_read_sequence(struct state *state, uint64_t *ret)
{
	cleanup_free char *text = NULL;
	size_t length;
	uint64_t sequence;
	int r = read_file_at(state->fd, "sequence", FILE_FOREIGN_MAX, &text, &length);

	if (r == -ENOENT) {
		*ret = 1;
		return 0;
	}
	if (r < 0)
		return r;
	if (sscanf(text, "%" SCNu64, &sequence) != 1 || sequence == 0)
		return -EBADMSG;
	*ret = sequence;
	return 0;
}

int state_write_text(struct state *state, const char *file, const char *text)
{
	struct state_write *write;
	int r = prepare_text(state->fd, true, file, text, &write);

	return r < 0 ? r : state_commit(write);
}

int state_read_text(struct state *state, const char *file, char **ret, size_t *ret_length)
{
	return read_file_at(state->fd, file, FILE_OWN_MAX, ret, ret_length);
}

int state_remove_text(struct state *state, const char *file)
{
	if (unlinkat(state->fd, file, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(state->fd) < 0 ? -errno : 0;
}

int state_write_sequence(struct state *state, uint64_t sequence)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", sequence);
	return state_write_text(state, "sequence", text);
}
