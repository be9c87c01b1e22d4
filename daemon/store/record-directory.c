/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of container records: see record-directory.h. */
#include "store/record-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "policy/record.h"
#include "shared/file.h"
#include "shared/name.h"
#include "shared/text.h"
#include "store/durable-file.h"

#define ASIDE_SUFFIX ".bad"

int file_set_aside(int dirfd, const char *file, char **ret)
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

/* rssd writes regular files only. A listed file that is not there is a link without a target. */
static bool is_no_record(int error)
{
	return error == -EINVAL || error == -ENOENT || error == -ELOOP || error == -ENXIO;
}

/* Returns 0, -EBADMSG if the content is invalid, or another error if it cannot be read now. */
static int read_record(int dirfd, const char *path, const char *file, struct record **ret,
		       struct failure *failure)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	cleanup_free char *text = NULL, *name = NULL;
	size_t length;
	int r = read_own_file_at(dirfd, file, &text, &length);

	if (r < 0) {
		(void)fail(failure, RSS_ERROR_CONFIG, "%s: %s", path,
			   is_no_record(r) ? "not a regular file" : strerror(-r));
		return is_no_record(r) ? -EBADMSG : r;
	}
	r = record_parse(text, length, path, RECORD_STATE, &record, failure);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	r = name_from_file(file, &name);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || strcmp(name, record->name) != 0) {
		(void)fail(failure, RSS_ERROR_CONFIG,
			   "%s: the file is about \"%s\", which does not match its name", path,
			   record->name);
		return -EBADMSG;
	}
	*ret = take_ptr(record);
	return 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int report_bad(int dirfd, const char *file, const struct failure *why, record_aside_fn aside,
		      void *userdata)
{
	cleanup_free char *kept = NULL, *reason = NULL, *name = NULL;
	int r = file_set_aside(dirfd, file, &kept);

	if (asprintf(&reason, "%s; the file %s%s", why->text,
		     r < 0 ? "could not be set aside: " : "is kept as ",
		     r < 0 ? strerror(-r) : kept) < 0) {
		reason = NULL;
		return -ENOMEM;
	}
	(void)name_from_file(file, &name);
	aside(name, reason, userdata);
	return 0;
}

struct loader {
	const struct record_directory *from;
	record_found_fn found;
	record_aside_fn aside;
	void *userdata;
};

static int load_entry(const struct loader *loader, const char *file, struct failure *failure)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	cleanup_free char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", loader->from->path, file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = read_record(loader->from->dirfd, path, file, &record, failure);
	if (r == 0)
		return loader->found(&record, loader->userdata);
	if (r == -EBADMSG) {
		r = report_bad(loader->from->dirfd, file, failure, loader->aside, loader->userdata);
		*failure = (struct failure){ 0 };
	}
	return r;
}

static int load_directory(const struct loader *loader, struct failure *failure)
{
	cleanup_(closedir_ptr) DIR *dir = directory_list(loader->from->dirfd);
	struct dirent *entry;
	int r = dir ? 0 : -errno;

	for (errno = 0; r == 0 && (entry = readdir(dir)); errno = 0) {
		const char *file = entry->d_name;

		if (has_prefix(file, DURABLE_TEMPORARY))
			(void)unlinkat(loader->from->dirfd, file, 0);
		else if (file[0] == '.' || !text_ends_with(file, strlen(file), ".json"))
			continue;
		else if (loader->from->overrides_fd >= 0 &&
			 faccessat(loader->from->overrides_fd, file, F_OK, 0) == 0)
			(void)unlinkat(loader->from->dirfd, file, 0);
		else
			r = load_entry(loader, file, failure);
	}
	if (r == 0)
		r = -errno;
	if (r < 0 && !failure->text[0])
		(void)fail(failure, RSS_ERROR_STATE_NOT_SAVED, "%s: %s", loader->from->path,
			   strerror(-r));
	return r;
}

int record_directory_load(const struct record_directory *from, record_found_fn found,
			  record_aside_fn aside, void *userdata, struct failure *failure)
{
	struct loader loader = {
		.from = from, .found = found, .aside = aside, .userdata = userdata
	};

	return load_directory(&loader, failure);
}
