/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Triggers of memory pressure: see pressure-trigger.h. */
#include "shared/pressure-trigger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USEC_PER_MSEC 1000U
#define USEC_PER_SEC  1000000U
/* What the kernel accepts. */
#define WINDOW_MIN (500 * USEC_PER_MSEC)
#define WINDOW_MAX (10 * USEC_PER_SEC)

static const struct {
	const char *name;
	uint32_t usec;
} units[] = { { "us", 1 }, { "ms", USEC_PER_MSEC }, { "s", USEC_PER_SEC } };

/* Parses "150ms" up to @end. Returns 0 if it is not a time of at most WINDOW_MAX. */
static uint32_t parse_time(const char *text, const char *end)
{
	char *unit;
	unsigned long long count;

	if (*text < '0' || *text > '9')
		return 0;
	count = strtoull(text, &unit, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strlen(units[i].name) == (size_t)(end - unit) &&
		    strncmp(unit, units[i].name, (size_t)(end - unit)) == 0)
			return count > WINDOW_MAX / units[i].usec ? 0
								  : (uint32_t)count * units[i].usec;
	}
	return 0;
}

const char *pressure_trigger_parse(const char *text, uint64_t *ret)
{
	bool full = strncmp(text, "full:", 5) == 0;
	const char *slash = strchr(text, '/');
	uint32_t stall, window;

	if (strcmp(text, "none") == 0) {
		*ret = 0;
		return NULL;
	}
	if ((!full && strncmp(text, "some:", 5) != 0) || !slash)
		return "must be \"none\", or like \"some:150ms/2s\"";
	stall = parse_time(text + 5, slash);
	window = parse_time(slash + 1, slash + strlen(slash));
	if (!stall || !window)
		return "must have times like 150ms and 2s, of at most 10s";
	if (window < WINDOW_MIN)
		return "must have a window of at least 500ms";
	if (stall > window)
		return "must not have a time that is longer than its window";
	*ret = pressure_trigger(full, stall, window);
	return NULL;
}

static void format_time(uint32_t usec, char *buf, size_t size)
{
	size_t i = sizeof(units) / sizeof(*units) - 1;

	while (usec % units[i].usec)
		i--;
	(void)snprintf(buf, size, "%" PRIu32 "%s", usec / units[i].usec, units[i].name);
}

const char *pressure_trigger_format(uint64_t trigger, char buf[static PRESSURE_TRIGGER_TEXT_MAX])
{
	char stall[24], window[24];

	format_time(pressure_trigger_stall(trigger), stall, sizeof(stall));
	format_time(pressure_trigger_window(trigger), window, sizeof(window));
	if (trigger)
		(void)snprintf(buf, PRESSURE_TRIGGER_TEXT_MAX, "%s:%s/%s",
			       pressure_trigger_is_full(trigger) ? "full" : "some", stall, window);
	else
		(void)snprintf(buf, PRESSURE_TRIGGER_TEXT_MAX, "none");
	return buf;
}
