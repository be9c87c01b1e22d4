/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics of all containers as a file in memory: workers read the counters and
 * write the text.
 *
 * The memory of a file is charged to rssd, and a caller may keep its descriptor.
 * So callers that wait at the same time share a file, callers in a hurry get one
 * that is up to a second old, and rssd empties every file after ten seconds. At
 * most METRICS_FRESH_MAX bytes and ten more files exist, however many calls there are.
 */
#ifndef RSSD_METRICS_FILE_H
#define RSSD_METRICS_FILE_H

struct failure;
struct manager;

/* A file is empty this long after it was made. */
#define METRICS_KEEP_USEC (10 * 1000 * 1000)
/* While the files have more bytes than this together, the latest is shared... */
#define METRICS_FRESH_MAX (8 * 1024 * 1024)
/* ...by all callers of the next second. */
#define METRICS_SHARE_USEC (1000 * 1000)

/*
 * @fd: open for reading, at the beginning, with a file offset of its own; -1 on
 *      failure. The callee closes nothing: it is closed after the call.
 */
typedef void (*metrics_file_fn)(int error, const struct failure *failure, int fd, void *userdata);

/**
 * metrics_file_get() - a file with the metrics
 * @done: called once from the loop, possibly before this function returns
 *
 * Return: 0, or a failure; then @done is not called.
 */
int metrics_file_get(struct manager *manager, metrics_file_fn done, void *userdata,
		     struct failure *failure);

/* Closes the files, when the manager is freed. */
void metrics_files_close(struct manager *manager);

#endif
