/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of attach and detach: see report.h. */
#include "view/report.h"

#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

static const char *const columns[] = { ">PID", "OUTCOME", "REASON" };

static const struct {
	const char *name;
	const char *style;
} outcomes[] = {
	[RSS_MOVED] = { "moved", STYLE_GREEN },
	[RSS_VANISHED] = { "vanished", STYLE_YELLOW },
	[RSS_REFUSED] = { "refused", STYLE_RED },
	[RSS_WOULD_MOVE] = { "would-move", STYLE_GREEN },
};

static int print_report_table(struct output *out, const struct report *report)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = 0;

	for (size_t i = 0; table && i < report->count && r >= 0; i++) {
		const struct rss_report *row = &report->rows[i];

		r = table_addf(table, "%d", (int)row->pid);
		r = r < 0 ? r : table_add(table, outcomes[row->outcome].name);
		if (out->colour)
			table_style(table, outcomes[row->outcome].style);
		r = r < 0 ? r : table_add(table, *row->reason ? row->reason : NULL);
	}
	return print_table(out, table, r, false);
}

static int print_report_json(const struct output *out, const struct report *report)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < report->count; i++) {
		const struct rss_report *row = &report->rows[i];
		struct json_object *object = json_object_new_object();

		json_add_count(object, "pid", (uint64_t)row->pid);
		json_add_text(object, "outcome", outcomes[row->outcome].name);
		json_add_text(object, "reason", *row->reason ? row->reason : NULL);
		json_object_array_add(array, object);
	}
	return print_json(out, array);
}

int print_report(struct output *out, const struct report *report)
{
	size_t vanished = 0, refused = 0;
	int status;

	status = out->json ? print_report_json(out, report) : print_report_table(out, report);
	if (status != STATUS_DONE)
		return status;
	for (size_t i = 0; i < report->count; i++) {
		vanished += report->rows[i].outcome == RSS_VANISHED;
		refused += report->rows[i].outcome == RSS_REFUSED;
	}
	if (refused)
		return STATUS_FAILED;
	return vanished && vanished == report->count ? STATUS_NOT_FOUND : STATUS_DONE;
}
