/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of rssctl: words that were meant, and an OOM in words. */
#include <string.h>

#include "librss/rss.h"
#include "shared/cleanup.h"
#include "spelling.h"
#include "unit.h"
#include "view/oom-text.h"

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

TEST(near_words)
{
	CHECK(word_is_near("lst", 1));
	CHECK(!word_is_near("nope", 2));
	CHECK(word_is_near("limtt", 2));
	CHECK(!word_is_near("ls", 2));
	CHECK(!word_is_near("x", 1));
	CHECK(!word_is_near("something", 3));
}

TEST(oom_in_words)
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
	CHECK_STR(bare, "memory ran out, the victim is not known");
}

TEST_MAIN({ "how far words are apart", distances }, { "which words are near", near_words },
	  { "an OOM in words", oom_in_words })
