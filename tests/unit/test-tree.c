/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a process tree: by parent, by fork events, and not if a pid was reused. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/process-tree.h"
#include "unit.h"

static void free_tree(struct tree **tree)
{
	tree_free(*tree);
}

#define TREE(name)                                    \
	cleanup_(free_tree) struct tree *name = NULL; \
	CHECK_INT(tree_new_without_events(&name), 0)

static const struct process root = { .pid = 10, .parent = 1, .start = 100 };

TEST(children_by_parent)
{
	const struct process all[] = {
		root,
		{ .pid = 20, .parent = 10, .start = 110 },
		{ .pid = 21, .parent = 11, .start = 111 },
	};
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	CHECK(!tree_is_descendant(tree, &all[0], all, 3));
	CHECK(tree_is_descendant(tree, &all[1], all, 3));
	CHECK(!tree_is_descendant(tree, &all[2], all, 3));
}

/* The parent has ended before the scan: its child has another parent by then. */
TEST(orphans_by_forks)
{
	const struct process all[] = { root, { .pid = 31, .parent = 1, .start = 130 } };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 30, 10, tree);
	tree_on_fork(PROCESS_FORKED, 31, 30, tree);
	tree_on_fork(PROCESS_EXITED, 30, 0, tree);
	CHECK(!tree_is_settled(tree));
	CHECK(tree_is_descendant(tree, &all[1], all, 2));
	CHECK_INT(tree_add(tree, &all[1], MEMBER_INSIDE), 0);
	CHECK(tree_is_settled(tree));
}

/* Orphaned before the scan: it belongs to its session while the session leader lives. */
TEST(orphans_by_session)
{
	const struct process all[] = {
		root,
		{ .pid = 31, .parent = 1, .session = 10, .start = 90 },
		{ .pid = 32, .parent = 1, .session = 11, .start = 90 },
	};
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_INSIDE), 0);
	CHECK(tree_is_descendant(tree, &all[1], all, 3));
	CHECK(!tree_is_descendant(tree, &all[2], all, 3));
	CHECK(!tree_is_descendant(tree, &all[1], all + 1, 2));
}

TEST(forks_of_others_are_ignored)
{
	const struct process all[] = { root, { .pid = 40, .parent = 1, .start = 140 } };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 40, 11, tree);
	CHECK(!tree_is_descendant(tree, &all[1], all, 2));
	CHECK(tree_is_settled(tree));
}

TEST(a_pid_can_be_reused)
{
	const struct process again = { .pid = 30, .parent = 1, .start = 999 };
	const struct process all[] = { root, again };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 30, 10, tree);
	tree_on_fork(PROCESS_EXITED, 30, 0, tree);
	CHECK(!tree_is_descendant(tree, &again, all, 2));
	CHECK(tree_is_settled(tree));
	/* Children of the new process with that pid are no members. */
	CHECK_INT(tree_add(tree, &again, MEMBER_ENDED), 0);
	tree_on_fork(PROCESS_FORKED, 50, 30, tree);
	CHECK(tree_is_settled(tree));
}

TEST(another_start_is_another_process)
{
	const struct process other = { .pid = 10, .parent = 1, .start = 101 };
	const struct process all[] = { other, { .pid = 20, .parent = 10, .start = 110 } };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	CHECK(!tree_has(tree, &other));
	CHECK(!tree_is_descendant(tree, &all[1], all, 2));
}

TEST(children_forked_inside_need_no_scan)
{
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_INSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 60, 10, tree);
	tree_on_fork(PROCESS_FORKED, 61, 60, tree);
	CHECK(tree_is_settled(tree));
}

TEST(forks_before_a_loss_are_ignored)
{
	const struct process all[] = { root, { .pid = 31, .parent = 1, .start = 130 } };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_OUTSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 31, 10, tree);
	tree_on_fork(PROCESS_EVENTS_LOST, 0, 0, tree);
	CHECK(!tree_is_settled(tree));
	CHECK(!tree_is_descendant(tree, &all[1], all, 2));
	/* Its pid may have been reused: it is scanned again first. */
	tree_on_fork(PROCESS_FORKED, 32, 10, tree);
	tree_catch_up(tree);
	CHECK(!tree_is_descendant(tree, &root, all, 2));
	tree_on_fork(PROCESS_FORKED, 31, 10, tree);
	CHECK(tree_is_descendant(tree, &all[1], all, 2));
}

/* A process that was forked and ended while all processes were listed is in no list. */
TEST(children_of_unseen_parents_need_a_scan)
{
	const struct process all[] = { root, { .pid = 20, .parent = 1, .start = 50 } };
	TREE(tree);

	CHECK_INT(tree_add(tree, &root, MEMBER_INSIDE), 0);
	tree_on_fork(PROCESS_FORKED, 70, 69, tree);
	CHECK(tree_is_settled(tree));
	tree_catch_up(tree);
	CHECK_INT(tree_exclude(tree, all, 2), 0);
	tree_on_fork(PROCESS_FORKED, 71, 20, tree);
	tree_on_fork(PROCESS_FORKED, 72, 71, tree);
	CHECK(tree_is_settled(tree));
	tree_on_fork(PROCESS_FORKED, 74, 73, tree);
	CHECK(!tree_is_settled(tree));
	tree_on_fork(PROCESS_EXITED, 74, 0, tree);
	CHECK(tree_is_settled(tree));
}

/* Once more with real processes: one whose parent has ended, in a session of its own. */
TEST(real_orphan)
{
	cleanup_(free_tree) struct tree *tree = NULL;
	struct process self, orphan = { 0 };
	pid_t pid = 0;
	int to[2];

	CHECK_INT(tree_new(&tree), 0);
	CHECK_INT(process_read(getpid(), &self), 0);
	CHECK_INT(tree_add(tree, &self, MEMBER_OUTSIDE), 0);
	CHECK_INT(pipe(to), 0);
	if (fork() == 0) {
		pid = fork();
		if (pid == 0) {
			(void)setsid();
			(void)!write(to[1], &pid, sizeof(pid));
			pause();
		}
		(void)!write(to[1], &pid, sizeof(pid));
		_exit(0);
	}
	(void)wait(NULL);
	/* The orphan sends 0 once it has left the session; its parent sends its pid. */
	for (int i = 0; i < 2; i++) {
		pid_t said;

		CHECK_INT(read(to[0], &said, sizeof(said)), sizeof(said));
		pid = said ? said : pid;
	}
	tree_catch_up(tree);
	(void)process_read(pid, &orphan);
	(void)kill(pid, SIGKILL);
	CHECK_INT(orphan.pid, pid);
	CHECK(orphan.parent != getpid() && orphan.session == pid);
	if (tree_is_settled(tree))
		SKIP("no fork events here: no root, or not the initial namespaces");
	CHECK(tree_is_descendant(tree, &orphan, &orphan, 1));
}

TEST(steps)
{
	CHECK_INT(tree_next_step(true, TREE_USEC_MAX), TREE_COMPLETE);
	CHECK_INT(tree_next_step(false, 0), TREE_AGAIN);
	CHECK_INT(tree_next_step(false, TREE_USEC_MAX - 1), TREE_AGAIN);
	CHECK_INT(tree_next_step(false, TREE_USEC_MAX), TREE_GROWING);
}

TEST_MAIN({ "children are found by their parents", children_by_parent },
	  { "orphans are found by forks", orphans_by_forks },
	  { "orphans are found by their session", orphans_by_session },
	  { "forks of others are ignored", forks_of_others_are_ignored },
	  { "a pid can be reused after a process ended", a_pid_can_be_reused },
	  { "another start time is another process", another_start_is_another_process },
	  { "children forked inside need no scan", children_forked_inside_need_no_scan },
	  { "forks before a loss of events are ignored", forks_before_a_loss_are_ignored },
	  { "children of unseen parents need a scan", children_of_unseen_parents_need_a_scan },
	  { "an orphan that left its session is found", real_orphan },
	  { "a tree that grows for too long is an error", steps })
