/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to rssd, and the message when it or a call over it fails. */
#ifndef RSSCTL_CONNECT_H
#define RSSCTL_CONNECT_H

struct args;
struct cli;
struct rss_client;

/* Connects cli->client. Called after the arguments were checked. Returns the status. */
int connect_daemon(struct cli *cli);

/* A call of librss failed with @error: prints the reason and returns the status. */
int fail_call(const struct cli *cli, int error);

/* The status of a call of librss that returned @r; prints the reason if it failed. */
int end_call(const struct cli *cli, int r);

/*
 * Connects, and makes a call for each container that the operands name. After a failure it goes on.
 * Returns the status of the first failure.
 */
int call_by_names(struct cli *cli, const struct args *args,
		  int (*call)(struct rss_client *client, const char *name));

#endif
