/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How rssctl ends, and what it says on standard error when that is not well. */
#ifndef RSSCTL_STATUS_H
#define RSSCTL_STATUS_H

struct cli;
struct rss_client;

/* Documented in rssctl(1): scripts live by them. */
enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3,
	STATUS_DENIED = 4,
	STATUS_REFUSED = 5,
	STATUS_UNREACHABLE = 6,
};

/* Says "rssctl: ..." and returns @status. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The status for an errno of librss. */
int status_from_errno(int error);

/* A call of librss has failed with @error: says why and returns the status. */
int fail_call(const struct cli *cli, int error);

int fail_memory(void);

/* Connects cli->client, or says why not. Called once the arguments are known to be good. */
int connect_daemon(struct cli *cli);

#endif
