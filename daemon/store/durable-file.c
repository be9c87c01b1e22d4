/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durable files: see durable-file.h. */
#include "store/durable-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/file.h"

struct durable_file {
	int dirfd; /* borrowed */
	bool synced;
	bool borrowed; /* an abort keeps the temporary file */
	char *temporary;
	char *name;
};

static struct durable_file *durable_free(struct durable_file *file)
{
	free(file->temporary);
	free(file->name);
	free(file);
	return NULL;
}

struct durable_file *durable_abort(struct durable_file *file)
{
	if (!file)
		return NULL;
	if (!file->borrowed)
		(void)unlinkat(file->dirfd, file->temporary, 0);
	return durable_free(file);
}

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

static int write_temporary(const struct durable_file *file, const char *text)
{
	/* ext4 writes a truncated file to disk when it is closed. */
	int truncate = file->borrowed ? 0 : O_TRUNC;
	cleanup_close int fd = openat(file->dirfd, file->temporary,
				      O_WRONLY | O_CREAT | O_CLOEXEC | truncate, 0600);
	int r = fd < 0 ? -errno : write_all(fd, text);

	if (r == 0 && file->synced && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int prepare(const struct durable_file *given, const char *text, struct durable_file **ret)
{
	struct durable_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	*file = *given;
	file->name = strdup(given->name);
	file->temporary = strdup(given->temporary);
	if (!file->name || !file->temporary) {
		durable_free(file);
		return -ENOMEM;
	}
	r = write_temporary(file, text);
	if (r < 0) {
		durable_abort(file);
		return r;
	}
	*ret = file;
	return 0;
}

int durable_prepare(int dirfd, bool synced, const char *name, const char *text,
		    struct durable_file **ret)
{
	cleanup_free char *temporary = NULL;

	if (asprintf(&temporary, DURABLE_TEMPORARY "%s", name) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	return prepare(&(struct durable_file){ .dirfd = dirfd,
					       .synced = synced,
					       .temporary = temporary,
					       .name = (char *)name },
		       text, ret);
}

int durable_prepare_in(int dirfd, bool synced, const char *temporary, const char *name,
		       const char *text, struct durable_file **ret)
{
	return prepare(&(struct durable_file){ .dirfd = dirfd,
					       .synced = synced,
					       .borrowed = true,
					       .temporary = (char *)temporary,
					       .name = (char *)name },
		       text, ret);
}

static int rename_into_place(const struct durable_file *file)
{
	if (renameat(file->dirfd, file->temporary, file->dirfd, file->name) < 0)
		return -errno;
	return 0;
}

static int sync_directory(int dirfd)
{
	return fsync(dirfd) < 0 ? -errno : 0;
}

/* Writes the content of @old back, or removes the new file if @old is negative. */
static int write_back(const struct durable_file *file, int old)
{
	cleanup_free char *text = NULL;
	int r;

	if (old < 0)
		return durable_remove(file->dirfd, file->name);
	r = read_file(old, FILE_OWN_MAX, &text, NULL);
	if (r == 0)
		r = write_temporary(file, text);
	if (r == 0)
		r = rename_into_place(file);
	return r < 0 ? r : sync_directory(file->dirfd);
}

int durable_commit(struct durable_file *given)
{
	cleanup_(durable_abort_ptr) struct durable_file *file = given;
	cleanup_close int old = -1;
	int r;

	/* Open the old file before the rename: write_back() needs it. */
	if (file->synced) {
		old = openat(file->dirfd, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (old < 0 && errno != ENOENT)
			return -errno;
	}
	r = rename_into_place(file);
	if (r < 0)
		return r;
	if (file->synced) {
		r = sync_directory(file->dirfd);
		if (r < 0 && write_back(file, old) < 0)
			return DURABLE_UNKNOWN;
	}
	/* The temporary file was renamed: there is nothing to abort. */
	durable_free(take_ptr(file));
	return r;
}

int durable_write(int dirfd, bool synced, const char *name, const char *text)
{
	struct durable_file *file;
	int r = durable_prepare(dirfd, synced, name, text, &file);

	return r < 0 ? r : durable_commit(file);
}

int durable_remove(int dirfd, const char *name)
{
	/* If it is gone, an earlier removal may not be durable yet. */
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return sync_directory(dirfd) < 0 ? DURABLE_UNKNOWN : 0;
}
