/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State on disk: see state.h. */
#include "store/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "policy/record.h"
#include "shared/file.h"
#include "shared/name.h"
#include "store/durable-file.h"
#include "store/record-directory.h"

#define CREATING_PREFIX ".creating-"

struct state {
	char *path, *transient_path;
	int fd;		   /* the state directory */
	int containers_fd; /* its containers/ */
	int transient_fd;  /* transient/ of the runtime directory, or -1 */
	int lock_fd;
};

struct state_write {
	struct durable_file *file;
	char *name;	/* name of the file */
	int dirfd;	/* this and other are borrowed from the state */
	int other;	/* a directory that may have an older file of that name, or -1 */
	bool transient; /* other is the directory on disk */
};

/* mkdir -p */
static int make_directories(const char *path)
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

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Temporary errors: the file that could not be opened may exist. */
static bool is_temporary(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -EIO ||
	       error == -EINTR;
}

/*
 * Opens the directory that a reboot empties. If it cannot be used, there is none. Fails if it
 * cannot be opened now: its containers would lose their limits.
 */
static int open_transient(struct state *state, const char *runtime)
{
	int fd;

	if (asprintf(&state->transient_path, "%s/transient", runtime) < 0) {
		state->transient_path = NULL;
		return -ENOMEM;
	}
	fd = open_directory(state->transient_path);
	if (fd == -ENOENT && make_directories(state->transient_path) == 0)
		fd = open_directory(state->transient_path);
	if (fd >= 0)
		state->transient_fd = fd;
	return is_temporary(fd) ? fd : 0;
}

/* Not flock(): a hook that is being started would hold it too, and outlive a killed rssd. */
static bool lock(int fd)
{
	struct flock whole_file = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &whole_file) == 0;
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

	r = make_directories(path);
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
			    "Cannot use the state directory %s: %s; rssd must be able to write "
			    "to it",
			    path, strerror(-r));
	if (!lock(state->lock_fd))
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "Another rssd is using %s; stop it first, or configure another "
			    "StateDirectory= and Root=",
			    path);
	r = open_transient(state, runtime);
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "Cannot open the directory of transient containers, %s: %s; start "
			    "rssd again when it can be opened",
			    state->transient_path ?: runtime, strerror(-r));

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

struct state_write *state_abort(struct state_write *write)
{
	if (!write)
		return NULL;
	durable_abort(write->file);
	free(write->name);
	free(write);
	return NULL;
}

bool state_waits(const struct state *state, const struct record *record)
{
	return !record->transient || state->transient_fd < 0;
}

static char *creation_file(const char *name)
{
	cleanup_free char *file = name_to_file(name);
	char *marker;

	return file && asprintf(&marker, CREATING_PREFIX "%s", file) >= 0 ? marker : NULL;
}

static int prepare(struct state *state, const struct record *record, bool marked,
		   struct state_write **ret)
{
	cleanup_(state_abort_ptr) struct state_write *write = calloc(1, sizeof(*write));
	cleanup_free char *text = record_format(record);
	cleanup_free char *mark = marked ? creation_file(record->name) : NULL;
	bool transient = !state_waits(state, record);
	int r;

	if (!write || !text || (marked && !mark))
		return -ENOMEM;
	*write = (struct state_write){
		.name = name_to_file(record->name),
		.dirfd = transient ? state->transient_fd : state->containers_fd,
		.other = transient ? state->containers_fd : state->transient_fd,
		.transient = transient,
	};
	if (!write->name)
		return -ENOMEM;
	if (mark && transient)
		r = durable_prepare_in(write->dirfd, false, mark, write->name, text, &write->file);
	else
		r = durable_prepare(write->dirfd, !transient, write->name, text, &write->file);
	if (r == 0)
		*ret = take_ptr(write);
	return r;
}

int state_prepare(struct state *state, const struct record *record, struct state_write **ret)
{
	return prepare(state, record, false, ret);
}

int state_prepare_new(struct state *state, const struct record *record, struct state_write **ret)
{
	return prepare(state, record, true, ret);
}

/* Removes the other file of a container that was transient before, or is now. */
static int remove_other(const struct state_write *write)
{
	if (write->other < 0)
		return 0;
	if (unlinkat(write->other, write->name, 0) < 0) {
		int r = errno == ENOENT ? 0 : -errno;

		/* A file on disk has precedence: state_load() would remove the transient one. */
		if (r < 0 && write->transient)
			(void)unlinkat(write->dirfd, write->name, 0);
		return write->transient ? r : 0;
	}
	return write->transient && fsync(write->other) < 0 ? DURABLE_UNKNOWN : 0;
}

int state_commit(struct state_write *given)
{
	cleanup_(state_abort_ptr) struct state_write *write = given;
	int r = durable_commit(take_ptr(write->file));

	return r < 0 ? r : remove_other(write);
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

int state_set_aside(struct state *state, const char *name, char **ret)
{
	cleanup_free char *file = name_to_file(name);

	return file ? file_set_aside(state->containers_fd, file, ret) : -ENOMEM;
}

int state_sync(struct state *state)
{
	return fsync(state->containers_fd) < 0 ? -errno : 0;
}

int state_load(struct state *state, record_found_fn found, record_aside_fn aside, void *userdata,
	       struct failure *failure)
{
	struct record_directory from = { .dirfd = state->containers_fd, .overrides_fd = -1 };
	cleanup_free char *directory = NULL;
	int r;

	if (asprintf(&directory, "%s/containers", state->path) < 0) {
		directory = NULL;
		return -ENOMEM;
	}
	from.path = directory;
	r = record_directory_load(&from, found, aside, userdata, failure);
	if (r < 0 || state->transient_fd < 0)
		return r;
	from.path = state->transient_path;
	from.dirfd = state->transient_fd;
	from.overrides_fd = state->containers_fd;
	return record_directory_load(&from, found, aside, userdata, failure);
}

/* --- creations ---------------------------------------------------------------- */

/* Returns the directory that a reboot empties, or the one on disk if there is none. */
static int creations_fd(const struct state *state)
{
	return state->transient_fd >= 0 ? state->transient_fd : state->containers_fd;
}

int state_begin_creation(struct state *state, const char *name)
{
	cleanup_free char *file = creation_file(name);
	cleanup_close int fd = -1;

	if (!file)
		return -ENOMEM;
	fd = openat(creations_fd(state), file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : 0;
}

void state_end_creation(struct state *state, const char *name)
{
	cleanup_free char *file = creation_file(name);

	if (file)
		(void)unlinkat(creations_fd(state), file, 0);
}

int state_each_creation(struct state *state, state_creation_fn fn, void *userdata)
{
	cleanup_(closedir_ptr) DIR *dir = directory_list(creations_fd(state));
	struct dirent *entry;

	if (!dir)
		return -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		cleanup_free char *name = NULL;

		if (strncmp(entry->d_name, CREATING_PREFIX, strlen(CREATING_PREFIX)) != 0)
			continue;
		if (name_from_file(entry->d_name + strlen(CREATING_PREFIX), &name) == 0 &&
		    !fn(name, userdata))
			continue;
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	return -errno;
}

/* --- other files ------------------------------------------------------------------ */

int state_read_sequence(struct state *state, uint64_t *ret)
{
	cleanup_free char *text = NULL;
	size_t length;
	uint64_t sequence;
	int r = read_own_file_at(state->fd, "sequence", &text, &length);

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
	return durable_write(state->fd, true, file, text);
}

int state_read_text(struct state *state, const char *file, char **ret, size_t *ret_length)
{
	return read_own_file_at(state->fd, file, ret, ret_length);
}

int state_remove_text(struct state *state, const char *file)
{
	return durable_remove(state->fd, file);
}

int state_set_text_aside(struct state *state, const char *file, char **ret)
{
	return file_set_aside(state->fd, file, ret);
}

int state_write_sequence(struct state *state, uint64_t sequence)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", sequence);
	return state_write_text(state, "sequence", text);
}
