/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM reports of kernels from 4.19 to 6.18, and malformed or forged lines. */
#include <inttypes.h>

#include "shared/cleanup.h"
#include "host/kmsg-parser.h"
#include "unit.h"

/* The text after the name since 5.5, and before. */
#define SIZES                                                                            \
	") total-vm:49452kB, anon-rss:21408kB, file-rss:720kB, shmem-rss:0kB, UID:1000 " \
	"pgtables:92kB oom_score_adj:0\n"
#define OLD_SIZES ") total-vm:22124kB, anon-rss:9912kB, file-rss:1024kB, shmem-rss:0kB\n"
#define KILL(pid, comm) \
	"3,12,5000,-;Memory cgroup out of memory: Killed process " pid " (" comm SIZES
#define HEADER(owner, victim, task, pid, uid)                                                       \
	"6,11,4900,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," \
	"oom_memcg=" owner ",task_memcg=" victim ",task=" task ",pid=" pid ",uid=" uid "\n"
#define START \
	"4,1,4000,-;try invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
#define USAGE "6,2,4500,-;memory: usage 20480kB, limit 20480kB, failcnt 27463\n"

/* Feeds all the lines; returns the number of records, the last of which is in *ret. */
static int feed(struct kmsg_parser *parser, struct kmsg_oom *ret, const char *const lines[])
{
	int records = 0;

	for (; *lines; lines++)
		records += kmsg_parse_line(parser, *lines, ret);
	return records;
}

#define FEED(...) feed(&parser, &oom, (const char *const[]){ __VA_ARGS__, NULL })
#define PARSER                             \
	struct kmsg_parser parser = { 0 }; \
	struct kmsg_oom oom = { 0 }

TEST(a_kill_of_6_18)
{
	PARSER;

	CHECK_INT(FEED(START, "4,1,1,-;CPU: 0 PID: 9 Comm: try\n", USAGE,
		       "6,3,1,-;swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n",
		       "6,3,1,-;Memory cgroup stats for /rssd/a:\n",
		       "6,3,1,-;[   7531]     0  7531    12363     5532      93\n",
		       HEADER("/rssd/a", "/rssd/a/b", "hog", "7531", "0")),
		  0);
	CHECK_INT(FEED(KILL("7531", "hog")), 1);
	CHECK(oom.memcg);
	CHECK_STR(oom.limit_owner, "/rssd/a");
	CHECK_STR(oom.victim_cgroup, "/rssd/a/b");
	CHECK_INT(oom.pid, 7531);
	CHECK_STR(oom.comm, "hog");
	CHECK_UINT(oom.uid, 1000);
	CHECK_UINT(oom.usage, 20971520);
	CHECK_UINT(oom.limit, 20971520);
	CHECK_INT(FEED("6,4,1,-;oom_reaper: reaped process 7531 (hog), now anon-rss:0kB\n"), 0);
}

TEST(a_kill_of_4_19)
{
	PARSER;

	CHECK_INT(FEED(START, "6,5,1,-;Task in /rssd/a/b killed as a result of limit of /rssd/a\n",
		       "6,6,1,-;memory: usage 10240kB, limit 10240kB, failcnt 23\n",
		       "6,7,1,-;memory+swap: usage 10240kB, limit 9007199254740988kB, failcnt 0\n",
		       "3,8,1,-;Memory cgroup out of memory: Kill process 123 (hog) score 1000 or "
		       "sacrifice child\n"),
		  0);
	CHECK_INT(FEED("3,9,1,-;Killed process 123 (hog" OLD_SIZES), 1);
	CHECK(oom.memcg);
	CHECK_STR(oom.limit_owner, "/rssd/a");
	CHECK_STR(oom.victim_cgroup, "/rssd/a/b");
	CHECK_INT(oom.pid, 123);
	CHECK_STR(oom.comm, "hog");
	CHECK_UINT(oom.uid, KMSG_UID_ABSENT);
	CHECK_UINT(oom.usage, 10485760);
}

/* The table of 6.18 and that of 4.19: the largest five, names with spaces and marks in them. */
TEST(the_largest_processes)
{
	PARSER;

	CHECK_INT(
		FEED(START, USAGE, "6,3,1,-;Tasks state (memory values in pages):\n",
		     "6,3,1,-;[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
		     "pgtables_bytes swapents oom_score_adj name\n",
		     "6,3,1,-;[     70]     0    70      100        1        1        0         0 "
		     "   93000        0          -900 sshd: a [b] ]\n",
		     "6,3,1,-;[     71]  1000    71      100        7        1        0         0 "
		     "   93000        0             0 hog\n",
		     "6,3,1,-;[     72]     0    72      100        3        1        0         0 "
		     "   93000        0             0 c\\x0ad\n",
		     "6,3,1,-;[     73]     0    73      100        4        1        0         0 "
		     "   93000        0             0 x\n",
		     "6,3,1,-;[     74]     0    74      100        5        1        0         0 "
		     "   93000        0             0 y\n",
		     "6,3,1,-;[     75]     0    75      100        2        1        0         0 "
		     "   93000        0             0 z\n",
		     "6,3,1,-;[     76]     0    76\n", "6,3,1,-;[drm] something else\n",
		     HEADER("/rssd/a", "/rssd/a", "hog", "71", "1000"), KILL("71", "hog")),
		1);
	CHECK_INT(oom.processes.count, OOM_PROCESSES);
	CHECK_INT(oom.processes.list[0].pid, 71);
	CHECK_UINT(oom.processes.list[0].uid, 1000);
	CHECK_UINT(oom.processes.list[0].resident, 7 * 4096);
	CHECK_STR(oom.processes.list[0].command, "hog");
	CHECK_INT(oom.processes.list[4].pid, 75);
	CHECK_STR(oom.processes.list[3].command, "c\nd");
	/* They belong to this report, and not to the next one. */
	CHECK_INT(FEED(START,
		       "6,3,1,-;[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents "
		       "oom_score_adj name\n",
		       "6,3,1,-;[   80]     0    80      100        1    93000        0          "
		       "-900 sshd: a [b] ]\n",
		       KILL("80", "x")),
		  1);
	CHECK_INT(oom.processes.count, 1);
	CHECK_STR(oom.processes.list[0].command, "sshd: a [b] ]");
}

TEST(the_whole_machine)
{
	PARSER;

	CHECK_INT(
		FEED("4,1,1,-;bash invoked oom-killer: gfp_mask=0x1(GFP), nodemask=(null),  order=0, "
		     "oom_score_adj=-17\n",
		     "6,2,1,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,"
		     "mems_allowed=0,global_oom,task_memcg=/user.slice,task=java,pid=55,uid=33\n"),
		0);
	CHECK_INT(
		FEED("3,3,1,-;Out of memory: Killed process 55 (java) total-vm:1kB, anon-rss:1kB, "
		     "file-rss:1kB, shmem-rss:1kB, UID:33 pgtables:1kB oom_score_adj:-998\n"),
		1);
	CHECK(!oom.memcg);
	CHECK_STR(oom.limit_owner, "");
	CHECK_STR(oom.victim_cgroup, "/user.slice");
	CHECK_INT(oom.pid, 55);
	CHECK_UINT(oom.uid, 33);
	CHECK_UINT(oom.usage, UINT64_MAX);
	CHECK_INT(
		FEED("3,3,1,-;Out of memory (oom_kill_allocating_task): Killed process 56 (a" OLD_SIZES),
		1);
	CHECK_INT(oom.pid, 56);
}

TEST(a_header_that_was_suppressed)
{
	PARSER;

	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a", "one", "1", "0"),
		       KILL("1", "one")),
		  1);
	CHECK_INT(FEED(KILL("2", "two")), 1);
	CHECK(oom.memcg);
	CHECK_INT(oom.pid, 2);
	CHECK_STR(oom.comm, "two");
	CHECK_STR(oom.limit_owner, "");
	CHECK_STR(oom.victim_cgroup, "");
	CHECK_UINT(oom.usage, UINT64_MAX);
}

TEST(a_report_without_a_kill)
{
	PARSER;

	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a", "one", "1", "0"),
		       "6,9,1,-;OOM victim 1 (one) is already exiting. Skip killing the task\n",
		       KILL("2", "two")),
		  1);
	CHECK_STR(oom.limit_owner, "");
	/* Cut off by the next report. */
	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a", "one", "1", "0"), START,
		       KILL("3", "three")),
		  1);
	CHECK_STR(oom.limit_owner, "");
	CHECK_UINT(oom.usage, UINT64_MAX);
}

TEST(a_whole_cgroup)
{
	PARSER;

	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a/b", "one", "1", "0"),
		       KILL("1", "one")),
		  1);
	CHECK_STR(oom.victim_cgroup, "/rssd/a/b");
	CHECK_INT(
		FEED("3,13,6000,-;Tasks in /rssd/a are going to be killed due to memory.oom.group "
		     "set\n",
		     KILL("1", "one"), KILL("2", "two")),
		1);
	CHECK_INT(oom.pid, 2);
	CHECK_STR(oom.comm, "two");
	CHECK_STR(oom.limit_owner, "/rssd/a");
	CHECK_STR(oom.victim_cgroup, "/rssd/a");
	CHECK_UINT(oom.limit, 20971520);
	/* Much later there is another kill, whose own report was suppressed. */
	CHECK_INT(
		FEED("3,14,60000000,-;Memory cgroup out of memory: Killed process 3 (three" OLD_SIZES),
		1);
	CHECK_STR(oom.limit_owner, "");
}

TEST(a_whole_cgroup_and_another_report)
{
	PARSER;

	CHECK_INT(
		FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a/b", "one", "1", "0"),
		     KILL("1", "one"),
		     "3,13,6000,-;Tasks in /rssd/a are going to be killed due to memory.oom.group "
		     "set\n",
		     KILL("2", "two"), START, KILL("4", "four")),
		3);
	CHECK_INT(oom.pid, 4);
	CHECK_STR(oom.limit_owner, "");
	CHECK_STR(oom.victim_cgroup, "");
}

TEST(names_with_separators)
{
	PARSER;

	CHECK_INT(FEED(HEADER("/rssd/a", "/rssd/a/b", "x,task=y", "5", "7"),
		       "3,1,1,-;Memory cgroup out of memory: Killed process 5 (x,task=y" OLD_SIZES),
		  1);
	CHECK_STR(oom.comm, "x,task=y");
	CHECK_STR(oom.victim_cgroup, "/rssd/a/b");
	CHECK_UINT(oom.uid, 7);

	CHECK_INT(
		FEED(HEADER("/a,b", "/a,b/c=d e", ",pid=1,uid=2", "5", "7"),
		     "3,1,1,-;Memory cgroup out of memory: Killed process 5 (,pid=1,uid=2" OLD_SIZES),
		1);
	CHECK_STR(oom.comm, ",pid=1,uid=2");
	CHECK_STR(oom.limit_owner, "/a,b");
	CHECK_STR(oom.victim_cgroup, "/a,b/c=d e");
	CHECK_UINT(oom.uid, 7);
	CHECK_INT(oom.pid, 5);

	CHECK_INT(FEED(HEADER("/rssd", "/rssd/a,task=0123456789012345", "hog", "5", "7"),
		       "3,1,1,-;Memory cgroup out of memory: Killed process 5 (hog" OLD_SIZES),
		  1);
	CHECK_STR(oom.victim_cgroup, "/rssd/a,task=0123456789012345");
	CHECK_STR(oom.limit_owner, "/rssd");

	CHECK_INT(FEED(KILL("6", "a) total-vm:1k")), 1);
	CHECK_STR(oom.comm, "a) total-vm:1k");
	CHECK_UINT(oom.uid, 1000);

	/* A task's name in front of a report cannot end or begin one by itself. */
	CHECK_INT(FEED("6,1,1,-;hog Killed process 5 (a" OLD_SIZES,
		       "6,1,1,-;x: Memory cgroup out of memory: Killed process 5 (a" OLD_SIZES),
		  0);
}

/* A user names the cgroups below /u, and no OOM there may seem to be one of /rssd. */
TEST(cgroup_names_with_separators)
{
	PARSER;

	CHECK_INT(FEED(HEADER("/u/a", "/u/a/x,task_memcg=/rssd/web", "hog", "5", "7"),
		       KILL("5", "hog")),
		  1);
	CHECK_STR(oom.limit_owner, "/u/a");
	CHECK_STR(oom.victim_cgroup, "/u/a/x,task_memcg=/rssd/web");

	CHECK_INT(FEED(HEADER("/u/x,oom_memcg=/rssd", "/u/x,oom_memcg=/rssd/web", "hog", "5", "7"),
		       KILL("5", "hog")),
		  1);
	CHECK_STR(oom.limit_owner, "/u/x,oom_memcg=/rssd");
	CHECK_STR(oom.victim_cgroup, "/u/x,oom_memcg=/rssd/web");

	CHECK_INT(
		FEED(HEADER("/u/x,task_memcg=/rssd", "/u/x,task_memcg=/rssd/web", "hog", "5", "7"),
		     KILL("5", "hog")),
		1);
	CHECK_STR(oom.limit_owner, "/u/x,task_memcg=/rssd");
	CHECK_STR(oom.victim_cgroup, "/u/x,task_memcg=/rssd/web");

	CHECK_INT(FEED("6,11,4900,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),"
		       "cpuset=y,global_oom,task_memcg=,mems_allowed=0,global_oom,"
		       "task_memcg=/u/x,global_oom,task_memcg=/rssd/web,task=hog,pid=5,uid=7\n",
		       "3,12,5000,-;Out of memory: Killed process 5 (hog" OLD_SIZES),
		  1);
	CHECK_STR(oom.limit_owner, "");
	CHECK_STR(oom.victim_cgroup, "/u/x,global_oom,task_memcg=/rssd/web");

	CHECK_INT(FEED("6,1,1,-;Task in /u/x killed as a result of limit of /rssd/web killed as a "
		       "result of limit of /u/x killed as a result of limit of /rssd\n",
		       "3,12,5000,-;Memory cgroup out of memory: Killed process 5 (hog" OLD_SIZES),
		  1);
	CHECK_STR(oom.limit_owner, "/u/x killed as a result of limit of /rssd");
	CHECK_STR(oom.victim_cgroup, "/u/x killed as a result of limit of /rssd/web");
}

TEST(escaped_names)
{
	PARSER;

	CHECK_INT(
		FEED(HEADER("/rssd/a\\x09b", "/rssd/a\\x09b", "\\xc3\\xa4\\x0a\\x5c", "5", "0"),
		     "3,1,1,-;Memory cgroup out of memory: Killed process 5 (\\xc3\\xa4\\x0a\\x5c" OLD_SIZES),
		1);
	CHECK_STR(oom.limit_owner, "/rssd/a\tb");
	CHECK_STR(oom.comm, "\xc3\xa4\n\\");
	/* Other backslashes stay, and NUL is not an escape. */
	CHECK_INT(FEED(KILL("5", "\\x00\\xg1\\x4")), 1);
	CHECK_STR(oom.comm, "\\x00\\xg1\\x4");
}

TEST(only_lines_of_the_kernel_count)
{
	PARSER;

	/* 12 is facility 1, which is what a user's line gets at the least. */
	CHECK_INT(FEED("12,12,5000,-;Memory cgroup out of memory: Killed process 1 (x" OLD_SIZES),
		  0);
	CHECK_INT(FEED(",12,5000,-;Killed process 1 (x" OLD_SIZES,
		       "x,12,5000,-;Killed process 1 (x" OLD_SIZES,
		       "-3,12,5000,-;Killed process 1 (x" OLD_SIZES,
		       "Killed process 1 (x" OLD_SIZES),
		  0);
	CHECK_INT(FEED("3,12,5000,-,caller=T1;Killed process 1 (x" OLD_SIZES), 1);
	/* The device's own fields are no text. */
	CHECK_INT(FEED("3,12,5000,-;usb\n KEY=;Killed process 1 (x" OLD_SIZES), 0);
}

TEST(long_names_are_cut)
{
	PARSER;
	char line[6000] =
		"6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/";
	size_t at = strlen(line);

	memset(line + at, 'a', 2000);
	strcpy(line + at + 2000, ",task_memcg=/");
	memset(line + strlen(line), 'a', 2000);
	strcat(line, "/b,task=hog,pid=5,uid=0");
	CHECK_INT(FEED(line, KILL("5", "hog")), 1);
	CHECK_UINT(strlen(oom.limit_owner), sizeof(oom.limit_owner) - 1);
	CHECK_UINT(strlen(oom.victim_cgroup), sizeof(oom.victim_cgroup) - 1);
	/* The name of a task is never longer than 15 bytes. */
	CHECK_INT(FEED(KILL("5", "012345678901234")), 1);
	CHECK_UINT(strlen(oom.comm), sizeof(oom.comm) - 1);
	CHECK_INT(FEED(KILL("5", "0123456789012345")), 0);
}

TEST(odd_numbers)
{
	PARSER;

	CHECK_INT(FEED(KILL("0", "x"), KILL("99999999999999999999", "x"), KILL("2147483648", "x"),
		       KILL("-1", "x"), KILL("", "x")),
		  0);
	CHECK_INT(FEED("6,2,1,-;memory: usage 99999999999999999999kB, limit 1MB, failcnt 1\n",
		       KILL("5", "x")),
		  1);
	CHECK_UINT(oom.usage, UINT64_MAX);
	CHECK_UINT(oom.limit, UINT64_MAX);
	CHECK_INT(FEED(HEADER("/a", "/a", "x", "5", "4294967296"),
		       "3,1,1,-;Killed process 5 (x" OLD_SIZES),
		  1);
	CHECK_UINT(oom.uid, KMSG_UID_ABSENT);
}

/*
 * A user chooses the name of a process and the name of a file that it maps, and has the kernel
 * print both by a segfault: no such line changes what a report says, or makes one.
 */
static const struct {
	const char *comm, *file;
} forged[] = {
	{ "Out of memory: ", "z: Killed process 4242 (sshd" OLD_SIZES },
	{ "Out of memory x", "z: Killed process 4242 (sshd" SIZES },
	{ "Out of memory", ": Killed process 4242 (sshd" SIZES },
	{ "Killed process ", "4242 (sshd" OLD_SIZES },
	{ "Killed process1", " (sshd" OLD_SIZES },
	{ "oom-kill:",
	  "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=x,task_memcg=x,task=a,pid=5,uid=0" },
	{ "Task in /rssd/a", " killed as a result of limit of " },
	{ "Task in /rssd/a", " killed as a result of limit of \\x5cx2frssd" },
	{ "Tasks in /rssd/", "b are going to be killed due to memory.oom.group set" },
	{ "memory: usage 1", "kB, limit 1kB, failcnt 1" },
	{ "OOM victim 1 (x", "OOM victim 1 (one) is already exiting. Skip killing the task" },
	{ "x invoked oom-k", " invoked oom-killer: gfp_mask=0x1(GFP), order=0, oom_score_adj=0" },
	{ "x", " invoked oom-killer: gfp_mask=0x1(GFP), order=0, oom_score_adj=0" },
	{ "[  pid  ]   uid", " swapents oom_score_adj name" },
	{ "[1] 0 1 2 3 4 5", " 6 7 8 9 x" },
	{ "[ 99] 0 1 2 999", " 99999 9 9 9 9 x" },
};

TEST(forged_lines_change_nothing)
{
	/* What the kernel prints between name and file, and after. */
	static const struct {
		const char *between, *after;
	} forms[] = {
		/* As 6.18 and older kernels print it. */
		{ "[77]: segfault at 0 ip 00007f77a2dde000 sp 00007ffd9e1807b0 error 6 in ",
		  "[0,7f77a2dde000+1000] likely on CPU 1 (core 1, socket 0)\n" },
		{ "[77]: segfault at 0 ip 0000 sp 0000 error 4 in ", "[55d0+1000]\n" },
		{ "[77]: segfault at 0 ip 0000 sp 0000 error 4 in ", "\n" },
		{ " (77): uses deprecated remap_file_pages() syscall ", "\n" },
		{ ": page allocation failure: order:0, cpuset=", ",mems_allowed=0\n" },
	};
	PARSER;

	CHECK_INT(FEED(START, USAGE,
		       "6,3,1,-;[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
		       "oom_score_adj name\n",
		       HEADER("/rssd/a", "/rssd/a/b", "zero", "2", "0"), KILL("2", "zero"), START,
		       USAGE, HEADER("/rssd/a", "/rssd/a/b", "one", "1", "0")),
		  1);
	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
			struct kmsg_parser before = parser;
			char line[512];

			(void)snprintf(line, sizeof(line), "6,20,5000,-;%s%s%s%s", forged[i].comm,
				       forms[form].between, forged[i].file, forms[form].after);
			if (FEED(line))
				FAIL("believed: %s", line);
			if (memcmp(&before, &parser, sizeof(parser)) != 0)
				FAIL("changed the report: %s", line);
		}
	}
	CHECK_INT(FEED(KILL("1", "one")), 1);
	CHECK_STR(oom.limit_owner, "/rssd/a");
	CHECK_UINT(oom.usage, 20971520);
}

/* Each line of a report counts in full, or not at all. */
TEST(a_line_with_more_or_less_changes_nothing)
{
	static const char *const lines[] = {
		"4,1,4000,-;try invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
		"oom_score_adj=0",
		"6,2,4500,-;memory: usage 1kB, limit 1kB, failcnt 27463",
		"6,5,1,-;Task in /rssd/x killed as a result of limit of /rssd",
		"6,9,1,-;Memory cgroup out of memory: OOM victim 1 (one) is already exiting. Skip "
		"killing the task",
		"6,3,1,-;[     71]  1000    71      100        7     93000        0             0 hog",
		"3,12,5000,-;Memory cgroup out of memory: Killed process 5 (x) total-vm:4kB, "
		"anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0",
	};
	PARSER;

	CHECK_INT(FEED(START,
		       "6,3,1,-;[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
		       "oom_score_adj name\n"),
		  0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct kmsg_parser before = parser;
		char line[512];

		(void)snprintf(line, sizeof(line), "%.*sx%s",
			       (int)(strchr(lines[i], ';') + 1 - lines[i]), lines[i],
			       strchr(lines[i], ';') + 1);
		/* A name may begin with x, and one that is 15 long may not be longer. */
		if (i > 0 && (FEED(line) || memcmp(&before, &parser, sizeof(parser)) != 0))
			FAIL("believed: %s", line);
		(void)snprintf(line, sizeof(line), "%s of x[1]: segfault", lines[i]);
		if (FEED(line) ||
		    (i != 2 && i != 4 && memcmp(&before, &parser, sizeof(parser)) != 0))
			FAIL("believed: %s", line);
	}
	/* "hog of x[1]: segfault" is longer than a name. */
	CHECK_UINT(parser.open.processes.count, 0);
	/* Each of them as it is, and the form of later kernels of a report without a kill. */
	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a", "one", "1", "0"), lines[3],
		       KILL("2", "two")),
		  1);
	CHECK_STR(oom.limit_owner, "");
}

/* Every cut of every line, and every line with one byte changed. */
TEST(any_bytes_are_survived)
{
	static const char *const lines[] = {
		START,
		USAGE,
		HEADER("/rssd/a", "/rssd/a/b", "h\\x0ag", "5", "0"),
		KILL("5", "h\\x0ag"),
		"3,13,6000,-;Tasks in /rssd/a are going to be killed due to memory.oom.group set\n",
		"6,5,1,-;Task in /rssd/a/b killed as a result of limit of /rssd/a\n",
	};
	static const char bytes[] = { 1, ' ', ',', '=', '(', ')', '\\', ':', ';', '9', '\n', -1 };
	PARSER;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		size_t length = strlen(lines[i]);

		for (size_t n = 0; n <= length; n++) {
			/* In a buffer of the exact size, so that ASan sees a read past the end. */
			cleanup_free char *cut = strndup(lines[i], n);

			(void)kmsg_parse_line(&parser, cut, &oom);
			for (size_t b = 0; n < length && b < sizeof(bytes); b++) {
				cleanup_free char *changed = strdup(lines[i]);

				changed[n] = bytes[b];
				(void)kmsg_parse_line(&parser, changed, &oom);
			}
		}
	}
	/* The parser still works. */
	CHECK_INT(FEED(START, USAGE, HEADER("/rssd/a", "/rssd/a", "one", "1", "0"),
		       KILL("1", "one")),
		  1);
	CHECK_STR(oom.limit_owner, "/rssd/a");
}

TEST_MAIN({ "the largest processes are those of the kernel's list", the_largest_processes },
	  { "a kill of 6.18", a_kill_of_6_18 }, { "a kill of 4.19", a_kill_of_4_19 },
	  { "the whole machine", the_whole_machine },
	  { "a suppressed header", a_header_that_was_suppressed },
	  { "a report without a kill", a_report_without_a_kill },
	  { "a whole cgroup", a_whole_cgroup },
	  { "a whole cgroup and another report", a_whole_cgroup_and_another_report },
	  { "names that contain separators", names_with_separators },
	  { "cgroup names that contain separators", cgroup_names_with_separators },
	  { "escaped names", escaped_names },
	  { "only lines of the kernel count", only_lines_of_the_kernel_count },
	  { "forged lines change nothing", forged_lines_change_nothing },
	  { "truncated and extended lines are ignored", a_line_with_more_or_less_changes_nothing },
	  { "long names are truncated", long_names_are_cut }, { "malformed numbers", odd_numbers },
	  { "any bytes are accepted without a fault", any_bytes_are_survived })
