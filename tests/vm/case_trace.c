// SPDX-License-Identifier: GPL-2.0
/* The tracepoints exist, and fire for the events that they are named after. */
#include "vm.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS	"/sys/kernel/tracing/events/rss_container"
#define BYTES	(4 * (long)MB)

static long seen(const char *trace, const char *name)
{
	const char *at = trace;
	long n = 0;

	while ((at = strstr(at, name))) {
		n++;
		at += strlen(name);
	}
	return n;
}

static void trace_points(void)
{
	static char trace[1 << 20];
	char name[64], names[16][64];
	struct dirent *d;
	struct actor *a;
	long at, ret;
	int n = 0;
	DIR *dir;

	dir = opendir(EVENTS);
	EXPECT(dir, "no " EVENTS);
	while ((d = readdir(dir)) && n < 16)
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			snprintf(names[n++], sizeof(*names), "%s", d->d_name);
	closedir(dir);
	/* charge failure, reclaim begin and end, OOM */
	EXPECT(n >= 4, "%d tracepoints only", n);

	text_write("/sys/kernel/tracing/buffer_size_kb", "512");
	EXPECT_EQ(text_write(EVENTS "/enable", "1"), 0);
	text_write("/sys/kernel/tracing/trace", "");
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES + BYTES / 2, ANON);
	actor_do(a, work_write, at, BYTES + BYTES / 2, 1);
	actor_end(a);
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_send(a, (actor_fn)work_write, at, 2 * BYTES, 1, 0);
	EXPECT(!actor_reply(a, &ret, 60), "no OOM");
	actor_end(a);
	/* a charge fails if no process may be killed for it */
	a = actor_new("a");
	snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", a->pid);
	EXPECT_EQ(text_write(name, "-1000"), 0);
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_send(a, (actor_fn)work_write, at, 2 * BYTES, 1, 0);
	UNTIL(10, text_read("/sys/kernel/tracing/trace", trace, sizeof(trace)) > 0 &&
	      seen(trace, "charge_fail: "));
	kill(a->pid, SIGKILL);
	EXPECT(actor_gone(a, 30), "not killable");
	actor_end(a);
	text_write(EVENTS "/enable", "0");
	EXPECT(text_read("/sys/kernel/tracing/trace", trace, sizeof(trace)) > 0,
	       "an empty trace");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s: ", names[i]);
		note("%ld times %s", seen(trace, name), names[i]);
		EXPECT(seen(trace, name) > 0, "%s never came", names[i]);
	}
}

const struct vm_case trace_cases[] = {
	{ "trace_points", trace_points },
	{ }
};
