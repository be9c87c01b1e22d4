/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl watch: print events as they come, one a line. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "names.h"
#include "shared/clock.h"
#include "shared/name.h"
#include "shared/size.h"
#include "shared/text.h"
#include "signals.h"
#include "values.h"
#include "verb.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/output.h"
#include "view/status.h"
#include "view/terminal.h"

enum {
	COUNT,
	SINCE,
	UNTIL,
};

static const struct option_spec options[] = {
	[COUNT] = { "count", 'n', "N", "Stop after N events" },
	[SINCE] = { "since", 'S', "SEQUENCE",
		    "Start after this sequence number, or at this time; 0 replays all stored events" },
	[UNTIL] = { "until", 'U', "TIME", "End at this time: now, 10min (ago), 2026-11-29 14:00" },
	{ 0 },
};

struct watch {
	const struct cli *cli;
	const struct args *args;
	uint64_t left;	       /* events that are still to be printed */
	uint64_t since, until; /* of events, in microseconds since the epoch */
	int write_error;       /* an errno: standard output failed */
};

/* A name includes its nested containers; events about rssd itself are always printed. */
static bool is_wanted(const struct args *args, const char *container)
{
	cleanup_free char *part = strdup(container);

	if (!args->n_operands || !*container || !part)
		return true;
	/* The container itself, or one that it is inside. */
	for (char *end = part + strlen(part); end; end = strrchr(part, '/')) {
		*end = '\0';
		if (name_is_selected(part, args->operands, args->n_operands))
			return true;
	}
	return false;
}

/* The text of the last column, to be freed; NULL when out of memory. */
static char *describe_event(const struct rss_event *event)
{
	char size[SIZE_TEXT_MAX], *text = NULL;
	int r = 0;

	switch (event->kind) {
	case RSS_EVENT_LIMIT_HIT:
		r = asprintf(&text, "%" PRIu64 " failures", event->amount);
		break;
	case RSS_EVENT_RECLAIMED:
		r = asprintf(&text, "%s reclaimed", size_format(event->amount, size));
		break;
	case RSS_EVENT_OOM:
	case RSS_EVENT_KILL:
		return event->oom ? oom_victim_to_text(event->oom) : strdup("");
	case RSS_EVENT_WATERMARK:
		r = asprintf(&text, "crossed %s", event->which ?: "a watermark");
		break;
	case RSS_EVENT_THRESHOLD:
		r = event->which && !strncmp(event->which, "pressure", 8)
			    ? asprintf(&text, "%s", event->which)
			    : asprintf(&text, "%s the threshold", event->which ?: "crossed");
		break;
	case RSS_EVENT_DRIFT:
		r = event->which && !strcmp(event->which, "cgroup")
			    ? asprintf(&text, "another program removed the cgroup")
			    : asprintf(&text, "another program changed %s",
				       event->which ?: "the cgroup");
		break;
	case RSS_EVENT_LOST:
		r = asprintf(&text, "events %" PRIu64 " to %" PRIu64 " are lost; see rssctl list",
			     event->sequence, event->last);
		break;
	default:
		return strdup("");
	}
	return r < 0 ? NULL : text;
}

static const char *event_style(enum rss_event_kind kind)
{
	switch (kind) {
	case RSS_EVENT_OOM:
	case RSS_EVENT_KILL:
	case RSS_EVENT_LOST:
		return STYLE_RED;
	case RSS_EVENT_LIMIT_HIT:
	case RSS_EVENT_WATERMARK:
	case RSS_EVENT_DRIFT:
	case RSS_EVENT_THRESHOLD:
		return STYLE_YELLOW;
	default:
		return NULL;
	}
}

/* Widths that do not depend on what follows: the events to come are not known. */
struct layout {
	int time;
	int container;
	size_t detail; /* columns at most, before it goes on a line of its own */
	bool cut;      /* the name of a container */
};

#define TIME_LONG      19 /* with the date */
#define TIME_SHORT     8
#define CONTAINER_LONG 24
#define CONTAINER_MIN  10
#define DETAIL_MIN     15 /* "1023.9M reclaimed" */
/* All but time, container and detail, with the gaps between the columns. */
#define OTHER_COLUMNS (2 + 8 + 2 + 9 + 2 + 2 + 8 + 2 + 8 + 2)

/* On a narrow terminal the date is left out, then names are cut. */
static struct layout watch_layout(const struct output *out)
{
	int columns = out->full ? 0 : terminal_columns(), left;

	if (!columns)
		return (struct layout){ TIME_LONG, CONTAINER_LONG, SIZE_MAX, false };
	left = columns - OTHER_COLUMNS - TIME_LONG - CONTAINER_LONG;
	if (left >= DETAIL_MIN)
		return (struct layout){ TIME_LONG, CONTAINER_LONG, (size_t)left, true };
	left = columns - OTHER_COLUMNS - TIME_SHORT - DETAIL_MIN;
	if (left > CONTAINER_LONG)
		left = CONTAINER_LONG;
	if (left < CONTAINER_MIN)
		left = CONTAINER_MIN;
	columns -= OTHER_COLUMNS + TIME_SHORT + left;
	return (struct layout){ TIME_SHORT, left, columns > 0 ? (size_t)columns : 0, true };
}

static void print_legend(const struct output *out)
{
	struct layout layout = watch_layout(out);

	printf("%-*s  %8s  %-9s  %-*s  %8s  %8s  %s\n", layout.time, "TIME", "SEQUENCE", "EVENT",
	       layout.container, "CONTAINER", "USAGE", "LIMIT", "DETAIL");
}

/* RSS_INFINITY and RSS_ABSENT are one number; these events always have their limit. */
static bool has_limit(const struct rss_event *event)
{
	return event->limit != RSS_ABSENT || event->kind == RSS_EVENT_LIMIT_HIT ||
	       event->kind == RSS_EVENT_RECLAIMED;
}

/* The end of a name says more than its beginning. */
static void print_container(const struct output *out, const struct layout *layout, const char *name)
{
	int length = (int)strlen(name);

	if (layout->cut && length > layout->container)
		printf("%s%s", out->utf8 ? "…" : "~", name + length - layout->container + 1);
	else
		printf("%-*s", layout->container, *name ? name : "-");
}

static void print_event_line(const struct output *out, const struct rss_event *event)
{
	cleanup_free char *detail = describe_event(event);
	const char *style = out->colour ? event_style(event->kind) : NULL;
	char when[TIME_TEXT_MAX], sequence[24] = "-", usage[SIZE_TEXT_MAX], limit[SIZE_TEXT_MAX];
	struct layout layout = watch_layout(out);
	size_t width = detail ? text_make_safe(detail) : 0;
	const char *gap = width > layout.detail ? "\n  " : "  ";

	if (event->sequence)
		snprintf(sequence, sizeof(sequence), "%" PRIu64, event->sequence);
	format_time(event->time ?: clock_usec(CLOCK_REALTIME), when);
	printf("%s  %8s  ", when + text_suffix(when, (size_t)layout.time), sequence);
	if (style)
		printf("\033[%sm", style);
	printf("%-9s", rss_event_kind_name(event->kind));
	if (style)
		printf("\033[0m");
	printf("  ");
	print_container(out, &layout, event->container);
	printf("  %8s  %8s%s%s\n",
	       event->usage == RSS_ABSENT ? "-" : size_format(event->usage, usage),
	       has_limit(event) ? size_format(event->limit, limit) : "-", width ? gap : "",
	       width ? detail : "");
}

/* Every event has the first five keys; the others depend on its kind. */
static void print_event_json(const struct rss_event *event)
{
	cleanup_json struct json_object *object = json_object_new_object();

	json_add_text(object, "event", rss_event_kind_name(event->kind));
	json_add_count(object, "time", event->time ?: clock_usec(CLOCK_REALTIME));
	json_add_text(object, "container", *event->container ? event->container : NULL);
	json_add_count(object, "sequence", event->sequence ?: RSS_ABSENT);
	json_add_count(object, "usage", event->usage);
	if (has_limit(event))
		json_add_limit(object, "limit", event->limit);
	else
		json_add_count(object, "limit", RSS_ABSENT);
	switch (event->kind) {
	case RSS_EVENT_LIMIT_HIT:
		json_add_count(object, "failures", event->amount);
		break;
	case RSS_EVENT_RECLAIMED:
		json_add_count(object, "reclaimed", event->amount);
		break;
	case RSS_EVENT_OOM:
		json_add_oom(object, "oom", event->oom);
		break;
	case RSS_EVENT_KILL:
		json_add_oom(object, "kill", event->oom);
		break;
	case RSS_EVENT_WATERMARK:
		json_add_text(object, "watermark", event->which);
		break;
	case RSS_EVENT_THRESHOLD:
		json_add_text(object, "threshold", event->which);
		break;
	case RSS_EVENT_DRIFT:
		json_add_text(object, "drift", event->which);
		break;
	case RSS_EVENT_LOST:
		json_add_count(object, "last", event->last);
		break;
	default:
		break;
	}
	(void)print_json_line(object);
}

static void on_event(const struct rss_event *event, void *userdata)
{
	struct watch *watch = userdata;

	if (!watch->left || !is_wanted(watch->args, event->container))
		return;
	/* The time of lost events is unknown. */
	if (event->time && (event->time < watch->since || event->time > watch->until))
		return;
	watch->left--;
	if (watch->cli->out.json)
		print_event_json(event);
	else
		print_event_line(&watch->cli->out, event);
	if (ferror(stdout) && !watch->write_error)
		watch->write_error = errno;
}

/* Waits for a new rssd. If the bus is gone as well, there is none to wait for. */
static int wait_for_restart(const struct cli *cli)
{
	int r;

	(void)print_error(STATUS_DONE, "%s", rss_error_message(cli->client));
	r = rss_wait(cli->client, 0);
	if (r == -ENOTCONN)
		return STATUS_UNREACHABLE;
	(void)print_error(STATUS_DONE, "Waiting for rssd to come back");
	return STATUS_DONE;
}

static int fail_output(int error)
{
	/* It is reported here. */
	clearerr(stdout);
	return print_error(STATUS_FAILED, "The output could not be written: %s", strerror(error));
}

/* The output has no reader: end by SIGPIPE, as after a write. */
static int end_without_reader(void)
{
	raise(SIGPIPE);
	/* SIGPIPE is ignored. */
	return fail_output(EPIPE);
}

/* For poll(): -1 for a time that does not come, 0 for one that has passed. */
static int msec_until(uint64_t until)
{
	uint64_t now = clock_usec(CLOCK_REALTIME);

	if (until == UINT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now < (uint64_t)INT_MAX * 1000 ? (int)((until - now) / 1000) + 1 : INT_MAX;
}

static int watch_events(struct watch *watch, int signals)
{
	const struct cli *cli = watch->cli;

	while (watch->left) {
		struct pollfd fds[] = {
			{ .fd = rss_get_fd(cli->client), .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
			/* Only POLLERR and POLLHUP: the reader is gone. */
			{ .fd = STDOUT_FILENO },
		};
		int r = rss_wait(cli->client, 0), timeout;

		if (r == -ENOTCONN) {
			int status = wait_for_restart(cli);

			if (status != STATUS_DONE)
				return status;
			continue;
		}
		if (r < 0 && r != -EINTR)
			return fail_call(cli, r);
		if (watch->write_error)
			return fail_output(watch->write_error);
		timeout = msec_until(watch->until);
		if (!watch->left || timeout == 0)
			break;
		if (poll(fds, ARRAY_SIZE(fds), timeout) < 0 && errno != EINTR)
			return print_error(STATUS_FAILED, "Cannot wait: %s", strerror(errno));
		if (signals_next(signals, NULL))
			break;
		if (fds[2].revents & (POLLERR | POLLHUP))
			return end_without_reader();
	}
	return STATUS_DONE;
}

static int check_names(const struct args *args)
{
	for (size_t i = 0; i < args->n_operands; i++)
		if (!name_is_pattern(args->operands[i]) && name_problem(args->operands[i]))
			return print_error(STATUS_USAGE, "Invalid name \"%s\": it %s",
					   args->operands[i], name_problem(args->operands[i]));
	return STATUS_DONE;
}

/* A bare number is a sequence number; for a time all stored events are looked through. */
static int read_since(const char *text, uint64_t *ret_sequence, uint64_t *ret_time)
{
	if (!text[strspn(text, "0123456789")])
		return read_number("The sequence number", text, INT64_MAX, ret_sequence);
	*ret_sequence = 0;
	return read_moment("The time", text, ret_time);
}

static int run(struct cli *cli, const struct args *args)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP };
	struct watch watch = { .cli = cli, .args = args, .left = UINT64_MAX, .until = UINT64_MAX };
	cleanup_close int signals = -1;
	uint64_t since = RSS_NOW;
	int status = check_names(args), r;

	if (status == STATUS_DONE && args->values[COUNT])
		status = read_number("The count", args->values[COUNT], INT64_MAX, &watch.left);
	if (status == STATUS_DONE && args->values[SINCE])
		status = read_since(args->values[SINCE], &since, &watch.since);
	if (status == STATUS_DONE && args->values[UNTIL])
		status = read_moment("The time", args->values[UNTIL], &watch.until);
	if (status == STATUS_DONE)
		status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	signals = signals_open(wanted, ARRAY_SIZE(wanted), NULL);
	if (signals < 0)
		return print_error(STATUS_FAILED, "Cannot receive signals: %s", strerror(-signals));
	r = rss_subscribe_since(cli->client, since, on_event, &watch);
	if (r < 0)
		return fail_call(cli, r);
	/* Each line is written at once, also to a pipe; the legend shows that events are received. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (cli->out.legend && !cli->out.json)
		print_legend(&cli->out);
	if (ferror(stdout))
		watch.write_error = errno;
	return watch_events(&watch, signals);
}

DEFINE_VERB(watch) = {
	.name = "watch",
	.alias = "events",
	.order = 180,
	.synopsis = "[NAME...] [OPTION...]",
	.summary = "Print events as they come",
	.description =
		"Of the named containers and those inside them, or of all. The containers need not exist,\n"
		"and a name may be a pattern: 'web*'.\n"
		"With --json each event is an object on a line of its own. Ctrl-C ends it, with status 0.\n"
		"With --since, stored events come first: every event is printed exactly once, also across\n"
		"restarts of rssd. rssd stores the last few thousand; older ones are reported as lost.",
	.options = options,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
