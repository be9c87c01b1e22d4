/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threshold events: see threshold.h. */
#include "policy/threshold.h"

static const char *const names[] = {
	[THRESHOLD_ABOVE] = "above",
	[THRESHOLD_BELOW] = "below",
	[THRESHOLD_PRESSURE_SOME] = "pressure-some",
	[THRESHOLD_PRESSURE_FULL] = "pressure-full",
};

const char *threshold_name(enum threshold threshold)
{
	return threshold < sizeof(names) / sizeof(*names) ? names[threshold] : "unknown";
}

bool threshold_is_above(uint64_t usage, uint64_t threshold, bool was_above)
{
	return usage >= (was_above ? threshold - threshold / 32 : threshold);
}
