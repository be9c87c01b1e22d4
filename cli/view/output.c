/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, the pager and times: see output.h. */
#include "view/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "librss/rss.h"
#include "shared/size.h"
#include "view/pager.h"
#include "view/status.h"
#include "view/terminal.h"

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

void output_start_pager(struct output *out)
{
	if (out->paging && terminal_is_capable(STDOUT_FILENO))
		out->pager = pager_open();
}

/* Returns true if @table, its legend and the prompt of the shell are more than a screen. */
static bool is_long(const struct output *out, const struct table *table)
{
	return table_rows(table) + out->legend + 1 > (size_t)terminal_rows();
}

void print_key(const char *key)
{
	printf("%*s: ", KEY_WIDTH, key);
}

int print_table(struct output *out, struct table *table, int r, bool paged)
{
	if (!table || r < 0)
		return fail_memory();
	if (!out->full)
		table_fit(table, (size_t)terminal_columns(), out->utf8);
	if (paged && is_long(out, table))
		output_start_pager(out);
	(void)table_print(table, stdout, out->legend);
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
