/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several containers at a time: the order of the steps, the journal, and what differs. */
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

static int add(struct journal *journal, const char *name, uint64_t from, uint64_t to)
{
	struct settings before = limited(from), after = limited(to);

	return journal_add(journal, name, &before, &after);
}

TEST(what_can_fail_comes_first)
{
	cleanup_(journal_free_ptr) struct journal *journal = journal_new(JOURNAL_UNDO);

	CHECK_INT(add(journal, "up", 10 * M, 20 * M), 0);
	CHECK_INT(add(journal, "down", 20 * M, 10 * M), 0);
	CHECK_INT(add(journal, "same", 20 * M, 20 * M), 0);
	CHECK_INT(add(journal, "bounded", LIMIT_INFINITY, 10 * M), 0);
	CHECK_INT(add(journal, "free", 10 * M, LIMIT_INFINITY), 0);
	CHECK_UINT(transaction_order(journal), 2);
	CHECK_STR(journal->entries[0].name, "bounded");
	CHECK_STR(journal->entries[1].name, "down");
	CHECK_STR(journal->entries[2].name, "free");
	CHECK_STR(journal->entries[4].name, "up");
}

TEST(nothing_can_fail)
{
	cleanup_(journal_free_ptr) struct journal *journal = journal_new(JOURNAL_UNDO);

	CHECK_UINT(transaction_order(journal), 0);
	CHECK_INT(add(journal, "up", 10 * M, 20 * M), 0);
	CHECK_UINT(transaction_order(journal), 0);
}

TEST(settled_by_phase)
{
	cleanup_(journal_free_ptr) struct journal *journal = journal_new(JOURNAL_UNDO);

	CHECK_INT(add(journal, "web", 20 * M, 10 * M), 0);
	CHECK_UINT(transaction_settle(journal, "web")->limit, 20 * M);
	journal->phase = JOURNAL_REDO;
	CHECK_UINT(transaction_settle(journal, "web")->limit, 10 * M);
	CHECK(!transaction_settle(journal, "other"));
}

TEST(journal_there_and_back)
{
	cleanup_(journal_free_ptr) struct journal *journal = journal_new(JOURNAL_REDO),
						  *read = NULL;
	cleanup_free char *text = NULL;
	struct settings from = limited(20 * M), to = limited(LIMIT_INFINITY);

	to.oom_group = true;
	to.high = 8 * M;
	CHECK_INT(journal_add(journal, "web/a", &from, &to), 0);
	CHECK_INT(add(journal, "b", M, 2 * M), 0);
	text = journal_format(journal);
	CHECK(text);
	CHECK_INT(journal_parse(text, strlen(text), "j", &read, NULL), 0);
	CHECK_INT(read->phase, JOURNAL_REDO);
	CHECK_UINT(read->count, 2);
	CHECK_STR(read->entries[0].name, "web/a");
	CHECK_UINT(read->entries[0].from.limit, 20 * M);
	CHECK(!settings_difference(&read->entries[0].to, &to));
	CHECK_STR(read->entries[1].name, "b");
}

TEST(bad_journals)
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
		struct journal *journal = NULL;
		struct failure failure = { 0 };

		if (journal_parse(texts[i], strlen(texts[i]), "j", &journal, &failure) == 0)
			FAIL("\"%s\" is taken for a journal", texts[i]);
		CHECK(failure.text[0]);
	}
}

TEST(differences)
{
	struct diff_row row = {
		.stored_set = SETTING_LIMIT | SETTING_HIGH,
		.kernel_set = SETTING_LIMIT,
		.stored = limited(10 * M),
		.kernel = limited(10 * M),
	};

	CHECK_UINT(diff_settings(&row), 0);
	row.kernel.high = M; /* not known of the kernel */
	CHECK_UINT(diff_settings(&row), 0);
	row.kernel.limit = 11 * M;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT);
	row.declared_set = SETTING_LIMIT | SETTING_HIGH;
	row.declared = limited(10 * M);
	row.declared.high = M;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT | SETTING_HIGH);
	/* Declared, and not there. */
	row.stored_set = row.kernel_set = 0;
	CHECK_UINT(diff_settings(&row), SETTING_LIMIT | SETTING_HIGH);
}

TEST_MAIN({ "limits that go down come first", what_can_fail_comes_first },
	  { "where all go up nothing can fail", nothing_can_fail },
	  { "a start undoes or finishes by the phase", settled_by_phase },
	  { "a journal is read as it was written", journal_there_and_back },
	  { "a bad journal is refused", bad_journals },
	  { "what is known and differs", differences })
