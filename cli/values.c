/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values on the command line: see values.h. */
#include "values.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/clock.h"
#include "shared/size.h"
#include "shared/text.h"
#include "view/status.h"

int read_size(const char *what, const char *text, uint64_t *ret)
{
	int r = size_parse(text, ret);

	if (r < 0)
		return print_error(STATUS_USAGE, "%s \"%s\" %s", what, text, size_parse_reason(r));
	return STATUS_DONE;
}

int read_user(const char *text, uint32_t *ret)
{
	/* The static buffer of getpwnam() is safe: rssctl has one thread. */
	const struct passwd *user = getpwnam(text);
	unsigned long id;
	char *end;

	if (user) {
		*ret = user->pw_uid;
		return STATUS_DONE;
	}
	errno = 0;
	id = strtoul(text, &end, 10);
	/* -1 is no user. */
	if (*text < '0' || *text > '9' || *end || errno || id >= UINT32_MAX)
		return print_error(STATUS_USAGE, "No such user: \"%s\"", text);
	*ret = (uint32_t)id;
	return STATUS_DONE;
}

int read_duration(const char *what, const char *text, uint64_t *ret)
{
	if (duration_parse(text, ret) < 0)
		return print_error(STATUS_USAGE,
				   "%s \"%s\" is not a time; write 500ms, 10s, 2min or 1h", what,
				   text);
	return STATUS_DONE;
}

/* Local time to the second, of today without a date, or "today" and "yesterday" at midnight. */
static bool parse_local_time(const char *text, uint64_t *ret)
{
	static const char *const formats[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
					       "%H:%M:%S", "%H:%M" };
	time_t now = time(NULL), then;
	struct tm tm;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *end;

		tm = (struct tm){ .tm_isdst = -1 };
		if (formats[i][1] == 'H') {
			localtime_r(&now, &tm);
			tm.tm_sec = 0;
			tm.tm_isdst = -1;
		}
		end = strptime(text, formats[i], &tm);
		if (end && !*end) {
			then = mktime(&tm);
			*ret = (uint64_t)then * 1000000;
			return then >= 0;
		}
	}
	if (strcmp(text, "today") != 0 && strcmp(text, "yesterday") != 0)
		return false;
	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= *text == 'y';
	tm.tm_isdst = -1;
	*ret = (uint64_t)mktime(&tm) * 1000000;
	return true;
}

/* "1h" and "1h ago" and "-1h" are before @now, "+1h" is after it, as in systemd.time(7). */
static bool parse_relative_time(const char *text, uint64_t now, uint64_t *ret)
{
	cleanup_free char *span = strdup(text + (*text == '-' || *text == '+'));
	size_t length = span ? strlen(span) : 0;
	uint64_t usec;

	if (length > 4 && !strcmp(span + length - 4, " ago"))
		span[length - 4] = '\0';
	for (char *blank = span; blank && (blank = strchr(blank, ' '));)
		memmove(blank, blank + 1, strlen(blank));
	if (!span || duration_parse(span, &usec) < 0)
		return false;
	if (*text == '+')
		*ret = usec < UINT64_MAX - now ? now + usec : UINT64_MAX;
	else
		*ret = usec < now ? now - usec : 0;
	return true;
}

int read_moment(const char *what, const char *text, uint64_t *ret)
{
	uint64_t now = clock_usec(CLOCK_REALTIME);

	if (!strcmp(text, "now"))
		*ret = now;
	else if (*text == '@' && duration_parse(text + 1, ret) >= 0)
		return STATUS_DONE;
	else if (!parse_local_time(text, ret) && !parse_relative_time(text, now, ret))
		return print_error(
			STATUS_USAGE,
			"%s \"%s\" is not a time; write 10min, today, 14:00 or 2026-11-29 14:00",
			what, text);
	return STATUS_DONE;
}

int read_number(const char *what, const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return print_error(STATUS_USAGE, "%s \"%s\" is not a whole number", what,
					   text);
		value = value * 10 + (*c - '0');
		if (value > max)
			return print_error(STATUS_USAGE, "%s \"%s\" is above %" PRIu64, what, text,
					   max);
	}
	if (!*text)
		return print_error(STATUS_USAGE, "%s is empty", what);
	*ret = value;
	return STATUS_DONE;
}

int read_yes_no(const char *what, const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (ascii_equal(text, yes[i]) || ascii_equal(text, no[i])) {
			*ret = ascii_equal(text, yes[i]);
			return STATUS_DONE;
		}
	}
	return print_error(STATUS_USAGE, "%s must be yes or no, not \"%s\"", what, text);
}

int read_pid(const char *text, pid_t *ret)
{
	uint64_t value = 0;
	int status = read_number("The PID", text, INT_MAX, &value);

	if (status != STATUS_DONE)
		return status;
	if (!value)
		return print_error(STATUS_USAGE, "Invalid PID \"%s\"", text);
	*ret = (pid_t)value;
	return STATUS_DONE;
}

int read_pids(const struct args *args, size_t first, pid_t **ret)
{
	cleanup_free pid_t *pids = calloc(args->n_operands, sizeof(*pids));

	if (!pids)
		return fail_memory();
	for (size_t i = first; i < args->n_operands; i++) {
		int status = read_pid(args->operands[i], &pids[i - first]);

		if (status != STATUS_DONE)
			return status;
	}
	*ret = take_ptr(pids);
	return STATUS_DONE;
}

int read_signal(const char *text, int *ret)
{
	const char *name = ascii_has_prefix(text, "SIG") ? text + 3 : text;
	uint64_t number = 0;
	int status;

	for (int i = 1; i < SIGRTMIN; i++) {
		const char *known = sigabbrev_np(i);

		if (known && ascii_equal(known, name)) {
			*ret = i;
			return STATUS_DONE;
		}
	}
	if (*text < '0' || *text > '9')
		return print_error(STATUS_USAGE, "Invalid signal \"%s\"; write TERM, KILL or 9",
				   text);
	status = read_number("The signal", text, SIGRTMAX, &number);
	if (status == STATUS_DONE && !number)
		return print_error(STATUS_USAGE, "Invalid signal 0");
	if (status == STATUS_DONE)
		*ret = (int)number;
	return status;
}

int read_limit_mode(const char *text, enum rss_limit_mode *ret)
{
	static const char *const modes[] = {
		[RSS_LIMIT_RECLAIM] = "reclaim",
		[RSS_LIMIT_REFUSE] = "refuse",
		[RSS_LIMIT_FORCE] = "force",
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(modes[i], text)) {
			*ret = (enum rss_limit_mode)i;
			return STATUS_DONE;
		}
	}
	return print_error(STATUS_USAGE, "--mode takes reclaim, refuse or force, not \"%s\"", text);
}

int read_timeout(const char *text, uint64_t *ret)
{
	int status = read_duration("The timeout", text, ret);

	if (status == STATUS_DONE && !*ret)
		return print_error(
			STATUS_USAGE,
			"The timeout must be above 0; use --mode=refuse to set a limit without reclaim");
	return status;
}

const char *limit_outcome_name(enum rss_limit_outcome outcome)
{
	static const char *const names[] = {
		[RSS_LIMIT_SET] = "set",
		[RSS_LIMIT_UNCHANGED] = "unchanged",
		[RSS_LIMIT_RECLAIMED] = "reclaimed",
		[RSS_LIMIT_KILLED] = "killed",
	};

	assert(outcome < ARRAY_SIZE(names));
	return names[outcome];
}
