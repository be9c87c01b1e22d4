/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and times for people. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#include "pager.h"
#include "librss/rss.h"
#include "shared/size.h"
#include "status.h"

int add_limit(struct table *table, uint64_t bytes)
{
	char buf[SIZE_TEXT_MAX];

	return table_add(table, size_format(bytes, buf));
}

int add_usage(struct table *table, uint64_t bytes)
{
	return bytes == RSS_ABSENT ? table_add(table, NULL) : add_limit(table, bytes);
}

int add_count(struct table *table, uint64_t count)
{
	char buf[SIZE_TEXT_MAX];

	return table_add(table, count == RSS_ABSENT ? NULL : count_format(count, buf));
}

int print_table(struct cli *cli, const struct table *table, int r, bool paged)
{
	if (!table || r < 0)
		return fail_memory();
	if (paged && cli->paging && isatty(STDOUT_FILENO))
		cli->pager = pager_open();
	(void)table_print(table, stdout, cli->legend);
	return STATUS_DONE;
}

const char *format_time(uint64_t usec, char buf[static TIME_TEXT_MAX])
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(buf, TIME_TEXT_MAX, "%F %T", &tm))
		snprintf(buf, TIME_TEXT_MAX, "%" PRIu64, usec);
	return buf;
}
