/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trigger of memory pressure (PSI): an event when some, or all, processes have waited for memory for
 * a time within a window. It is one number, so that it can be compared; 0 is none. As text it is
 * "some:150ms/2s" or "none".
 */
#ifndef SHARED_PRESSURE_TRIGGER_H
#define SHARED_PRESSURE_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#define PRESSURE_TRIGGER_TEXT_MAX 64

/* @stall, @window: in microseconds */
static inline uint64_t pressure_trigger(bool full, uint32_t stall, uint32_t window)
{
	return (uint64_t)full << 63 | (uint64_t)stall << 32 | window;
}

static inline bool pressure_trigger_is_full(uint64_t trigger)
{
	return trigger >> 63;
}

static inline uint32_t pressure_trigger_stall(uint64_t trigger)
{
	return trigger >> 32 & 0x7fffffff;
}

static inline uint32_t pressure_trigger_window(uint64_t trigger)
{
	return (uint32_t)trigger;
}

/* Parses a text. Return: NULL, or what is wrong with it: "must be none, or like some:150ms/2s". */
const char *pressure_trigger_parse(const char *text, uint64_t *ret);

/* Returns @buf. */
const char *pressure_trigger_format(uint64_t trigger, char buf[static PRESSURE_TRIGGER_TEXT_MAX]);

#endif
