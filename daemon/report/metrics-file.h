/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics of all containers as a file: counters come from a survey, the
 * text is written on a worker, into memory that nobody can change afterwards.
 */
#ifndef RSSD_DUMP_H
#define RSSD_DUMP_H

struct failure;
struct manager;

/* @fd: to be read from its beginning; the listener's only while it is called; -1 on failure. */
typedef void (*dump_done_fn)(int error, const struct failure *failure, int fd, void *userdata);

/* Return: 0 (then @done is called from the loop), or a failure at once. */
int dump_start(struct manager *manager, dump_done_fn done, void *userdata, struct failure *failure);

#endif
