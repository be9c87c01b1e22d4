/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of event kinds. */
#include "librss/rss.h"
#include "shared/cleanup.h"

const char *rss_event_kind_name(enum rss_event_kind kind)
{
	static const char *const names[] = {
		[RSS_EVENT_LIMIT_HIT] = "limit-hit",
		[RSS_EVENT_RECLAIMED] = "reclaimed",
		[RSS_EVENT_OOM] = "oom",
		[RSS_EVENT_WATERMARK] = "watermark",
		[RSS_EVENT_LOST] = "lost",
		[RSS_EVENT_CREATED] = "created",
		[RSS_EVENT_REMOVED] = "removed",
		[RSS_EVENT_KILL] = "kill",
		[RSS_EVENT_DRIFT] = "drift",
		[RSS_EVENT_THRESHOLD] = "threshold",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}
