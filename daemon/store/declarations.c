/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the declarations: see declarations.h. */
#include "store/declarations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/log.h"
#include "policy/record.h"
#include "shared/array.h"
#include "shared/file.h"

void records_free(struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		record_free(records->list[i]);
	free(records->list);
	for (size_t i = 0; i < records->n_bad; i++)
		free(records->bad[i]);
	free(records->bad);
	problems_clear(&records->problems);
}

void problems_add(struct problems *problems, const char *file, const char *format, ...)
{
	struct problem problem = { 0 };
	va_list args;

	if (array_reserve(&problems->list, problems->count, &problems->allocated,
			  sizeof(*problems->list)) < 0)
		return;
	va_start(args, format);
	if (vasprintf(&problem.text, format, args) < 0)
		problem.text = NULL;
	va_end(args);
	problem.file = strdup(file);
	if (!problem.text || !problem.file) {
		free(problem.text);
		free(problem.file);
		return;
	}
	problems->list[problems->count++] = problem;
}

void problems_clear(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->list[i].file);
		free(problems->list[i].text);
	}
	free(problems->list);
	*problems = (struct problems){ 0 };
}

int records_add(struct record **record, void *userdata)
{
	struct records *records = userdata;

	if (array_reserve(&records->list, records->count, &records->allocated,
			  sizeof(*records->list)) < 0)
		return -ENOMEM;
	records->list[records->count++] = take_ptr(*record);
	return 0;
}

static int compare_records(const void *a, const void *b)
{
	const struct record *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

void records_sort(struct records *records)
{
	if (records->count)
		qsort(records->list, records->count, sizeof(*records->list), compare_records);
}

/* Adds the sentence of a failure, which begins with "FILE: " or "FILE:LINE: ". */
static void add_failure(struct problems *problems, const char *file, const struct failure *failure)
{
	size_t length = strlen(file);
	const char *text = failure->text;

	if (strncmp(text, file, length) != 0 || text[length] != ':')
		problems_add(problems, file, "%s", text);
	else if (text[length + 1] == ' ')
		problems_add(problems, file, "%s", text + length + 2);
	else
		problems_add(problems, file, "line %s", text + length + 1);
}

/*
 * Looks the owner up in /etc/passwd alone: a directory service could keep the loop waiting. Returns
 * false after it has set the failure.
 */
static bool find_owner(struct record *record, struct failure *failure)
{
	cleanup_(fclose_ptr) FILE *users = NULL;
	struct passwd entry, *user = NULL;
	char buf[4096];

	if (!record->owner_name)
		return true;
	users = fopen("/etc/passwd", "re");
	while (users && fgetpwent_r(users, &entry, buf, sizeof(buf), &user) == 0 && user)
		if (strcmp(entry.pw_name, record->owner_name) == 0) {
			record->owner.uid = entry.pw_uid;
			return true;
		}
	(void)fail(failure, RSS_ERROR_CONFIG,
		   "%s: the owner \"%.64s\" is not in /etc/passwd; give a user ID", record->file,
		   record->owner_name);
	return false;
}

static struct record *read_declaration(int dirfd, const char *directory, const char *file,
				       struct records *records)
{
	struct record *record = NULL;
	cleanup_free char *text = NULL, *path = NULL;
	struct failure failure = { 0 };
	size_t length;
	int r;

	if (asprintf(&path, "%s/%s", directory, file) < 0) {
		path = NULL;
		return NULL;
	}
	r = read_file_at(dirfd, file, FILE_FOREIGN_MAX, &text, &length);
	if (r < 0) {
		log_error("%s cannot be read: %s", path, strerror(-r));
		problems_add(&records->problems, path, "cannot be read: %s", strerror(-r));
		records->bad[records->n_bad++] = take_ptr(path);
		return NULL;
	}
	if (record_parse(text, length, path, RECORD_DECLARATION, &record, &failure) < 0 ||
	    !find_owner(record, &failure)) {
		record = record_free(record);
		log_error("%s; this declaration is not applied; correct it and run rssctl reload",
			  failure.text);
		add_failure(&records->problems, path, &failure);
		records->bad[records->n_bad++] = take_ptr(path);
	}
	return record;
}

int records_read_declared(const char *directory, struct records *records)
{
	cleanup_close int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int n, r = 0;

	if (dirfd < 0 && errno == ENOENT)
		return 0;
	n = dirfd < 0 ? -1 : scandir(directory, &entries, is_declaration_file, alphasort);
	if (n < 0) {
		r = -errno;
		log_error("%s cannot be read: %s", directory, strerror(-r));
		return r;
	}
	records->bad = calloc((size_t)n + 1, sizeof(*records->bad));
	if (!records->bad)
		r = -ENOMEM;
	for (int i = 0; i < n; i++) {
		struct record *record = NULL;

		if (r == 0)
			record = read_declaration(dirfd, directory, entries[i]->d_name, records);
		if (record)
			r = records_add(&record, records);
		record_free(record);
		free(entries[i]);
	}
	free(entries);
	/* Sorting by name puts parents before the containers nested in them. */
	records_sort(records);
	for (size_t i = 0; i < records->count; i++) {
		if (records_is_duplicate(records, i))
			problems_add(&records->problems, records->list[i]->file,
				     "%s is also declared in %s: remove one of them",
				     records->list[i]->name, records->list[i - 1]->file);
	}
	return r;
}

bool records_is_duplicate(const struct records *records, size_t i)
{
	return i > 0 && strcmp(records->list[i - 1]->name, records->list[i]->name) == 0;
}
