/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a directory with a file per container. A file with invalid content is renamed,
 * never deleted, and the others still load. A file that cannot be read now (EMFILE, EIO)
 * is left alone, and the load fails. Temporary files that a crash left are removed.
 */
#ifndef RSSD_RECORD_DIRECTORY_H
#define RSSD_RECORD_DIRECTORY_H

struct failure;
struct record;

struct record_directory {
	const char *path; /* for messages */
	int dirfd;
	int overrides_fd; /* a directory whose files override those of the same name, or -1 */
};

/* Called for each container. It may take the record by setting *record to NULL. */
typedef int (*record_found_fn)(struct record **record, void *userdata);
/* Called for each file that was set aside. @name is NULL if it names no container. */
typedef void (*record_aside_fn)(const char *name, const char *reason, void *userdata);

/* Return: 0, or a negative errno with @failure set; -ENOMEM may leave it empty. */
int record_directory_load(const struct record_directory *from, record_found_fn found,
			  record_aside_fn aside, void *userdata, struct failure *failure);

/*
 * Renames a file with invalid content to FILE.bad, FILE.bad.1, ...; never overwrites an
 * older one. *ret is the new name, to be freed.
 */
int file_set_aside(int dirfd, const char *file, char **ret);

#endif
