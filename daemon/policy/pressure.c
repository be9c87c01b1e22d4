/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pressure stall information: see pressure.h. */
#include "policy/pressure.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "policy/counters.h"

/* The members of struct memory_parts that a line has. */
struct line {
	uint64_t *avg10, *avg60, *avg300, *total;
};

/* Parses "avg10=0.12" of a line, in hundredths. */
static bool parse_average(const char *line, const char *end, const char *key, uint64_t *ret)
{
	const char *at = strstr(line, key);
	uint64_t whole, hundredths;

	if (!at || (end && at > end) ||
	    sscanf(at + strlen(key), "%" SCNu64 ".%2" SCNu64, &whole, &hundredths) != 2)
		return false;
	*ret = whole * 100 + hundredths;
	return true;
}

/* Parses the rest of a line: " avg10=0.12 avg60=0.00 avg300=0.00 total=1234". */
static void parse_line(const char *text, const struct line *ret)
{
	const char *total = strstr(text, "total="), *end = strchr(text, '\n');
	uint64_t avg10, usec;

	if (!parse_average(text, end, " avg10=", &avg10) || !total || (end && total > end) ||
	    sscanf(total, "total=%" SCNu64, &usec) != 1)
		return;
	*ret->avg10 = avg10;
	*ret->total = usec;
	(void)parse_average(text, end, " avg60=", ret->avg60);
	(void)parse_average(text, end, " avg300=", ret->avg300);
}

void pressure_parse(const char *text, struct memory_parts *parts)
{
	const struct line some = { &parts->pressure_some_avg10, &parts->pressure_some_avg60,
				   &parts->pressure_some_avg300, &parts->pressure_some };
	const struct line full = { &parts->pressure_full_avg10, &parts->pressure_full_avg60,
				   &parts->pressure_full_avg300, &parts->pressure_full };
	const char *full_line = strstr(text, "full ");

	*some.avg10 = *some.avg60 = *some.avg300 = *some.total = COUNTER_ABSENT;
	*full.avg10 = *full.avg60 = *full.avg300 = *full.total = COUNTER_ABSENT;
	if (strncmp(text, "some ", strlen("some ")) == 0)
		parse_line(text + strlen("some"), &some);
	if (full_line)
		parse_line(full_line + strlen("full"), &full);
}
