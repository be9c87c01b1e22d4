/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to rssd: see connect.h. */
#include "connect.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "librss/rss.h"
#include "password-agent.h"
#include "verb.h"
#include "view/status.h"

int fail_call(const struct cli *cli, int error)
{
	return print_named_error(status_from_errno(error), rss_error_name(cli->client), "%s",
				 rss_error_message(cli->client));
}

int end_call(const struct cli *cli, int r)
{
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

static int connect_host(struct cli *cli)
{
	int r = rss_open_host(cli->host, &cli->client);

	if (r >= 0)
		return STATUS_DONE;
	if (r == -EINVAL)
		return print_error(STATUS_USAGE, "\"%s\" is not a host", cli->host);
	return print_error(STATUS_UNREACHABLE,
			   "rssd cannot be reached on %s; try: ssh %s rssctl version", cli->host,
			   cli->host);
}

static int fail_open(int r, const char **ret_problem)
{
	switch (r) {
	case -EACCES:
		*ret_problem = "Cannot call rssd: the bus does not permit it; run rssctl as root";
		return print_error(STATUS_DENIED, "%s", *ret_problem);
	case -ETIME:
		*ret_problem = "rssd is running and does not answer; see: systemctl status rssd";
		return print_error(STATUS_UNREACHABLE, "%s", *ret_problem);
	case -ENOTCONN:
		*ret_problem = rss_error_message(NULL);
		return print_error(STATUS_UNREACHABLE, "%s", *ret_problem);
	default:
		*ret_problem = rss_error_message(NULL);
		return print_error(status_from_errno(r), "rssd cannot be reached: %s",
				   strerror(-r));
	}
}

int connect_within(struct cli *cli, uint64_t timeout, const char **ret_problem)
{
	int r;

	if (cli->host) {
		*ret_problem = "rssd cannot be reached on that host";
		return connect_host(cli);
	}
	r = rss_open_within(timeout, &cli->client);
	return r < 0 ? fail_open(r, ret_problem) : STATUS_DONE;
}

int connect_daemon(struct cli *cli)
{
	const char *problem;
	int r;

	if (cli->host)
		return connect_host(cli);
	r = rss_open(&cli->client);
	if (r < 0)
		return fail_open(r, &problem);
	/* polkit can ask for a password only on a terminal. */
	cli->may_ask = cli->may_ask && isatty(STDIN_FILENO);
	rss_allow_interaction(cli->client, cli->may_ask);
	if (cli->may_ask)
		cli->password_agent = password_agent_start();
	return STATUS_DONE;
}
