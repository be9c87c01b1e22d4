/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several containers at a time: the order of the steps, the log, and what differs. */
#include <errno.h>

#include "cgroup/controller.h"
#include "report/diff.h"
#include "base/failure.h"
#include "operation/transaction.h"
#include "unit.h"

#define M (1024 * 1024ULL)

static struct settings limited(uint64_t limit)
{
	struct settings settings = settings_default();

	settings.limit = limit;
	return settings;
}

static int add(struct transaction_log *log, const char *name, uint64_t from, uint64_t to)
{
	struct settings before = limited(from), after = limited(to);

	return transaction_log_add(log, name, &before, &after);
}

TEST(lowered_limits_come_first)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		transaction_log_new(TRANSACTION_UNDO);

	CHECK_INT(add(log, "up", 10 * M, 20 * M), 0);
	CHECK_INT(add(log, "down", 20 * M, 10 * M), 0);
	CHECK_INT(add(log, "same", 20 * M, 20 * M), 0);
	CHECK_INT(add(log, "bounded", LIMIT_INFINITY, 10 * M), 0);
	CHECK_INT(add(log, "free", 10 * M, LIMIT_INFINITY), 0);
	CHECK_UINT(transaction_order(log), 2);
	CHECK_STR(log->entries[0].name, "bounded");
	CHECK_STR(log->entries[1].name, "down");
	CHECK_STR(log->entries[2].name, "free");
	CHECK_STR(log->entries[4].name, "up");
}

TEST(nothing_can_fail)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		transaction_log_new(TRANSACTION_UNDO);

	CHECK_UINT(transaction_order(log), 0);
	CHECK_INT(add(log, "up", 10 * M, 20 * M), 0);
	CHECK_UINT(transaction_order(log), 0);
}

TEST(settled_by_phase)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		transaction_log_new(TRANSACTION_UNDO);

	CHECK_INT(add(log, "web", 20 * M, 10 * M), 0);
	CHECK_UINT(transaction_settle(log, "web")->limit, 20 * M);
	log->phase = TRANSACTION_REDO;
	CHECK_UINT(transaction_settle(log, "web")->limit, 10 * M);
	CHECK(!transaction_settle(log, "other"));
}

TEST(log_is_read_as_written)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log = transaction_log_new(
									  TRANSACTION_REDO),
								  *read = NULL;
	cleanup_free char *text = NULL;
	struct settings from = limited(20 * M), to = limited(LIMIT_INFINITY);

	to.oom_group = true;
	to.wmark_high = 8 * M;
	CHECK_INT(transaction_log_add(log, "web/a", &from, &to), 0);
	CHECK_INT(add(log, "b", M, 2 * M), 0);
	text = transaction_log_format(log);
	CHECK(text);
	CHECK_INT(transaction_log_parse(text, strlen(text), "j", &read, NULL), 0);
	CHECK_INT(read->phase, TRANSACTION_REDO);
	CHECK_UINT(read->count, 2);
	CHECK_STR(read->entries[0].name, "web/a");
	CHECK_UINT(read->entries[0].from.limit, 20 * M);
	CHECK(!settings_difference(&read->entries[0].to, &to));
	CHECK_STR(read->entries[1].name, "b");
}

TEST(bad_logs_are_refused)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"phase\":\"undo\"}",
		"{\"phase\":\"maybe\",\"steps\":[]}",
		"{\"phase\":\"undo\",\"steps\":{}}",
		"{\"phase\":\"undo\",\"steps\":[1]}",
		"{\"phase\":\"undo\",\"steps\":[{\"from\":{\"name\":\"a\"}}]}",
		"{\"phase\":\"undo\",\"steps\":[{\"from\":{\"name\":\"a\"},\"to\":{\"name\":\"..\"}}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct transaction_log *log = NULL;
		struct failure failure = { 0 };

		if (transaction_log_parse(texts[i], strlen(texts[i]), "j", &log, &failure) == 0)
			FAIL("\"%s\" is taken for a log", texts[i]);
		CHECK(failure.text[0]);
	}
}

TEST(differences)
{
	struct diff_row row = {
		.stored_set = SETTING_LIMIT | SETTING_WMARK_HIGH,
		.kernel_set = SETTING_LIMIT,
		.stored = limited(10 * M),
		.kernel = limited(10 * M),
	};

	CHECK_UINT(diff_settings(&row), 0);
	row.kernel.wmark_high = M; /* not known of the kernel */
	CHECK_UINT(diff_settings(&row), 0);
	row.kernel.limit = 11 * M;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT);
	row.declared_set = SETTING_LIMIT | SETTING_WMARK_HIGH;
	row.declared = limited(10 * M);
	row.declared.wmark_high = M;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT | SETTING_WMARK_HIGH);
	/* Declared, but does not exist. */
	row.stored_set = row.kernel_set = 0;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT | SETTING_WMARK_HIGH);
}

TEST_MAIN({ "lowered limits come first", lowered_limits_come_first },
	  { "raised limits cannot fail", nothing_can_fail },
	  { "a start undoes or finishes by the phase", settled_by_phase },
	  { "a transaction log is read as it was written", log_is_read_as_written },
	  { "a bad transaction log is refused", bad_logs_are_refused },
	  { "differences of what is known", differences })
