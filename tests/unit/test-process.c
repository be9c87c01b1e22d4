/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: /proc as text, pidfds, who may be attached, where they came from. */
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "operation/attach-policy.h"
#include "shared/cleanup.h"
#include "store/origins.h"
#include "host/process.h"
#include "fault.h"
#include "unit.h"

TEST(stat_is_read_from_the_last_parenthesis)
{
	struct process p;

	CHECK_INT(process_parse_stat("42 (a) b (c)) S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
				     "9876543210 1000 3 18446744073709551615 1 1 0",
				     &p),
		  0);
	CHECK_INT(p.pid, 42);
	CHECK_INT(p.parent, 7);
	CHECK_INT(p.state, 'S');
	CHECK_STR(p.command, "a) b (c)");
	CHECK_UINT(p.start, 9876543210);
	CHECK_UINT(p.resident, 3 * (uint64_t)sysconf(_SC_PAGESIZE));
	CHECK(!p.kernel_thread);
	CHECK(!p.exiting);
	CHECK_INT(process_parse_stat(
			  "2 (kthreadd) S 0 0 0 0 -1 2129988 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0 "
			  "1 0",
			  &p),
		  0);
	CHECK(p.kernel_thread);
	CHECK(p.exiting);
}

/* A process has ended when no thread lives, also if its main thread ended earlier. */
TEST(ended_when_no_thread_lives)
{
	struct process p;

	CHECK_INT(process_parse_stat("7 (a) Z 1 5 6 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 3 0 0", &p), 0);
	CHECK(!p.ended);
	CHECK_INT(p.group, 5);
	CHECK_INT(p.session, 6);
	CHECK_INT(process_parse_stat("7 (a) Z 1 5 6 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0", &p), 0);
	CHECK(p.ended);
	CHECK_INT(process_parse_stat("7 (a) X 1 5 6 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 3 0 0", &p), 0);
	CHECK(p.ended);
}

TEST(a_malformed_stat_is_refused)
{
	static const char *const bad[] = { "",	    "1",	 "1 (a",     "1 a) S",
					   ") 1 (", "1 (a) S 7", "x (a) S 1" };
	struct process p;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (process_parse_stat(bad[i], &p) != -EBADMSG)
			FAIL("was taken: %s", bad[i]);
	}
}

TEST(pidfd_names_one_process)
{
	struct process p;
	pid_t child = fork(), pid = 0;
	cleanup_close int pidfd = -1;

	if (child == 0) {
		pause();
		_exit(0);
	}
	CHECK(child > 0);
	pidfd = process_open(child);
	CHECK(pidfd >= 0);
	CHECK_INT(process_pid_of(pidfd, &pid), 0);
	CHECK_INT(pid, child);
	CHECK(!process_ended(pidfd, 0));
	CHECK_INT(process_signal(pidfd, SIGKILL), 0);
	CHECK(process_ended(pidfd, 5000));
	CHECK_INT(process_read(child, &p), 0);
	CHECK_INT(p.state, 'Z');
	waitpid(child, NULL, 0);
	CHECK_INT(process_pid_of(pidfd, &pid), -ESRCH);
	CHECK_INT(process_read(child, &p), -ESRCH);
	CHECK_INT(process_signal(pidfd, SIGKILL), -ESRCH);
}

TEST(a_missing_pidfd_is_an_error)
{
	pid_t pid;

	CHECK_INT(process_pid_of(STDIN_FILENO, &pid), -EBADF);
	CHECK_INT(process_pid_of(-1, &pid), -EBADF);
}

TEST(who_may_be_attached)
{
	struct process p = { .pid = 100, .state = 'S' };

	CHECK_STR(attach_refusal(&p, 1000, 0, 1), NULL);
	CHECK_STR(attach_refusal(&p, 1000, 1000, 1), NULL);
	CHECK(strstr(attach_refusal(&p, 1000, 1001, 1), "another user"));
	CHECK(strstr(attach_refusal(&p, 0, 1001, 1), "another user"));
	CHECK(strstr(attach_refusal(&p, 0, 0, 100), "rssd itself"));
	p.pid = 1;
	CHECK(strstr(attach_refusal(&p, 0, 0, 99), "init"));
	p.pid = 100;
	/* Its main thread has ended, another lives. */
	p.state = 'Z';
	CHECK_STR(attach_refusal(&p, 0, 0, 1), NULL);
	p.ended = true;
	CHECK(strstr(attach_refusal(&p, 0, 0, 1), "zombie"));
	p.kernel_thread = true;
	CHECK(strstr(attach_refusal(&p, 0, 0, 1), "kernel thread"));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* A directory for the file of origins, and this process, which has one. */
struct place {
	char directory[32];
	struct origins *origins;
	struct process me;
};

static void place_end(struct place *p)
{
	origins_free(p->origins);
	if (*p->directory)
		(void)nftw(p->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#define PLACE cleanup_(place_end) struct place p = { 0 }

TEST_HELPER(begin, struct place *p)
{
	strcpy(p->directory, "/tmp/rssd-unit.XXXXXX");
	CHECK(mkdtemp(p->directory));
	CHECK_INT(process_read(getpid(), &p->me), 0);
	CHECK_INT(origins_open(p->directory, &p->origins), 0);
}

TEST_HELPER(restart, struct place *p)
{
	origins_free(p->origins);
	p->origins = NULL;
	CHECK_INT(origins_open(p->directory, &p->origins), 0);
}

TEST_HELPER(expect_origin, struct place *p, uint64_t start, const char *expected)
{
	cleanup_free char *origin = origins_find(p->origins, p->me.pid, start);

	CHECK_STR(origin, expected);
}

TEST(origins_survive_a_restart)
{
	PLACE;

	CALL(begin, &p);
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/earlier"), 0);
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/system.slice/a b.service"), 0);
	/* Another process that had this pid before and has ended. */
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start + 1, "/other"), 0);
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/system.slice/a b.service");
	CALL(expect_origin, &p, p.me.start + 1, NULL);
}

/* A long file is read completely. */
TEST(origins_of_many_are_read)
{
	cleanup_free char *path = NULL;
	cleanup_fclose FILE *file = NULL;
	PLACE;

	CALL(begin, &p);
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/home"), 0);
	CHECK(asprintf(&path, "%s/origins", p.directory) > 0);
	file = fopen(path, "a");
	CHECK(file);
	for (unsigned int i = 0; i < 20000; i++)
		fprintf(file,
			"%d 1 /kubepods.slice/kubepods-burstable.slice/pod-of-a-long-name-%u\n",
			(int)p.me.pid, i);
	CHECK_INT(fflush(file), 0);
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/home");
}

TEST(origins_that_cannot_be_read_now)
{
	struct origins *origins = NULL;
	PLACE;

	CALL(begin, &p);
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/home"), 0);
	fault_openat = (struct fault){ .count = 1, .error = EMFILE, .path = "origins" };
	CHECK_INT(origins_open(p.directory, &origins), -EMFILE);
	CHECK(!origins);
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/home");
}

/* A line that could not be appended is in the file all the same, whole. */
TEST(origins_that_cannot_be_appended)
{
	struct rlimit before, full;
	void (*handler)(int);
	PLACE;

	CALL(begin, &p);
	fault_openat = (struct fault){ .count = 1, .error = EMFILE, .path = "origins" };
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/home"), 0);
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/home");

	/* The disk takes a part of a line, and nothing more; then it takes all again. */
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = (struct rlimit){ .rlim_cur = 30, .rlim_max = before.rlim_max };
	handler = signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &full), 0);
	CHECK_INT(origins_set(p.origins, getppid(), 1, "/a/longer/path/than/there/is/room/for"), 0);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, handler);
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/work"), 0);
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/work");
}

TEST(origins_of_a_leader)
{
	cleanup_free char *newest = NULL, *older = NULL, *none = NULL;
	PLACE;

	CALL(begin, &p);
	CHECK_INT(origins_set(p.origins, 5000, 300, "/later"), 0);
	CHECK_INT(origins_set(p.origins, 5000, 100, "/first"), 0);
	CHECK_INT(origins_set(p.origins, 5001, 50, "/other"), 0);
	newest = origins_find_leader(p.origins, 5000, 300);
	CHECK_STR(newest, "/later");
	older = origins_find_leader(p.origins, 5000, 299);
	CHECK_STR(older, "/first");
	none = origins_find_leader(p.origins, 5000, 99);
	CHECK_STR(none, NULL);
}

/* More lines than the file may have: it is rewritten, and the last line holds. */
TEST(origins_outgrow_their_file)
{
	PLACE;

	CALL(begin, &p);
	for (unsigned int i = 1; i <= 400; i++) {
		char cgroup[32];

		snprintf(cgroup, sizeof(cgroup), "/%u", i);
		CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, cgroup), 0);
	}
	CALL(restart, &p);
	CALL(expect_origin, &p, p.me.start, "/400");
}

TEST(detached_by_hand_is_remembered)
{
	PLACE;

	CALL(begin, &p);
	CHECK_INT(origins_set_detached(p.origins, p.me.pid, p.me.start, "/home"), 0);
	/* The first start reads the appended line, the second the file that the first has rewritten. */
	for (int i = 0; i < 2; i++) {
		CALL(restart, &p);
		CHECK(origins_is_detached(p.origins, p.me.pid, p.me.start));
		CALL(expect_origin, &p, p.me.start, "/home");
	}
	CHECK_INT(origins_set(p.origins, p.me.pid, p.me.start, "/home"), 0);
	CHECK(!origins_is_detached(p.origins, p.me.pid, p.me.start));
}

static void *wait_for_ever(void *data)
{
	for (;;)
		pause();
	return NULL;
}

/* The main thread of the child ends, another lives. */
static pid_t start_headless(void)
{
	pid_t child = fork();
	pthread_t thread;

	if (child != 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		_exit(1);
	pthread_exit(NULL);
}

static bool is_headless(pid_t pid)
{
	struct process p;

	return process_read(pid, &p) == 0 && p.state == 'Z' && !p.ended;
}

TEST(threads_that_cannot_be_listed_are_an_error)
{
	cleanup_free char *cgroups = NULL;
	pid_t child = start_headless();

	for (int i = 0; i < 1000 && !is_headless(child); i++)
		(void)usleep(1000);
	CHECK(is_headless(child));
	fault_readdir = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(process_read_cgroups(child, &cgroups), -EIO);
	CHECK_INT(process_read_cgroups(child, &cgroups), 0);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

TEST(a_list_that_fails_is_an_error)
{
	cleanup_free struct process *list = NULL;
	size_t count = 0;

	for (unsigned int after = 0; after < 9; after += 4) {
		fault_readdir = (struct fault){ .after = after, .count = 1, .error = EIO };
		CHECK_INT(process_list(&list, &count), -EIO);
	}
	CHECK_INT(process_list(&list, &count), 0);
	CHECK(count > 0);
}

TEST_MAIN({ "threads that cannot be listed are an error",
	    threads_that_cannot_be_listed_are_an_error },
	  { "a list of processes that fails is an error", a_list_that_fails_is_an_error },
	  { "a process has ended when no thread lives", ended_when_no_thread_lives },
	  { "process: stat is read from the last parenthesis",
	    stat_is_read_from_the_last_parenthesis },
	  { "process: a malformed stat is refused", a_malformed_stat_is_refused },
	  { "process: a pidfd names one process", pidfd_names_one_process },
	  { "process: other descriptors are refused", a_missing_pidfd_is_an_error },
	  { "attach: who may be attached", who_may_be_attached },
	  { "origins: they survive a restart", origins_survive_a_restart },
	  { "origins: a long file is read", origins_of_many_are_read },
	  { "origins: an unreadable file is kept", origins_that_cannot_be_read_now },
	  { "origins: that of a leader is the last before its group", origins_of_a_leader },
	  { "origins: one that cannot be appended is kept", origins_that_cannot_be_appended },
	  { "origins: a full file is rewritten", origins_outgrow_their_file },
	  { "origins: a detach by a user is recorded", detached_by_hand_is_remembered })
