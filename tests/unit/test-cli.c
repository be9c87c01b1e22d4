/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of rssctl: suggestions for mistyped words, settings, OOMs as phrases. */
#include <string.h>

#include "librss/rss.h"
#include "read-settings.h"
#include "settings.h"
#include "shared/cleanup.h"
#include "spelling.h"
#include "unit.h"
#include "view/json.h"
#include "view/oom-text.h"
#include "view/status.h"

TEST(distances)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} words[] = {
		{ "list", "list", 0 },	   { "lst", "list", 1 },       { "lits", "list", 1 },
		{ "limt", "limit", 1 },	   { "shwo", "show", 1 },      { "", "top", 3 },
		{ "top", "", 3 },	   { "kitten", "sitting", 3 }, { "remove", "reload", 3 },
		{ "attahc", "attach", 1 },
	};
	char longer[100] = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (word_distance(words[i].a, words[i].b) != words[i].distance)
			FAIL("%s and %s are %zu apart", words[i].a, words[i].b,
			     word_distance(words[i].a, words[i].b));
	memset(longer, 'a', sizeof(longer) - 1);
	CHECK(word_distance(longer, "list") > 2);
}

TEST(settings_of_rssctl_and_library)
{
	size_t n = 0;

	for_each_cli_setting(setting) {
		const struct client_setting *client = &client_settings[n++];

		CHECK(cli_setting_client(setting) == client);
		CHECK_UINT(setting->bit, client->bit);
		CHECK(!setting->option.value == client_setting_is_flag(client));
		CHECK(!setting->yes == !client_setting_is_flag(client));
	}
	CHECK_UINT(client_settings[n].bit, 0);
}

TEST(settings_as_words)
{
	struct rss_settings settings = { 0 };

	CHECK_INT(cli_settings_read_word("wmark-low=64K", &settings), STATUS_DONE);
	CHECK_INT(cli_settings_read_word("oom-group=yes", &settings), STATUS_DONE);
	CHECK_UINT(settings.set, RSS_SET_WMARK_LOW | RSS_SET_OOM_GROUP);
	CHECK_UINT(settings.wmark_low, 65536);
	CHECK(settings.oom_group);
	CHECK_INT(cli_settings_read_word("limits=1", &settings), STATUS_USAGE);
	CHECK_INT(cli_settings_read_word("limit", &settings), STATUS_USAGE);
	CHECK_UINT(settings.set, RSS_SET_WMARK_LOW | RSS_SET_OOM_GROUP);
}

TEST(json_numbers_that_are_no_sizes)
{
	static const char *const bad[] = { "9223372036854775808",
					   "18446744073709551615",
					   "18446744073709551616",
					   "99999999999999999999999",
					   "-1",
					   "-99999999999999999999",
					   "1e30" };
	struct rss_settings settings = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_json struct json_object *value = json_tokener_parse(bad[i]);

		CHECK(value);
		if (!cli_settings_read_json("limit", value, &settings))
			FAIL("%s was taken", bad[i]);
	}
	CHECK_UINT(settings.set, 0);
	cleanup_json struct json_object *value = json_tokener_parse("9223372036854775807");
	CHECK(!cli_settings_read_json("limit", value, &settings));
	CHECK_UINT(settings.limit, INT64_MAX);
}

TEST(near_words)
{
	CHECK(word_is_near("lst", 1));
	CHECK(!word_is_near("nope", 2));
	CHECK(word_is_near("limtt", 2));
	CHECK(!word_is_near("ls", 2));
	CHECK(!word_is_near("x", 1));
	CHECK(!word_is_near("something", 3));
}

TEST(oom_as_a_phrase)
{
	struct rss_oom oom = {
		.time = 1,
		.container = "web",
		.limit_owner = "/rssd/web",
		.victim_container = "web/worker1",
		.victim_pid = 4711,
		.victim_command = "hog",
		.usage = 64 << 20,
		.limit = 64 << 20,
	};
	cleanup_free char *all = oom_to_text(&oom), *victim = oom_victim_to_text(&oom);
	cleanup_free char *same = NULL, *bare = NULL;

	CHECK_STR(all,
		  "killed 4711 (hog) of web/worker1; the limit of web is 64.0M, usage was 64.0M");
	CHECK_STR(victim, "killed 4711 (hog) of web/worker1");
	oom.victim_container = "web";
	oom.usage = RSS_ABSENT;
	same = oom_to_text(&oom);
	CHECK_STR(same, "killed 4711 (hog); the limit of web is 64.0M");
	oom = (struct rss_oom){ .time = 1, .usage = RSS_ABSENT, .limit = RSS_ABSENT };
	bare = oom_to_text(&oom);
	CHECK_STR(bare, "OOM, the victim is unknown");
}

TEST_MAIN({ "the distance of words", distances }, { "suggestions for a word", near_words },
	  { "the settings of rssctl are those of the library", settings_of_rssctl_and_library },
	  { "settings as words", settings_as_words },
	  { "JSON numbers that are no sizes", json_numbers_that_are_no_sizes },
	  { "an OOM as a phrase", oom_as_a_phrase })
