/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl metrics: print all counters as OpenMetrics text, or serve one HTTP request for them. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/clock.h"
#include "verb.h"
#include "verb/metrics-http.h"
#include "view/output.h"
#include "view/status.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PLAIN_TYPE   "text/plain; charset=utf-8"

/* How long a client may take to send its request, and to read a part of the response. */
#define TIMEOUT_MSEC (10 * 1000)

enum {
	HTTP,
};

static const struct option_spec options[] = {
	[HTTP] = { "http", 0, NULL, "Answer one HTTP request on standard input and output" },
	{ 0 },
};

/* Waits until the client reads. A timeout is a failure: the response is not complete. */
static int write_part(const char **text, size_t *length)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	if (poll(&out, 1, TIMEOUT_MSEC) == 0)
		return -ETIMEDOUT;
	n = write(STDOUT_FILENO, *text, *length);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	*text += n;
	*length -= (size_t)n;
	return 0;
}

static int write_all(const char *text, size_t length)
{
	int r = 0;

	while (length && r == 0)
		r = write_part(&text, &length);
	return r;
}

static int copy_out(int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		int r = write_all(buf, (size_t)n);

		if (r < 0)
			return r;
	}
	return n < 0 ? -errno : 0;
}

static int fail_output(int error)
{
	return print_error(STATUS_FAILED, "The metrics could not be written: %s", strerror(-error));
}

/* --- for people ------------------------------------------------------------ */

static int print_metrics(struct cli *cli)
{
	cleanup_close int fd = -1;
	int status = connect_daemon(cli), r;

	if (status != STATUS_DONE)
		return status;
	r = rss_dump_metrics(cli->client, &fd);
	if (r < 0)
		return fail_call(cli, r);
	r = copy_out(fd);
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

/* --- for scrapers ------------------------------------------------------------ */

/* Returns false if the client closed the connection. */
static bool read_request(struct http_request *ret)
{
	char text[HTTP_HEAD_MAX];
	size_t length = 0;
	uint64_t start = clock_usec(CLOCK_MONOTONIC);

	do {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
		int left = TIMEOUT_MSEC - (int)((clock_usec(CLOCK_MONOTONIC) - start) / 1000);
		ssize_t n;

		if (left <= 0 || poll(&in, 1, left) == 0) {
			*ret = (struct http_request){ .status = 408 };
			return true;
		}
		n = read(STDIN_FILENO, text + length, sizeof(text) - length);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return false;
		length += n > 0 ? (size_t)n : 0;
	} while (!http_parse(text, length, ret));
	return true;
}

/* @why: a sentence for the body, or "". */
static int respond_with_error(const struct http_request *request, int status, const char *why)
{
	char head[HTTP_ANSWER_MAX];
	cleanup_free char *body = NULL;
	int r;

	if (asprintf(&body, "%s%s%s\n", http_reason(status), *why ? ": " : "", why) < 0) {
		body = NULL;
		return fail_memory();
	}
	r = write_all(head, http_head(status, PLAIN_TYPE, strlen(body), head));
	if (r == 0 && !request->head_only)
		r = write_all(body, strlen(body));
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

static int respond(const struct http_request *request, int fd)
{
	char head[HTTP_ANSWER_MAX];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return fail_output(-errno);
	r = write_all(head, http_head(200, METRICS_TYPE, (size_t)st.st_size, head));
	if (r == 0 && !request->head_only)
		r = copy_out(fd);
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

static int serve_request(struct cli *cli)
{
	struct http_request request;
	cleanup_close int fd = -1;
	int status, r;

	if (!read_request(&request))
		return STATUS_DONE;
	if (request.status == 404)
		return respond_with_error(&request, 404, "the metrics are at /metrics");
	if (request.status != 200)
		return respond_with_error(&request, request.status, "");
	status = connect_daemon(cli);
	if (status != STATUS_DONE) {
		(void)respond_with_error(&request, 503, rss_error_message(NULL));
		return status;
	}
	r = rss_dump_metrics(cli->client, &fd);
	if (r < 0) {
		(void)respond_with_error(&request, 503, rss_error_message(cli->client));
		return fail_call(cli, r);
	}
	return respond(&request, fd);
}

static int run(struct cli *cli, const struct args *args)
{
	if (cli->out.json)
		return print_error(
			STATUS_USAGE,
			"Metrics are OpenMetrics text; for JSON use: rssctl list --json");
	return args->values[HTTP] ? serve_request(cli) : print_metrics(cli);
}

DEFINE_VERB(metrics) = {
	.name = "metrics",
	.order = 220,
	.synopsis = "[--http]",
	.summary = "Print all counters as OpenMetrics text",
	.description = "For a scraper, systemd serves the same at http://localhost:9789/metrics:\n"
		       "systemctl enable --now rssd-metrics.socket",
	.options = options,
	.run = run,
};
