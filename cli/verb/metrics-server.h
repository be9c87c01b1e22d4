/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of scrapers: their requests are read here, and each complete one is answered by a process of
 * its own. A connection without a complete request loses its place to a new one, so that idle connections,
 * however many, keep no scraper away.
 */
#ifndef RSSCTL_METRICS_SERVER_H
#define RSSCTL_METRICS_SERVER_H

struct http_request;

/* Answers @request on standard input and output. Returns the exit status of the process. */
typedef int (*server_answer_fn)(const struct http_request *request, void *userdata);

/* Serves the sockets that systemd has passed, until there is nothing to do. Returns the exit status. */
int server_run(server_answer_fn answer, void *userdata);

#endif
