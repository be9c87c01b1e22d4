/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl metrics: print all counters as OpenMetrics text, or answer HTTP requests for them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/clock.h"
#include "shared/file.h"
#include "verb.h"
#include "verb/metrics-http.h"
#include "verb/metrics-server.h"
#include "view/output.h"
#include "view/status.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PLAIN_TYPE   "text/plain; charset=utf-8"

/* How long a client may take to send its request, and to read a part of the response. */
#define TIMEOUT_MSEC (10 * 1000)
/* How long rssd may take. A scrape of Prometheus ends after 10 seconds. */
#define CALLS_USEC (7 * 1000 * 1000)
/* How long it may take to read all of the response. */
#define RESPONSE_MSEC (30 * 1000)
/* After the response, how long and how much of what else it sends is read. */
#define REST_MSEC 1000
#define REST_MAX  (1 << 20)

#define FOR_EVER UINT64_MAX

enum {
	HTTP,
	SERVE,
};

static const struct option_spec options[] = {
	[HTTP] = { "http", 0, NULL, "Answer one HTTP request on standard input and output" },
	[SERVE] = { "serve", 0, NULL, "Answer HTTP requests on sockets of systemd" },
	{ 0 },
};

/* Milliseconds until @end, @most at most; -1 if @end is FOR_EVER. */
static int time_left(uint64_t end, int most)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	if (end == FOR_EVER)
		return -1;
	if (now >= end)
		return 0;
	return (end - now) / 1000 < (uint64_t)most ? (int)((end - now) / 1000) : most;
}

static uint64_t end_of(int msec)
{
	return clock_usec(CLOCK_MONOTONIC) + (uint64_t)msec * 1000;
}

/*
 * Waits until the client reads. A timeout is a failure: the response is not complete.
 * @end: on CLOCK_MONOTONIC, or FOR_EVER
 */
static int write_part(const char **text, size_t *length, uint64_t end)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	if (poll(&out, 1, time_left(end, TIMEOUT_MSEC)) == 0)
		return -ETIMEDOUT;
	n = write(STDOUT_FILENO, *text, *length);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	*text += n;
	*length -= (size_t)n;
	return 0;
}

static int write_all(const char *text, size_t length, uint64_t end)
{
	int r = 0;

	while (length && r == 0)
		r = write_part(&text, &length, end);
	return r;
}

/* Reads all of the metrics. rssd empties the file after some seconds, and a client may be slow. */
static int read_metrics(struct cli *cli, char **ret, size_t *ret_length)
{
	cleanup_close int fd = -1;
	int r = rss_dump_metrics(cli->client, &fd);

	return r < 0 ? r : read_file(fd, FILE_OWN_MAX, ret, ret_length);
}

static int fail_output(int error)
{
	return print_error(STATUS_FAILED, "The metrics could not be written: %s", strerror(-error));
}

/* --- for people ------------------------------------------------------------ */

static int print_metrics(struct cli *cli)
{
	cleanup_free char *text = NULL;
	int status = connect_daemon(cli), r;
	size_t length;

	if (status != STATUS_DONE)
		return status;
	r = read_metrics(cli, &text, &length);
	if (r < 0)
		return fail_call(cli, r);
	r = write_all(text, length, FOR_EVER);
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

/* --- for scrapers ------------------------------------------------------------ */

/* Returns false if the client closed the connection. */
static bool read_request(struct http_request *ret)
{
	char text[HTTP_HEAD_MAX];
	size_t length = 0;
	uint64_t end = end_of(TIMEOUT_MSEC);

	do {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
		ssize_t n;

		if (poll(&in, 1, time_left(end, TIMEOUT_MSEC)) == 0) {
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
	uint64_t end = end_of(RESPONSE_MSEC);
	char head[HTTP_ANSWER_MAX];
	cleanup_free char *body = NULL;
	int r;

	if (asprintf(&body, "%s%s%s\n", http_reason(status), *why ? ": " : "", why) < 0) {
		body = NULL;
		return fail_memory();
	}
	r = write_all(head, http_head(status, PLAIN_TYPE, strlen(body), head), end);
	if (r == 0 && !request->head_only)
		r = write_all(body, strlen(body), end);
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

static int respond(const struct http_request *request, const char *text, size_t length)
{
	uint64_t end = end_of(RESPONSE_MSEC);
	char head[HTTP_ANSWER_MAX];
	int r = write_all(head, http_head(200, METRICS_TYPE, length, head), end);

	if (r == 0 && !request->head_only)
		r = write_all(text, length, end);
	return r < 0 ? fail_output(r) : STATUS_DONE;
}

/*
 * A socket that is closed before all that was sent to it is read resets the connection, and the
 * client may lose the response.
 */
static void read_rest(void)
{
	uint64_t end = end_of(REST_MSEC);
	char text[4096];
	ssize_t n = 1;

	if (shutdown(STDOUT_FILENO, SHUT_WR) < 0)
		return;
	for (size_t total = 0; n > 0 && total < REST_MAX; total += (size_t)n) {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

		if (poll(&in, 1, time_left(end, REST_MSEC)) <= 0)
			return;
		n = read(STDIN_FILENO, text, sizeof(text));
	}
}

static int answer_request(struct cli *cli, const struct http_request *request)
{
	cleanup_free char *text = NULL;
	const char *problem;
	size_t length;
	uint64_t began, passed;
	int status, r;

	if (request->status == 404)
		return respond_with_error(request, 404, "the metrics are at /metrics");
	if (request->status != 200)
		return respond_with_error(request, request->status, "");
	began = clock_usec(CLOCK_MONOTONIC);
	status = connect_within(cli, CALLS_USEC, &problem);
	if (status != STATUS_DONE) {
		(void)respond_with_error(request, 503, problem);
		return status;
	}
	passed = clock_usec(CLOCK_MONOTONIC) - began;
	(void)rss_set_timeout(cli->client, passed < CALLS_USEC ? CALLS_USEC - passed : 1);
	r = read_metrics(cli, &text, &length);
	if (r < 0) {
		(void)respond_with_error(request, 503, rss_error_message(cli->client));
		return fail_call(cli, r);
	}
	return respond(request, text, length);
}

/* The answer to one request on standard input and output. */
static int answer(const struct http_request *request, void *userdata)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), status;

	/* Otherwise a write waits for a client that does not read. */
	if (flags >= 0)
		(void)fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	status = answer_request(userdata, request);
	read_rest();
	return status;
}

static int answer_one(struct cli *cli)
{
	struct http_request request;

	return read_request(&request) ? answer(&request, cli) : STATUS_DONE;
}

static int run(struct cli *cli, const struct args *args)
{
	if (cli->out.json)
		return print_error(
			STATUS_USAGE,
			"Metrics are OpenMetrics text; for JSON use: rssctl list --json");
	if (args->values[SERVE])
		return server_run(answer, cli);
	return args->values[HTTP] ? answer_one(cli) : print_metrics(cli);
}

DEFINE_VERB(metrics) = {
	.name = "metrics",
	.order = 220,
	.synopsis = "[--http|--serve]",
	.summary = "Print all counters as OpenMetrics text",
	.description = "For a scraper, systemd serves the same at http://localhost:9789/metrics:\n"
		       "systemctl enable --now rssd-metrics.socket",
	.options = options,
	.run = run,
};
