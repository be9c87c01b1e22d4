/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: which processes match, which rule wins, and what is refused. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/failure.h"
#include "container/manager.h"
#include "operation/join.h"
#include "policy/place.h"
#include "policy/rule-match.h"
#include "policy/rule-text.h"
#include "policy/rule.h"
#include "unit.h"

/* The key may be part of the JSON, so it is copied. */
static struct rules *parse(const char *text, char key[static 64], char problem[static 256])
{
	struct json_object *value = json_tokener_parse(text);
	const char *blamed = "", *why = "";
	struct rules *rules = NULL;

	if (rules_parse(value, &rules, &blamed, &why) < 0)
		rules = NULL;
	snprintf(key, 64, "%s", blamed);
	snprintf(problem, 256, "%s", why);
	json_object_put(value);
	return rules;
}

static const char systemd_v1[] = "4:memory:/rssd/other\n"
				 "1:name=systemd:/system.slice/nginx.service/worker\n"
				 "0::/system.slice/nginx.service/worker\n";

TEST(conditions_match)
{
	static const struct {
		const char *rule;
		struct rule_subject subject;
		bool matches;
	} cases[] = {
		{ "{\"command\":\"make\"}", { .command = "make" }, true },
		{ "{\"command\":\"make\"}", { .command = "cmake" }, false },
		{ "{\"command\":\"postgres*\"}", { .command = "postgres: write" }, true },
		{ "{\"command\":\"make\"}", { 0 }, false },
		{ "{\"executable\":\"/usr/bin/make\"}", { .executable = "/usr/bin/make" }, true },
		{ "{\"executable\":\"/usr/*/make\"}", { .executable = "/usr/bin/make" }, true },
		{ "{\"executable\":\"/usr/*\"}", { .executable = "/usr/bin/make" }, false },
		{ "{\"executable\":\"/usr/bin/make\"}", { .command = "make" }, false },
		{ "{\"user\":\"33\"}", { .uid = 33 }, true },
		{ "{\"user\":\"33\"}", { .uid = 0 }, false },
		/* An unresolved user name matches no user, not root. */
		{ "{\"user\":\"www-data\"}", { .uid = 0 }, false },
		{ "{\"unit\":\"nginx.service\"}", { .cgroups = systemd_v1 }, true },
		{ "{\"unit\":\"ng*.service\"}", { .cgroups = systemd_v1 }, true },
		{ "{\"unit\":\"system.slice\"}", { .cgroups = systemd_v1 }, true },
		/* A backslash is not an escape, because names of units contain it. */
		{ "{\"unit\":\"dev-a\\\\x2db.swap\"}", { .cgroups = "0::/dev-a\\x2db.swap" }, true },
		{ "{\"unit\":\"dev-*\\\\x2d?.swap\"}", { .cgroups = "0::/dev-a\\x2db.swap" }, true },
		{ "{\"cgroup\":\"/a\\\\x2db\"}", { .cgroups = "0::/a\\x2db/c" }, true },
		{ "{\"command\":\"a\\\\b\"}", { .command = "a\\b" }, true },
		{ "{\"executable\":\"/a\\\\*\"}", { .executable = "/a\\b" }, true },
		{ "{\"executable\":\"/a\\\\*\"}", { .executable = "/a*" }, false },
		{ "{\"unit\":\"worker*\"}", { .cgroups = systemd_v1 }, false },
		{ "{\"unit\":\"nginx.service\"}",
		  { .cgroups = "4:memory:/nginx.service\n" },
		  false },
		{ "{\"unit\":\"nginx.service\"}", { 0 }, false },
		/* A cgroup below a unit is not a unit. */
		{ "{\"unit\":\"b.service\"}", { .cgroups = "0::/a.service/b.service" }, false },
		{ "{\"unit\":\"app.service\"}",
		  { .cgroups = "0::/user.slice/user-1.slice/user@1.service/app.slice/app.service" },
		  false },
		{ "{\"unit\":\"user@1.service\"}",
		  { .cgroups = "0::/user.slice/user-1.slice/user@1.service/app.slice/app.service" },
		  true },
		{ "{\"unit\":\"cgroup.service\"}", { .cgroups = "0::/_cgroup.service\n" }, true },
		{ "{\"cgroup\":\"/a/b\"}", { .cgroups = "0::/a/b\n" }, true },
		{ "{\"cgroup\":\"/a/b\"}", { .cgroups = "0::/\n3:cpu:/a/b/c/d\n" }, true },
		{ "{\"cgroup\":\"/a/b\"}", { .cgroups = "0::/a/bc\n" }, false },
		{ "{\"cgroup\":\"/a/*\"}", { .cgroups = "0::/a\n" }, false },
		{ "{\"cgroup\":\"/*/b\"}", { .cgroups = "0::/x/b\n" }, true },
		{ "{\"cgroup\":\"/\"}", { .cgroups = "0::/x/b\n" }, true },
		{ "{\"cgroup\":\"/a\"}", { .cgroups = "rubbish\n:\n0:\n" }, false },
		{ "{\"pod\":\"8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55\"}",
		  { .cgroups = "0::/kubepods/burstable/pod8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55/x" },
		  true },
		{ "{\"pod\":\"8A1FC2B0-57AB-4A0E-9D0C-2F4B1C1F9A55\"}",
		  { .cgroups = "5:memory:/kubepods.slice/kubepods-burstable.slice/"
			       "kubepods-burstable-pod8a1fc2b0_57ab_4a0e_9d0c_2f4b1c1f9a55.slice/"
			       "cri-containerd-1.scope\n" },
		  true },
		{ "{\"pod\":\"8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55\"}",
		  { .cgroups = "0::/kubepods/pod8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a5" },
		  false },
		{ "{\"pod\":\"8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55\"}",
		  { .cgroups = "0::/kubepods/pod8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a556" },
		  false },
		/* All of a rule. */
		{ "{\"command\":\"a\",\"user\":\"5\"}", { .command = "a", .uid = 5 }, true },
		{ "{\"command\":\"a\",\"user\":\"5\"}", { .command = "a", .uid = 6 }, false },
		{ "{\"command\":\"a\",\"user\":\"5\"}", { .command = "b", .uid = 5 }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = NULL;
		cleanup_(rules_unref_ptr) struct rules *rules = NULL;
		char key[64], problem[256];

		CHECK(asprintf(&text, "[%s]", cases[i].rule) > 0);
		rules = parse(text, key, problem);
		if (!rules)
			FAIL("%s is refused: %s %s", cases[i].rule, key, problem);
		if (rule_matches(&rules->list[0], &cases[i].subject) != cases[i].matches)
			FAIL("%zu: %s %s", i, cases[i].rule,
			     cases[i].matches ? "does not match" : "matches");
	}
}

TEST(invalid_rules_are_refused)
{
	static const struct {
		const char *text, *key, *problem;
	} bad[] = {
		{ "1", "join", "array" },
		{ "[1]", "join", "object" },
		{ "[{}]", "join", "every process" },
		{ "[{\"unit\":\"a.service\"},{}]", "join", "every process" },
		{ "[{\"colour\":\"red\"}]", "colour", "not a condition" },
		{ "[{\"unit\":\"\"}]", "unit", "empty" },
		{ "[{\"unit\":5}]", "unit", "string" },
		{ "[{\"unit\":null}]", "unit", "string" },
		{ "[{\"unit\":\"nginx\"}]", "unit", "whole name" },
		{ "[{\"unit\":\"/nginx.service\"}]", "unit", "slash" },
		{ "[{\"executable\":\"nginx\"}]", "executable", "path" },
		{ "[{\"cgroup\":\"system.slice\"}]", "cgroup", "path" },
		{ "[{\"command\":\"abcdefghijklmnop\"}]", "command", "15" },
		{ "[{\"command\":\"a\\u0000b\"}]", "command", "NUL" },
		{ "[{\"user\":\"4294967295\"}]", "user", "user ID" },
		{ "[{\"user\":\"99999999999\"}]", "user", "user ID" },
		{ "[{\"user\":\"w*\"}]", "user", "wildcards" },
		{ "[{\"pod\":\"web-1\"}]", "pod", "UID" },
		{ "[{\"pod\":\"8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a5\"}]", "pod", "32" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char key[64], problem[256];
		cleanup_(rules_unref_ptr) struct rules *rules = parse(bad[i].text, key, problem);

		if (rules)
			FAIL("%s is taken", bad[i].text);
		if (strcmp(key, bad[i].key) != 0 || !strstr(problem, bad[i].problem))
			FAIL("%s: %s %s", bad[i].text, key, problem);
	}
}

TEST(the_most_nested_rule_wins)
{
	char key[64], problem[256];
	cleanup_(rules_unref_ptr) struct rules *make =
		parse("[{\"command\":\"cc\"},{\"command\":\"make\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *all = parse("[{\"user\":\"7\"}]", key, problem);
	struct rule_set sets[] = {
		{ (char *)"a", NULL, all },
		{ (char *)"web/inner/x", NULL, make },
		{ (char *)"b", NULL, make },
		{ (char *)"web/inner", NULL, all },
	};
	struct rule_subject subject = { .command = "make", .uid = 7 };
	const struct rule *rule;
	size_t at;

	qsort(sets, ARRAY_SIZE(sets), sizeof(sets[0]), rule_set_compare);
	CHECK_STR(sets[0].container, "web/inner/x");
	CHECK_STR(sets[1].container, "web/inner");
	CHECK_STR(sets[2].container, "a");
	CHECK_STR(sets[3].container, "b");
	CHECK(rules_choose(sets, ARRAY_SIZE(sets), &subject, &at, &rule));
	CHECK_UINT(at, 0);
	CHECK(rule == &make->list[1]);
	subject.command = "sh";
	CHECK(rules_choose(sets, ARRAY_SIZE(sets), &subject, &at, &rule));
	CHECK_UINT(at, 1);
	subject.uid = 8;
	CHECK(!rules_choose(sets, ARRAY_SIZE(sets), &subject, &at, &rule));
	subject.command = "cc";
	CHECK(rules_choose(sets, 4, &subject, &at, &rule));
	CHECK_UINT(at, 0);
	CHECK(!rules_choose(sets, 0, &subject, &at, &rule));
}

/* A process that systemd has forked is in init.scope before it is in its unit. */
TEST(processes_in_init_scope_join_nothing)
{
	static const struct {
		const char *cgroups;
		bool joins;
	} cases[] = {
		{ "0::/init.scope\n", false },
		{ "4:memory:/system.slice/a.service\n1:name=systemd:/init.scope\n", false },
		{ "0::/user.slice/user-7.slice/user@7.service/init.scope\n", false },
		{ "0::/system.slice/a.service\n", true },
		{ "0::/system.slice/not-init.scope\n", true },
		{ "0::/init.scope/below\n", true },
		{ "4:memory:/init.scope\n0::/system.slice/a.service\n", true },
		{ NULL, true },
	};
	char key[64], problem[256];
	cleanup_(rules_unref_ptr) struct rules *rules =
		parse("[{\"user\":\"7\"},{\"unit\":\"init.scope\"}]", key, problem);
	struct rule_set set = { (char *)"a", NULL, rules };
	const struct rule *rule;
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rule_subject subject = { .uid = 7, .cgroups = cases[i].cgroups };

		if (rules_choose(&set, 1, &subject, &at, &rule) != cases[i].joins)
			FAIL("case %zu", i);
	}
}

TEST(rules_are_compared_and_written)
{
	char key[64], problem[256];
	cleanup_(rules_unref_ptr) struct rules *a =
		parse("[{\"user\":\"www\",\"unit\":\"a.service\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *b =
		parse("[{\"unit\":\"a.service\",\"user\":\"www\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *c =
		parse("[{\"unit\":\"a.service\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *none = parse("[]", key, problem);
	cleanup_free char *text = rule_format(&a->list[0]);

	CHECK_STR(text, "unit=a.service user=www");
	CHECK(rules_equal(a, b));
	CHECK(!rules_equal(a, c));
	CHECK(!rules_equal(c, NULL));
	CHECK(none && rules_equal(none, NULL));
	CHECK(rules_need(a, RULE_USER) && !rules_need(c, RULE_USER));
}

TEST_HELPER(check_literal, const char *json, const char *wanted)
{
	char key[64], problem[256];
	cleanup_(rules_unref_ptr) struct rules *rules = parse(json, key, problem);

	CHECK(rules != NULL);
	CHECK_STR(rules_literal_unit(rules), wanted);
}

TEST(one_unit_is_literal)
{
	CALL(check_literal, "[{\"unit\":\"a.service\"}]", "a.service");
	CALL(check_literal, "[{\"unit\":\"a*.service\"}]", NULL);
	CALL(check_literal, "[{\"unit\":\"a?.service\"}]", NULL);
	CALL(check_literal, "[{\"unit\":\"[ab].service\"}]", NULL);
	CALL(check_literal, "[{\"unit\":\"a.service\",\"user\":\"www\"}]", NULL);
	CALL(check_literal, "[{\"unit\":\"a.service\"},{\"unit\":\"b.service\"}]", NULL);
	CALL(check_literal, "[{\"user\":\"www\"}]", NULL);
	CALL(check_literal, "[]", NULL);
	CHECK(rules_literal_unit(NULL) == NULL);
}

TEST(a_unit_is_added_to_a_copy)
{
	char key[64], problem[256];
	cleanup_(rules_unref_ptr) struct rules *rules =
		parse("[{\"user\":\"7\",\"command\":\"a*\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *more = rules_with_unit(rules, "b.service");
	cleanup_(rules_unref_ptr) struct rules *wanted = parse(
		"[{\"user\":\"7\",\"command\":\"a*\"},{\"unit\":\"b.service\"}]", key, problem);
	cleanup_(rules_unref_ptr) struct rules *alone = rules_with_unit(NULL, "b.service");

	CHECK(rules && more && wanted && alone);
	CHECK(rules_equal(more, wanted) && rules->count == 1);
	CHECK(more->list[0].uid_known && more->list[0].uid == 7);
	CHECK_STR(rules_literal_unit(alone), "b.service");
}

static struct rules *parse_text(const char *text, struct failure *failure)
{
	const char *const texts[] = { text, NULL };
	struct rules *rules = NULL;

	return rules_parse_texts(texts, &rules, failure) < 0 ? NULL : rules;
}

TEST(rules_are_read_from_text)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "user=7", "[{\"user\":\"7\"}]" },
		{ "unit=a.service user=7", "[{\"unit\":\"a.service\",\"user\":\"7\"}]" },
		{ "command=a b=c unit=x.slice", "[{\"command\":\"a b=c\",\"unit\":\"x.slice\"}]" },
		{ "executable=/a b/c*", "[{\"executable\":\"/a b/c*\"}]" },
		{ "command=a  user=7", "[{\"command\":\"a \",\"user\":\"7\"}]" },
		{ "cgroup=/jobs/7=8", "[{\"cgroup\":\"/jobs/7=8\"}]" },
	};
	char key[64], problem[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(rules_unref_ptr) struct rules *wanted = parse(cases[i].json, key, problem);
		cleanup_(rules_unref_ptr) struct rules *rules = parse_text(cases[i].text, NULL);
		cleanup_(rules_unref_ptr) struct rules *again = NULL;
		struct json_object *json = rules ? rules_to_json(rules) : NULL;
		cleanup_free char *text = rules ? rule_format(&rules->list[0]) : NULL;
		const char *bad, *why;

		if (!rules || !wanted || !rules_equal(rules, wanted))
			FAIL("\"%s\" is not %s", cases[i].text, cases[i].json);
		/* As it is stored and shown. */
		CHECK_INT(rules_parse(json, &again, &bad, &why), 0);
		CHECK(rules_equal(rules, again));
		rules_unref(again);
		again = parse_text(text, NULL);
		CHECK(rules_equal(rules, again));
		json_object_put(json);
	}
}

TEST(wrong_texts_are_refused)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "write CONDITION=VALUE" },
		{ "nginx", "write CONDITION=VALUE" },
		{ " user=7", "write CONDITION=VALUE" },
		{ "colour=red", "the conditions are unit, executable" },
		{ "user=", "user must not be empty" },
		{ "user=7 user=8", "user is given twice" },
		{ "user=7 command=", "command must not be empty" },
		{ "executable=make", "executable must be a path" },
		{ "unit=nginx", "unit must be the whole name" },
		{ "pod=1", "must be the UID of a pod" },
		{ "command=sixteen-and-more", "longer than the 15 characters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct failure failure = { 0 };

		if (parse_text(cases[i].text, &failure))
			FAIL("\"%s\" was accepted", cases[i].text);
		CHECK_INT(failure.error, RSS_ERROR_INVALID_ARGUMENT);
		if (!strstr(failure.text, cases[i].why))
			FAIL("\"%s\" says: %s", cases[i].text, failure.text);
	}
}

TEST(many_texts_are_refused)
{
	const char *texts[RULES_MAX + 2] = { NULL };
	struct rules *rules = NULL;
	struct failure failure;

	CHECK_INT(rules_parse_texts(texts, &rules, &failure), 0);
	CHECK_UINT(rules->count, 0);
	rules_unref(rules);
	for (size_t i = 0; i < RULES_MAX; i++)
		texts[i] = "user=7";
	CHECK_INT(rules_parse_texts(texts, &rules, &failure), 0);
	CHECK_UINT(rules->count, RULES_MAX);
	rules_unref(rules);
	texts[RULES_MAX] = "user=7";
	CHECK_INT(rules_parse_texts(texts, &rules, &failure), -EINVAL);
}

/* What the declarations of v2 mean by the unit itself is said, and refused, at run time. */
TEST(rules_at_run_time_are_checked)
{
	struct controller unified = { .hierarchy = (char *)"" },
			  own = { .hierarchy = (char *)"memory" };
	struct manager manager = { .controller = &unified };
	struct container c = { .manager = &manager, .name = (char *)"web" };
	cleanup_(rules_unref_ptr) struct rules *unit = parse_text("unit=a.service", NULL);
	cleanup_(rules_unref_ptr) struct rules *both = parse_text("unit=a.service user=7", NULL);
	cleanup_(rules_unref_ptr) struct rules *none = rules_new(0);
	struct place place = { .kind = PLACE_CGROUP, .cgroup = (char *)"/jobs" };
	struct failure failure;

	CHECK_INT(join_check(&c, unit, &failure), -EOPNOTSUPP);
	CHECK(strstr(failure.text, "rssctl create NAME --unit=a.service"));
	CHECK_INT(join_check(&c, both, &failure), 0);
	manager.controller = &own;
	CHECK_INT(join_check(&c, unit, &failure), 0);
	c.place = &place;
	CHECK_INT(join_check(&c, both, &failure), -EOPNOTSUPP);
	CHECK(strstr(failure.text, "\"web\" takes no rules: it is the cgroup /jobs"));
	CHECK_INT(join_check(&c, none, &failure), 0);
	c.place = NULL;
	c.joined_unit = (char *)"b.service";
	CHECK_INT(join_check(&c, unit, &failure), -EOPNOTSUPP);
}

TEST_MAIN({ "rule: conditions match", conditions_match },
	  { "rule: a unit is added to a copy of rules", a_unit_is_added_to_a_copy },
	  { "rule: rules are read from text", rules_are_read_from_text },
	  { "rule: wrong texts are refused", wrong_texts_are_refused },
	  { "rule: more than 64 are refused", many_texts_are_refused },
	  { "rule: rules at run time are checked", rules_at_run_time_are_checked },
	  { "rule: invalid rules are refused", invalid_rules_are_refused },
	  { "rule: the most nested container wins", the_most_nested_rule_wins },
	  { "rule: a process in init.scope joins no container",
	    processes_in_init_scope_join_nothing },
	  { "rule: one unit without a wildcard is literal", one_unit_is_literal },
	  { "rule: rules are compared and written", rules_are_compared_and_written })
