/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of containers: written ones are read again, others are refused. */
#include <errno.h>

#include "cgroup/controller.h"
#include "base/failure.h"
#include "policy/oom-record.h"
#include "policy/place.h"
#include "policy/record.h"
#include "policy/rule.h"
#include "unit.h"

static int parse(const char *text, enum record_kind kind, struct record **ret,
		 struct failure *failure)
{
	return record_parse(text, strlen(text), "f.json", kind, ret, failure);
}

TEST(what_is_written_is_read)
{
	struct oom_record oom = { .id = 7,
				  .time = 1234567890123456,
				  .container = (char *)"web",
				  .victim_container = (char *)"web/a",
				  .victim_pid = 42,
				  .victim_uid = 0,
				  .victim_command = (char *)"a \"quoted\"\n\\name",
				  .usage = 4096,
				  .limit = OOM_ABSENT };
	struct settings declaration = { .limit = LIMIT_INFINITY,
					.wmark_high = 12288,
					.wmark_low = 8192 };
	struct record record = { .name = (char *)"web/a",
				 .settings = { .limit = 536870912,
					       .wmark_high = LIMIT_INFINITY,
					       .wmark_low = 4096,
					       .oom_group = true },
				 .transient = true,
				 .declaration = &declaration,
				 .oom_events = 5,
				 .last_oom = &oom };
	cleanup_free char *text = record_format(&record);
	cleanup_(record_free_ptr) struct record *back = NULL;
	struct failure failure = { 0 };

	CHECK(text);
	CHECK_INT(parse(text, RECORD_STATE, &back, &failure), 0);
	CHECK_STR(back->name, "web/a");
	CHECK_UINT(settings_difference(&back->settings, &record.settings), 0);
	CHECK(back->declaration && !settings_difference(back->declaration, &declaration));
	CHECK(back->transient);
	CHECK_UINT(back->oom_events, 5);
	CHECK_UINT(back->last_oom->id, 7);
	CHECK_UINT(back->last_oom->time, 1234567890123456);
	CHECK_STR(back->last_oom->victim_command, "a \"quoted\"\n\\name");
	CHECK_STR(back->last_oom->limit_owner, NULL);
	CHECK_INT(back->last_oom->victim_pid, 42);
	CHECK_UINT(back->last_oom->usage, 4096);
	CHECK_UINT(back->last_oom->limit, OOM_ABSENT);
}

/* Characters of two, three and four bytes, also after a backslash of the text itself. */
TEST(text_that_is_not_ascii_is_read)
{
	static const char name[] = "\u00fc\\\u20ac \"\U0001f426\u00e9";
	static const char declared[] =
		"{ \"name\": \"web\", \"oom_hook\": \"/\u00a1/\uffff\U0010ffff\" }";
	struct oom_record oom = { .victim_command = (char *)name };
	struct record record = { .name = (char *)"web",
				 .settings = settings_default(),
				 .last_oom = &oom };
	cleanup_free char *text = record_format(&record);
	cleanup_(record_free_ptr) struct record *back = NULL, *declaration = NULL;
	struct failure failure = { 0 };

	CHECK(text && strstr(text, "\u00e9"));
	CHECK_INT(parse(text, RECORD_STATE, &back, &failure), 0);
	CHECK_STR(back->last_oom->victim_command, name);
	CHECK_INT(parse(declared, RECORD_DECLARATION, &declaration, &failure), 0);
	CHECK_STR(declaration->oom_hook, "/\u00a1/\uffff\U0010ffff");
}

/* The settings of a later version are left out while they are the initial ones. */
TEST(a_place_keeps_what_was_found)
{
	struct place place = { .kind = PLACE_UNIT,
			       .unit = (char *)"web.service",
			       .cgroup = (char *)"/web",
			       .found = settings_default(),
			       .managed = SETTING_LIMIT | SETTING_LOW };
	struct record record = { .name = (char *)"web",
				 .settings = settings_default(),
				 .place = &place };
	cleanup_(record_free_ptr) struct record *back = NULL, *bad = NULL;
	struct failure failure = { 0 };
	cleanup_free char *text = NULL;

	record.settings.low = 8192;
	place.found.high = 1 << 20;
	text = record_format(&record);
	CHECK(text && !strstr(text, "swap-limit"));
	CHECK_INT(parse(text, RECORD_STATE, &back, &failure), 0);
	CHECK_UINT(back->settings.low, 8192);
	CHECK_UINT(back->settings.high, LIMIT_INFINITY);
	CHECK_UINT(back->place->managed, SETTING_LIMIT | SETTING_LOW);
	CHECK_UINT(back->place->found.high, 1 << 20);
	CHECK_UINT(back->place->found.limit, LIMIT_INFINITY);
	CHECK_INT(parse("{ \"name\": \"web\", \"unit\": \"web.service\",\n"
			" \"place\": { \"path\": \"/web\", \"managed\": [ \"colour\" ] } }",
			RECORD_STATE, &bad, &failure),
		  -EBADMSG);
	CHECK(strstr(failure.text, "f.json:2: managed"));
}

TEST(people_write_sizes)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	struct failure failure = { 0 };

	CHECK_INT(parse("{ \"name\": \"db\", \"limit\": \"512M\", \"wmark-high\": 8192,\n"
			"  \"wmark-low\": \"infinity\", \"oom_group\": true }\n",
			RECORD_DECLARATION, &record, &failure),
		  0);
	CHECK_UINT(record->settings.limit, 512ULL << 20);
	CHECK_UINT(record->settings.wmark_high, 8192);
	CHECK_UINT(record->settings.wmark_low, LIMIT_INFINITY);
	CHECK(record->settings.oom_group);
}

TEST(sizes_are_as_the_kernel_keeps_them)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	struct failure failure = { 0 };

	CHECK_INT(
		parse("{ \"name\": \"db\", \"limit\": 9223372036854775807, \"wmark-high\": 1048577,\n"
		      "  \"declared\": { \"wmark-low\": 4097 } }\n",
		      RECORD_STATE, &record, &failure),
		0);
	CHECK_UINT(record->settings.limit, LIMIT_INFINITY);
	CHECK_UINT(record->settings.wmark_high, 1048576);
	CHECK_UINT(record->declaration->wmark_low, 4096);
}

TEST(bad_files_are_refused_with_their_line)
{
	static const struct {
		const char *text, *where, *what;
	} bad[] = {
		{ "", "f.json:1", "ends in the middle" },
		{ "{ \"name\": \"a\",\n \"limit\": 1", "f.json:2", "ends in the middle" },
		{ "{ \"name\": \"a\" }\nrubbish", "f.json:2", "after the end" },
		{ "{ \"name\": \"a\",\n \"limit\" 1 }", "f.json:2", "invalid JSON" },
		{ "{ \"name\": \"a\",\n\n \"colour\": 1 }", "f.json:3: colour", "not a known key" },
		{ "{ \"name\": \"a\", \"transient\": true }", "f.json:1", "not a known key" },
		{ "{ \"limit\": 1 }", "f.json:1", "\"name\" is missing" },
		{ "{ \"name\": \"../a\" }", "f.json:1: name", "" },
		{ "{ \"name\": 1 }", "f.json:1: name", "string" },
		{ "{ \"name\": \"a\\u0000b\" }", "f.json:1: name", "NUL" },
		{ "{ \"name\": \"a\", \"limit\": -1 }", "f.json:1: limit", "bytes" },
		{ "{ \"name\": \"a\", \"limit\": 9223372036854775808 }", "f.json:1: limit",
		  "2^63-1" },
		{ "{ \"name\": \"a\", \"wmark-high\": 18446744073709551615 }",
		  "f.json:1: wmark-high", "2^63-1" },
		{ "{ \"name\": \"a\", \"wmark-low\": 1.9e19 }", "f.json:1: wmark-low", "2^63-1" },
		{ "{ \"name\": \"a\", \"limit\": 1e30 }", "f.json:1: limit", "2^63-1" },
		{ "{ \"name\": \"a\", \"limit\": 1.5 }", "f.json:1: limit", "bytes" },
		{ "{ \"name\": \"a\", \"limit\": 1.5 }", "f.json:1: limit", "bytes" },
		{ "{ \"name\": \"a\", \"limit\": \"12Q\" }", "f.json:1: limit", "" },
		{ "{ \"name\": \"a\", \"oom_group\": 1 }", "f.json:1: oom_group", "true or false" },
		{ "{ \"name\": \"a\",\n \"join\": {} }", "f.json:2: join", "array" },
		{ "{ \"name\": \"a\",\n \"join\": [ 1 ] }", "f.json:2: join", "object" },
		{ "{ \"name\": \"a\", \"join\": [ {} ] }", "f.json:1: join", "every process" },
		{ "{ \"name\": \"a\", \"join\": [\n{ \"unit\": 1 } ] }", "f.json:2: unit",
		  "string" },
		{ "[ 1 ]", "f.json:1", "object" },
		{ "null\n", "f.json:1", "object" },
		{ "{ \"name\": \"\xff\xfe\" }", "f.json:1", "invalid JSON" },
		{ "{ \"name\": \"a\",\n \"oom_hook\": \"/\xed\xa0\x80\" }", "f.json:2",
		  "not UTF-8" },
		{ "{ \"name\": \"a\",\n \"oom_hook\": \"/\\\u00fc\" }", "f.json:2",
		  "invalid JSON" },
		{ "{ \"name\": \"a\", \u00fc: 1 }", "f.json:1", "invalid JSON" },
		{ "{ \"name\": \"a\",\n \"oom_hook\": \"\u00fc\",\n \"limit\" 1 }", "f.json:3",
		  "invalid JSON" },
		{ "{ \"name\": \"a\",\n \"l\u00fc\": 1 }", "f.json:2: l\u00fc", "not a known key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct record *record = NULL;
		struct failure failure = { 0 };

		if (parse(bad[i].text, RECORD_DECLARATION, &record, &failure) != -EBADMSG)
			FAIL("was taken: %s", bad[i].text);
		if (!strstr(failure.text, bad[i].where) || !strstr(failure.text, bad[i].what))
			FAIL("%s: should say %s %s: %s", bad[i].text, bad[i].where, bad[i].what,
			     failure.text);
		CHECK(!record);
	}
}

/* To json-c 0.18 an integer that no 64 bits hold is no number; an older one reads the nearest. */
TEST(integers_of_more_than_64_bits_are_refused)
{
	static const char *const bad[] = {
		"{ \"name\": \"a\", \"wmark-low\": 18446744073709551616 }",
		"{ \"name\": \"a\", \"limit\": -99999999999999999999 }",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct record *record = NULL;
		struct failure failure = { 0 };

		CHECK_INT(parse(bad[i], RECORD_DECLARATION, &record, &failure), -EBADMSG);
		CHECK(strstr(failure.text, "2^63-1") || strstr(failure.text, "bytes") ||
		      strstr(failure.text, "f.json:1: invalid JSON: number"));
		CHECK(!record);
	}
}

TEST(state_has_more_keys_but_not_all)
{
	struct record *record = NULL;
	struct failure failure = { 0 };

	CHECK_INT(parse("{ \"name\": \"a\", \"version\": 2 }", RECORD_STATE, &record, &failure),
		  -EBADMSG);
	CHECK(strstr(failure.text, "version"));
	CHECK_INT(parse("{ \"name\": \"a\", \"last_oom\": { \"why\": 1 } }", RECORD_STATE, &record,
			&failure),
		  -EBADMSG);
	CHECK_INT(parse("{ \"name\": \"a\", \"declared\": { \"name\": \"b\" } }", RECORD_STATE,
			&record, &failure),
		  -EBADMSG);
	CHECK(!record);
}

TEST(a_joined_unit_is_written_and_read)
{
	static const char text[] = "{ \"name\": \"a\", \"joined_unit\": \"a.service\" }";
	struct failure failure = { 0 };
	cleanup_(record_free_ptr) struct record *record = NULL, *again = NULL;
	cleanup_free char *written = NULL;

	CHECK_INT(parse(text, RECORD_DECLARATION, &record, &failure), -EBADMSG);
	CHECK_INT(parse(text, RECORD_STATE, &record, &failure), 0);
	CHECK_STR(record->joined_unit, "a.service");
	written = record_format(record);
	CHECK(written != NULL);
	CHECK_INT(parse(written, RECORD_STATE, &again, &failure), 0);
	CHECK_STR(again->joined_unit, "a.service");
}

/* Rules that were set at run time are part of the state. */
TEST(rules_are_written_and_read)
{
	static const char text[] =
		"{ \"name\": \"a\", \"join\": [ { \"user\": \"7\", \"command\": \"a b\" } ] }";
	static const char placed[] =
		"{ \"name\": \"a\", \"unit\": \"a.service\", \"place\": { \"path\": \"/a\" }, "
		"\"join\": [ { \"user\": \"7\" } ] }";
	cleanup_(record_free_ptr) struct record *record = NULL, *again = NULL, *none = NULL;
	cleanup_free char *written = NULL;
	struct failure failure = { 0 };

	CHECK_INT(record_parse(text, strlen(text), "a.json", RECORD_STATE, &record, &failure), 0);
	CHECK(record->join && record->join->count == 1);
	written = record_format(record);
	CHECK_INT(record_parse(written, strlen(written), "a.json", RECORD_STATE, &again, &failure),
		  0);
	CHECK(rules_equal(record->join, again->join));
	/* A place has none. */
	CHECK_INT(record_parse(placed, strlen(placed), "a.json", RECORD_STATE, &none, &failure),
		  -EBADMSG);
	CHECK(strstr(failure.text, "is not for a unit or a cgroup"));
}

TEST_MAIN({ "record: what is written is read", what_is_written_is_read },
	  { "record: text that is not ASCII is read", text_that_is_not_ascii_is_read },
	  { "record: rules that were set are kept", rules_are_written_and_read },
	  { "record: a unit that is attached is kept", a_joined_unit_is_written_and_read },
	  { "record: a place keeps what was found", a_place_keeps_what_was_found },
	  { "people write sizes", people_write_sizes },
	  { "record: sizes are as the kernel keeps them", sizes_are_as_the_kernel_keeps_them },
	  { "record: invalid files are refused with their line",
	    bad_files_are_refused_with_their_line },
	  { "record: integers of more than 64 bits are refused",
	    integers_of_more_than_64_bits_are_refused },
	  { "record: state keys are checked too", state_has_more_keys_but_not_all })
