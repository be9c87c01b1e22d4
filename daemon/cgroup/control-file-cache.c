/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cache of open control files: see control-file-cache.h. */
#include "cgroup/control-file-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

/* A file that does not fit is read with the functions of control-file.h. */
#define TEXT_MAX 4096

struct kept_file {
	const char *name; /* NULL: unused */
	int dir, fd;
};

struct kept_files {
	atomic_flag taken;
	struct kept_file files[KEPT_FILES_MAX];
};

struct kept_files *kept_files_new(void)
{
	struct kept_files *kept = calloc(1, sizeof(*kept));

	if (kept)
		atomic_flag_clear(&kept->taken);
	return kept;
}

struct kept_files *kept_files_free(struct kept_files *kept)
{
	if (!kept)
		return NULL;
	for (size_t i = 0; i < KEPT_FILES_MAX && kept->files[i].name; i++)
		close(kept->files[i].fd);
	free(kept);
	return NULL;
}

/* A leaf has a file of the same name as its group, so @dir must match as well. */
static struct kept_file *find(struct kept_files *kept, int dir, const char *name)
{
	size_t i = 0;

	while (i < KEPT_FILES_MAX && kept->files[i].name &&
	       (kept->files[i].dir != dir || strcmp(kept->files[i].name, name) != 0))
		i++;
	return i < KEPT_FILES_MAX ? &kept->files[i] : NULL;
}

static int read_taken(struct kept_files *kept, int dir, const char *name, char text[TEXT_MAX])
{
	struct kept_file *file = find(kept, dir, name);
	ssize_t n;

	if (!file)
		return -EAGAIN;
	if (!file->name) {
		file->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (file->fd < 0)
			return -errno;
		file->dir = dir;
		file->name = name;
	}
	n = pread(file->fd, text, TEXT_MAX - 1, 0);
	/* The leaf was removed and created again: open the file of the new leaf. */
	if (n < 0 && errno == ENODEV) {
		int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (fd < 0)
			return -errno;
		close(file->fd);
		file->fd = fd;
		n = pread(file->fd, text, TEXT_MAX - 1, 0);
	}
	if (n < 0)
		return -errno;
	if (n == TEXT_MAX - 1)
		return -EAGAIN;
	text[n] = '\0';
	return 0;
}

/* Reads the whole text; -EAGAIN if the functions of control-file.h must read the file instead. */
static int read_kept(struct kept_files *kept, int dir, const char *name, char text[TEXT_MAX])
{
	int r;

	if (!kept || atomic_flag_test_and_set_explicit(&kept->taken, memory_order_acquire))
		return -EAGAIN;
	r = read_taken(kept, dir, name, text);
	atomic_flag_clear_explicit(&kept->taken, memory_order_release);
	/* No file descriptor is free to stay open. */
	return r == -EMFILE || r == -ENFILE ? -EAGAIN : r;
}

int kept_read_u64(struct kept_files *kept, int dir, const char *file, uint64_t *ret)
{
	char text[TEXT_MAX];
	int r = read_kept(kept, dir, file, text);

	if (r == -EAGAIN)
		return cgroup_read_u64(dir, file, ret);
	return r < 0 ? r : cgroup_parse_u64(text, ret);
}

int kept_read_keys(struct kept_files *kept, int dir, const char *file, struct cgroup_key keys[],
		   size_t count)
{
	char text[TEXT_MAX];
	int r = read_kept(kept, dir, file, text);

	if (r == -EAGAIN)
		return cgroup_read_keys(dir, file, keys, count);
	if (r < 0)
		return r;
	cgroup_parse_keys(text, keys, count);
	return 0;
}

int kept_count_pids(struct kept_files *kept, int dir, const char *file, uint32_t *ret)
{
	char text[TEXT_MAX];
	int r = read_kept(kept, dir, file, text);

	if (r == -EAGAIN)
		return cgroup_count_pids(dir, file, ret);
	if (r < 0)
		return r;
	*ret = cgroup_parse_pid_count(text);
	return 0;
}
