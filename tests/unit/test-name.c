/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of containers: which are good, and their spellings as paths and files. */
#include <errno.h>

#include <systemd/sd-bus.h>

#include "shared/cleanup.h"
#include "shared/name.h"
#include "unit.h"

TEST(good_names_pass)
{
	static const char *const good[] = {
		"web",	      "web/worker1",
		"a",	      "0",
		"_",	      "_x",
		"a:b",	      "a.b",
		"a@b",	      "a-b",
		"user@1000",  "run-42-beef",
		"WEB2",	      "a/b/c/d/e/f/g/h",
		"a..b",	      "web.",
		"memory",     "rss",
		"tasks2",     "memoryx.high",
		"cpu",	      "mytasks",
		"io.example",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (name_problem(good[i]))
			FAIL("\"%s\" %s", good[i], name_problem(good[i]));
}

TEST(bad_names_are_refused)
{
	static const char *const bad[] = {
		"",
		"/",
		"/web",
		"web/",
		"a//b",
		".",
		"..",
		"../x",
		"a/..",
		"a/../b",
		".hidden",
		"a/.b",
		"-x",
		"a/-b",
		"@x",
		":x",
		"a b",
		"a\tb",
		"a\nb",
		"a\x1b[2J",
		"a%b",
		"a\\b",
		"a*b",
		"a,b",
		"ümlaut",
		"\xff",
		"tasks",
		"a/tasks",
		"memory.max",
		"memory.",
		"rss.current",
		"cgroup.procs",
		"a/cgroup.kill",
		"notify_on_release",
		"release_agent",
		"cpu.stat",
		"a/b/c/d/e/f/g/h/i",
	};

	CHECK(name_problem(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!name_problem(bad[i]))
			FAIL("\"%s\" is not refused", bad[i]);
}

TEST(length_is_bounded)
{
	char name[NAME_LENGTH_MAX + 2];

	memset(name, 'a', sizeof(name) - 1);
	name[NAME_LENGTH_MAX] = '\0';
	CHECK_STR(name_problem(name), NULL);
	name[NAME_LENGTH_MAX] = 'a';
	name[NAME_LENGTH_MAX + 1] = '\0';
	CHECK_STR(name_problem(name), "is longer than 200 bytes");
}

TEST(names_nest)
{
	cleanup_free char *parent = name_parent("web/a/b");
	cleanup_free char *top = name_parent("web");

	CHECK_STR(parent, "web/a");
	CHECK_STR(top, NULL);
	CHECK(name_is_inside("web/worker1", "web"));
	CHECK(name_is_inside("web/a/b", "web"));
	CHECK(!name_is_inside("web", "web"));
	CHECK(!name_is_inside("webby/x", "web"));
	CHECK(!name_is_inside("web", "web/worker1"));
	CHECK(!name_is_inside("/web", ""));
}

TEST(paths_go_both_ways)
{
	static const char *const names[] = { "web", "web/worker1", "0", "_", "a.b:c@d-e", "a/b/c" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = name_to_object_path(names[i]);
		cleanup_free char *again = NULL;

		CHECK(path);
		CHECK(!strncmp(path, NAME_OBJECT_ROOT "/", strlen(NAME_OBJECT_ROOT "/")));
		CHECK_INT(name_from_object_path(path, &again), 0);
		CHECK_STR(again, names[i]);
	}
}

/* Names without escapes are written without sd-bus, and must be what it would write. */
TEST(paths_are_those_of_sd_bus)
{
	static const char *const names[] = { "web",	"Web2", "2web",	 "a_b", "a-b",
					     "a/b",	"a.b",	"9",	 "Z",	"z0Z",
					     "caf\xe9", "_",	"a\200b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = name_to_object_path(names[i]), *expected = NULL;

		CHECK(sd_bus_path_encode(NAME_OBJECT_ROOT, names[i], &expected) >= 0);
		CHECK_STR(path, expected);
	}
}

TEST(foreign_paths_are_refused)
{
	static const char *const bad[] = {
		"/",
		"/org/rssd1",
		NAME_OBJECT_ROOT,
		NAME_OBJECT_ROOT "/_",
		NAME_OBJECT_ROOT "/web/worker1",
		"/org/rssd1/containers/web",
		/* other spellings of the same letters, and bytes that no name contains */
		NAME_OBJECT_ROOT "/_77eb",
		NAME_OBJECT_ROOT "/_2e_2e",
		NAME_OBJECT_ROOT "/_2fweb",
		NAME_OBJECT_ROOT "/a_0a",
	};
	cleanup_free char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (name_from_object_path(bad[i], &name) != -ENOENT || name)
			FAIL("%s is taken for \"%s\"", bad[i], name ?: "(null)");
}

TEST(files_go_both_ways)
{
	static const char *const names[] = { "web", "web/worker1", "a.json", "a/b/c" };
	cleanup_free char *file = name_to_file("web/worker1");

	CHECK_STR(file, "web%worker1.json");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *to = name_to_file(names[i]);
		cleanup_free char *again = NULL;

		CHECK(to && !strchr(to, '/'));
		CHECK_INT(name_from_file(to, &again), 0);
		CHECK_STR(again, names[i]);
	}
}

TEST(foreign_files_are_refused)
{
	static const char *const bad[] = { "",		".json",	"web",	     "web.jso",
					   "web.json~", "web.json.tmp", "%web.json", "web%.json",
					   "a%%b.json", ".web.json",	"a/b.json",  "..%x.json" };
	cleanup_free char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (name_from_file(bad[i], &name) != -ENOENT || name)
			FAIL("\"%s\" is taken for \"%s\"", bad[i], name ?: "(null)");
}

TEST_MAIN({ "valid names are accepted", good_names_pass },
	  { "invalid names are refused", bad_names_are_refused },
	  { "the length of a name is bounded", length_is_bounded }, { "names nest", names_nest },
	  { "a name and its object path", paths_go_both_ways },
	  { "paths are those of sd-bus", paths_are_those_of_sd_bus },
	  { "other object paths are refused", foreign_paths_are_refused },
	  { "a name and its file", files_go_both_ways },
	  { "other files are refused", foreign_files_are_refused })
