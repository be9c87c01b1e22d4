/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to rssd, and the message when it or a call over it fails. */
#ifndef RSSCTL_CONNECT_H
#define RSSCTL_CONNECT_H

#include <stdint.h>

struct cli;
struct rss_client;

/* Connects cli->client. Called after the arguments were checked. Returns the status. */
int connect_daemon(struct cli *cli);

/*
 * The same for a caller that cannot wait: on this machine it and each later call take @timeout microseconds
 * at most. @ret_problem: the printed sentence, if it fails.
 */
int connect_within(struct cli *cli, uint64_t timeout, const char **ret_problem);

/* A call of librss failed with @error: prints the reason and returns the status. */
int fail_call(const struct cli *cli, int error);

/* The status of a call of librss that returned @r; prints the reason if it failed. */
int end_call(const struct cli *cli, int r);

#endif
