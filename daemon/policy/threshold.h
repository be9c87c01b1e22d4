/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a threshold event reports, and when usage has crossed a threshold. Pure. */
#ifndef RSSD_THRESHOLD_KIND_H
#define RSSD_THRESHOLD_KIND_H

#include <stdbool.h>
#include <stdint.h>

enum threshold {
	THRESHOLD_ABOVE,
	THRESHOLD_BELOW,
	THRESHOLD_PRESSURE_SOME,
	THRESHOLD_PRESSURE_FULL,
};

/* "above", "below", "pressure-some" or "pressure-full", on D-Bus and in JSON. */
const char *threshold_name(enum threshold threshold);

/*
 * Returns true if @usage counts as above @threshold. If it was above, it stays so until it is 1/32
 * below, so that usage near the threshold does not cause event after event.
 */
bool threshold_is_above(uint64_t usage, uint64_t threshold, bool was_above);

#endif
