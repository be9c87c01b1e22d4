/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A group and its descendants: members, skipped groups, and removal. */
#include <signal.h>
#include <sys/wait.h>

#include "base/failure.h"
#include "cgroup/group.h"
#include "cgroup/subtree.h"
#include "container/nested.h"
#include "host/process.h"
#include "fake-world.h"
#include "fault.h"
#include "unit.h"

/* A directory that another program created, with the core files of a cgroup only. */
static void make_directory(const char *path, const char *pids)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", fake.mount, path);
	if (mkdir(full, 0700) < 0)
		abort();
	(void)snprintf(full, sizeof(full), "%s/cgroup.procs", path);
	fake_set(full, pids);
}

/* A container "web", "web/worker" nested in it, and "web/inner/deep" of another program. */
TEST_HELPER(begin, struct world *w, int version)
{
	cleanup_(group_free_ptr) struct group *nested = NULL;

	fake_begin(version);
	CHECK_INT(fake_open("auto", "rssd", &w->controller, &w->failure), 0);
	CHECK_INT(group_create(w->controller, "web", &w->web), 0);
	CHECK_INT(group_create(w->controller, "web/worker", &nested), 0);
	make_directory("rssd/web/inner", "20\n");
	make_directory("rssd/web/inner/deep", "30\n31\n");
	if (version == 1) {
		fake_set("rssd/web/cgroup.procs", "10\n");
		fake_set("rssd/web/worker/cgroup.procs", "40\n");
	} else {
		fake_set("rssd/web/+procs/cgroup.procs", "10\n");
		fake_set("rssd/web/worker/+procs/cgroup.procs", "40\n");
	}
}

static void free_paths(char ***paths)
{
	for (char **path = *paths; path && *path; path++)
		free(*path);
	free(*paths);
}

static bool is_worker(const char *path, void *userdata)
{
	return strcmp(path, "web/worker") == 0;
}

/* "10@web 20@web/inner", sorted by pid. */
static void describe(const struct subtree *tree, char text[256])
{
	cleanup_(subtree_members_done) struct subtree_members members = { 0 };
	size_t at = 0;

	text[0] = '\0';
	if (subtree_list(tree, &members) < 0)
		strcpy(text, "failed");
	for (pid_t pid = 0; pid < 100; pid++) {
		for (size_t i = 0; i < members.count; i++) {
			if (members.list[i].pid == pid)
				at += (size_t)snprintf(text + at, 256 - at, "%s%d@%s",
						       at ? " " : "", (int)pid,
						       members.paths[members.list[i].path]);
		}
	}
}

TEST_HELPER(check_members, int version)
{
	char text[256];
	uint32_t inner;
	WORLD;

	CALL(begin, &w, version);
	struct subtree all = { .group = w.web };
	struct subtree without = { .group = w.web, .skip = is_worker };

	describe(&all, text);
	CHECK_STR(text, "10@web 20@web/inner 30@web/inner/deep 31@web/inner/deep 40@web/worker");
	describe(&without, text);
	CHECK_STR(text, "10@web 20@web/inner 30@web/inner/deep 31@web/inner/deep");
	CHECK_INT(subtree_count_inner(&all, 0, &inner), 0);
	CHECK_UINT(inner, 4);
	CHECK_INT(subtree_count_inner(&without, 1, &inner), 0);
	CHECK_UINT(inner, 3);
}

TEST(members_of_v1)
{
	CALL(check_members, 1);
}

TEST(members_of_v2)
{
	CALL(check_members, 2);
}

TEST(counts_of_the_subtree)
{
	WORLD;

	CALL(begin, &w, 2);
	struct subtree all = { .group = w.web };
	struct subtree without = { .group = w.web, .skip = is_worker };

	CHECK(subtree_has(&all, "web"));
	CHECK(subtree_has(&all, "web/worker"));
	CHECK(subtree_has(&all, "web/+procs/made/inside"));
	CHECK(!subtree_has(&all, "web2"));
	CHECK(!subtree_has(&all, "we"));
	CHECK(!subtree_has(&all, ""));
	CHECK(subtree_has(&without, "web"));
	CHECK(subtree_has(&without, "web/inner/deep"));
	CHECK(subtree_has(&without, "web/worker2"));
	CHECK(!subtree_has(&without, "web/worker"));
	CHECK(!subtree_has(&without, "web/worker/inner"));
}

/* Only empty groups are removed, and a leaf with its group. */
/* Members that were not listed are not "no members". */
TEST(a_listing_that_fails_is_an_error)
{
	WORLD;

	CALL(begin, &w, 2);
	for (unsigned int after = 0; after < 3; after++) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };
		cleanup_(free_paths) char **paths = NULL;
		struct subtree tree = { .group = w.web };

		fault_readdir = (struct fault){ .after = after, .count = 1, .error = EIO };
		CHECK_INT(subtree_list(&tree, &members), -EIO);
		fault_readdir = (struct fault){ .after = after, .count = 1, .error = EIO };
		CHECK_INT(controller_list_groups(w.controller, &paths), -EIO);
	}
	fault_readdir = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(group_remove(w.web), -EIO);
	CHECK(fake_exists("rssd/web/+procs"));
}

TEST(what_is_removed)
{
	WORLD;

	CALL(begin, &w, 2);
	struct subtree without = { .group = w.web, .skip = is_worker };

	CHECK_INT(subtree_remove(&without), -EBUSY);
	CHECK(fake_exists("rssd/web/inner/deep"));
	fake_set("rssd/web/inner/deep/cgroup.procs", "");
	fake_set("rssd/web/inner/cgroup.procs", "");
	CHECK_INT(subtree_remove(&without), 0);
	CHECK(!fake_exists("rssd/web/inner"));
	CHECK(fake_exists("rssd/web/+procs"));
	CHECK(fake_exists("rssd/web/worker/+procs"));
}

/* The kernel shows "/" for a process that ended after it was read: that is no answer. */
TEST(a_process_that_ends_is_not_outside)
{
	WORLD;
	struct process p;
	siginfo_t info;
	pid_t child;

	CALL(begin, &w, 1);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	CHECK_INT(process_read(child, &p), 0);
	CHECK_INT(subtree_has_process(&(struct subtree){ .group = w.web }, &p, NULL), 0);
	CHECK_INT(kill(child, SIGKILL), 0);
	CHECK_INT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	CHECK_INT(subtree_has_process(&(struct subtree){ .group = w.web }, &p, NULL), -ESRCH);
	CHECK_INT(waitpid(child, NULL, 0), child);
	CHECK_INT(subtree_has_process(&(struct subtree){ .group = w.web }, &p, NULL), -ESRCH);
}

TEST(the_innermost_container)
{
	char *names[] = { (char *)"web/a", (char *)"web/a/b" };
	struct nested nested = { .names = names, .count = 2 }, none = { 0 };

	CHECK_STR(nested_container_of(&nested, "web", "web"), "web");
	CHECK_STR(nested_container_of(&nested, "web", "web/inner"), "web");
	CHECK_STR(nested_container_of(&nested, "web", "web/a"), "web/a");
	CHECK_STR(nested_container_of(&nested, "web", "web/a/b/inner/x"), "web/a/b");
	CHECK_STR(nested_container_of(&nested, "web", "web/ab"), "web");
	CHECK_STR(nested_container_of(&none, "web", "web/a"), "web");
	CHECK(nested_skip("web/a", &nested));
	CHECK(!nested_skip("web/a/c", &nested));
	CHECK(!nested_skip("web/a", &none));
}

TEST_MAIN({ "subtree: members on v1", members_of_v1 }, { "subtree: members on v2", members_of_v2 },
	  { "subtree: counts", counts_of_the_subtree },
	  { "subtree: a listing that fails is an error", a_listing_that_fails_is_an_error },
	  { "subtree: removal", what_is_removed },
	  { "subtree: a process that ends is not outside", a_process_that_ends_is_not_outside },
	  { "subtree: the innermost container", the_innermost_container })
