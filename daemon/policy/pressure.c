/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pressure stall information: see pressure.h. */
#include "policy/pressure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/counters.h"

/* Parses the rest of a line: " avg10=0.12 avg60=0.00 avg300=0.00 total=1234". */
static void parse_line(const char *text, uint64_t *ret_avg10, uint64_t *ret_total)
{
	const char *total = strstr(text, "total="), *end = strchr(text, '\n');
	uint64_t whole, hundredths, usec;

	if (sscanf(text, " avg10=%" SCNu64 ".%2" SCNu64, &whole, &hundredths) != 2 || !total ||
	    (end && total > end) || sscanf(total, "total=%" SCNu64, &usec) != 1)
		return;
	*ret_avg10 = whole * 100 + hundredths;
	*ret_total = usec;
}

void pressure_parse(const char *text, struct memory_parts *parts)
{
	const char *full = strstr(text, "full ");

	parts->pressure_some = parts->pressure_full = COUNTER_ABSENT;
	parts->pressure_some_avg10 = parts->pressure_full_avg10 = COUNTER_ABSENT;
	if (strncmp(text, "some ", strlen("some ")) == 0)
		parse_line(text + strlen("some"), &parts->pressure_some_avg10,
			   &parts->pressure_some);
	if (full)
		parse_line(full + strlen("full"), &parts->pressure_full_avg10,
			   &parts->pressure_full);
}
