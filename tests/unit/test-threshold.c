/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thresholds of usage, and triggers of pressure as text. */
#include <string.h>

#include "policy/threshold.h"
#include "shared/cleanup.h"
#include "shared/pressure-trigger.h"
#include "unit.h"

TEST(triggers_are_read_and_written)
{
	static const struct {
		const char *text;
		bool full;
		uint32_t stall, window;
		const char *written; /* NULL: as @text */
	} good[] = {
		{ "some:150ms/2s", false, 150000, 2000000, NULL },
		{ "full:1s/10s", true, 1000000, 10000000, NULL },
		{ "some:1us/500ms", false, 1, 500000, NULL },
		{ "full:2000ms/2s", true, 2000000, 2000000, "full:2s/2s" },
	};
	char text[PRESSURE_TRIGGER_TEXT_MAX];
	uint64_t trigger;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_STR(pressure_trigger_parse(good[i].text, &trigger), NULL);
		CHECK_INT(pressure_trigger_is_full(trigger), good[i].full);
		CHECK_UINT(pressure_trigger_stall(trigger), good[i].stall);
		CHECK_UINT(pressure_trigger_window(trigger), good[i].window);
		CHECK_STR(pressure_trigger_format(trigger, text), good[i].written ?: good[i].text);
	}
	CHECK_STR(pressure_trigger_parse("none", &trigger), NULL);
	CHECK_UINT(trigger, 0);
	CHECK_STR(pressure_trigger_format(0, text), "none");
}

TEST(bad_triggers_are_refused)
{
	static const char *const bad[] = {
		"",
		"some",
		"some:",
		"some:150ms",
		"some:150/2s",
		"some:/2s",
		"some:150ms/",
		"half:150ms/2s",
		"some:0ms/2s",
		"some:-1ms/2s",
		"some:150ms/2s ",
		"some:3s/2s",
		"some:1ms/11s",
		"some:1ms/499ms",
		"some:1ms/2h",
		"some: 1ms/2s",
		"SOME:1ms/2s",
		"full:1ms/2s/3s",
		"some:99999999999999999999s/2s",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t trigger = 7;

		if (!pressure_trigger_parse(bad[i], &trigger))
			FAIL("\"%s\" was taken", bad[i]);
		CHECK_UINT(trigger, 7);
	}
}

/* Usage near the threshold does not cause event after event. */
TEST(a_threshold_is_crossed_once)
{
	CHECK(!threshold_is_above(3199, 3200, false));
	CHECK(threshold_is_above(3200, 3200, false));
	CHECK(threshold_is_above(3199, 3200, true));
	CHECK(threshold_is_above(3100, 3200, true));
	CHECK(!threshold_is_above(3099, 3200, true));
	CHECK_STR(threshold_name(THRESHOLD_ABOVE), "above");
	CHECK_STR(threshold_name(THRESHOLD_PRESSURE_FULL), "pressure-full");
}

TEST_MAIN({ "triggers are read and written", triggers_are_read_and_written },
	  { "bad triggers are refused", bad_triggers_are_refused },
	  { "a threshold is crossed once", a_threshold_is_crossed_once })
