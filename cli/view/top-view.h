/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of top as text, for a terminal of a given size. Pure. */
#ifndef RSSCTL_TOP_VIEW_H
#define RSSCTL_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/container-list.h"
#include "view/top-order.h"

struct history;

struct top_screen {
	size_t rows, columns; /* of the terminal */
	bool colour, utf8;
	bool details; /* swap and pressure are shown */
	enum top_order order;
	size_t first;	   /* the first container that is shown */
	const char *when;  /* the time, for people */
	uint64_t interval; /* between two samples, in microseconds */
};

/* The number of containers that fit. */
size_t top_rows(const struct top_screen *screen);

/* The frame, to be freed; @list is sorted. NULL when out of memory. */
char *top_view(const struct container_list *list, const struct history *history,
	       const struct top_screen *screen);

#endif
