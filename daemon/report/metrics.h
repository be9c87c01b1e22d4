/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers and counters as OpenMetrics text, version 1.0.0. A pure function
 * of given values. A counter that the kernel does not report has no line.
 */
#ifndef RSSD_METRICS_H
#define RSSD_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cgroup/controller.h"
#include "host/self.h"
#include "operation/join.h"
#include "policy/settings.h"

struct metrics_container {
	char *name;
	struct settings settings;
	struct counters counters;
	struct memory_parts parts;
	uint32_t processes;
	uint64_t frozen;   /* 0, 1, or absent */
	uint64_t last_oom; /* microseconds since the epoch, or absent */
};

struct metrics {
	const char *version, *controller;
	uint64_t sequence;    /* of the next event */
	uint64_t events_lost; /* since the start */
	uint64_t ooms;	      /* since the start */
	struct join_counts join;
	struct metrics_container *containers;
	size_t count;
	struct self_usage self;
};

/* Writes all of it: 0, or -EIO. */
int metrics_write(const struct metrics *metrics, FILE *out);

#endif
