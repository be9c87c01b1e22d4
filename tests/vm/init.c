// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test machine: mounts, runs the cases in each world, says how
 * each ended on the second serial port, and powers off.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS	90

int selftests_run(FILE *verdict);

static const struct world worlds[] = {
	{ "v1", false, false },
	{ "v2-lru_gen", true, true },
};

static const struct vm_case *const topics[] = {
	log_cases, file_cases, charge_cases, large_cases, owner_cases, mm_cases,
	reclaim_cases, lists_cases, low_cases, background_cases, oom_cases, event_cases,
	trace_cases, input_cases, fault_cases, reserve_cases, race_cases, stress_cases,
};

static FILE *verdict;
static unsigned int passed, failed, skipped;

static void must_mount(const char *what, const char *where, const char *type)
{
	mkdir(where, 0755);
	if (mount(what, where, type, 0, NULL) && errno != EBUSY)
		printf("mount %s: %s\n", where, strerror(errno));
}

/* mkswap: the kernel requires only a header with a signature. */
static int make_swap(const char *dev)
{
	int fd = open(dev, O_RDWR | O_CLOEXEC), err = 0;
	char page[PAGE] = { 0 };
	uint32_t *head = (uint32_t *)(page + 1024);
	off_t size;

	if (fd < 0)
		return -errno;
	size = lseek(fd, 0, SEEK_END);
	head[0] = 1;
	head[1] = size / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, page, sizeof(page), 0) != sizeof(page) || fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

static void set_up(void)
{
	struct rlimit locked = { RLIM_INFINITY, RLIM_INFINITY };

	must_mount("proc", "/proc", "proc");
	must_mount("sysfs", "/sys", "sysfs");
	must_mount("dev", "/dev", "devtmpfs");
	must_mount("debug", "/sys/kernel/debug", "debugfs");
	must_mount("tracing", "/sys/kernel/tracing", "tracefs");
	/* or a trace switches tracepoints of the scheduler on for the names of processes */
	text_write("/sys/kernel/tracing/options/record-cmd", "0");
	must_mount("tmp", "/tmp", "tmpfs");
	must_mount("cgroup2", "/cg2", "cgroup2");
	mkdir("/cg1", 0755);
	must_mount("/dev/vda", "/data", "ext2");

	setrlimit(RLIMIT_MEMLOCK, &locked);
	text_write("/sys/block/zram0/disksize", "512M");
	if (make_swap("/dev/zram0") || swapon("/dev/zram0", 0))
		printf("no swap on zram: %s\n", strerror(errno));
	make_swap("/dev/vdb");
}

/* Restore what a case changed for the whole machine. */
static void put_back(void)
{
	static const char *const files[][2] = {
		{ "/sys/kernel/debug/failslab/probability", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/probability", "0" },
		{ "/sys/kernel/mm/ksm/run", "2" },
		{ "/sys/kernel/mm/ksm/run", "0" },
		{ "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled", "never" },
		{ "/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never" },
		{ "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "10000" },
		{ "/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan", "4096" },
		{ "/proc/sys/vm/nr_hugepages", "0" },
		{ "/proc/sys/vm/swappiness", "60" },
		{ "/proc/sys/vm/overcommit_memory", "0" },
		{ "/proc/sys/kernel/numa_balancing", "0" },
		{ "/sys/kernel/debug/sched/numa_balancing/scan_delay_ms", "1000" },
		{ "/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms", "1000" },
		{ "/sys/kernel/tracing/events/enable", "0" },
		{ "/sys/kernel/tracing/trace", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		text_write(files[i][0], files[i][1]);
	text_write("/sys/kernel/mm/lru_gen/enabled", world.lru_gen ? "y" : "n");
	text_write("/sys/devices/system/cpu/cpu1/online", "1");
	text_write("/cg2/cgroup.subtree_control", "-memory");
	swapoff("/dev/vdb");
	swapon("/dev/zram0", 0);
	umount2("/tmp", MNT_DETACH);
	must_mount("tmp", "/tmp", "tmpfs");
}

static void reap_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Returns true if nothing is charged after a case: else the kernel lost a charge. */
static bool nothing_left(void)
{
	long left;
	int boxes;

	boxes = box_remove_all();
	if (boxes) {
		snprintf((char *)verdict_why(), PAGE,
			 "%d containers cannot be removed afterwards", boxes);
		return false;
	}
	if (UNTIL(20, (left = slab_active("page_container")) <= 0))
		return true;
	snprintf((char *)verdict_why(), PAGE,
		 "%ld page_containers are left when all is unmapped", left);
	return false;
}

/* Returns true if cases were named.  An empty list names none. */
static bool cases_named(void)
{
	const char *list = getenv("cases");

	return list && *list;
}

static bool wanted(const char *name)
{
	const char *list = getenv("cases"), *next;
	size_t len;

	for (; list && *list; list = next) {
		len = strcspn(list, ",");
		next = list + len + (list[len] == ',');
		if (!strncmp(name, list, len))
			return true;
	}
	return !cases_named();
}

/* except= names cases that cannot hold on this kernel. */
static bool is_excepted(const char *name)
{
	const char *list = getenv("except"), *at;
	size_t len = strlen(name);

	for (at = list; at && (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static void report(const char *how, const char *name, double took)
{
	const char *why = verdict_why();

	fprintf(verdict, "%s %s/%s", how, world.name, name);
	if (*why)
		fprintf(verdict, ": %s", why);
	fprintf(verdict, " (%.1f s)\n", took);
	fflush(verdict);
	printf("== %s %s/%s %s\n", how, world.name, name, why);
	fflush(stdout);
}

static void run_case(const struct vm_case *c)
{
	unsigned int seconds = (c->seconds ?: CASE_SECONDS) + (c->more ? c->more() : 0);
	double start = now();
	int status = -1;
	pid_t pid;

	verdict_clear();
	printf("== case %s/%s\n", world.name, c->name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setsid();
		/* a write to an actor that was killed must not kill the case */
		signal(SIGPIPE, SIG_IGN);
		c->run();
		_exit(0);
	}
	if (!UNTIL(seconds, waitpid(pid, &status, WNOHANG) == pid)) {
		snprintf((char *)verdict_why(), PAGE, "hung for %u s", seconds);
		text_write("/proc/sysrq-trigger", "w");
		text_write("/proc/sysrq-trigger", "t");
	}
	reap_all();
	put_back();
	if (!(c->flags & WITHOUT_RSS) && !nothing_left())
		status = -1;
	if (WIFSIGNALED(status) && !*verdict_why())
		snprintf((char *)verdict_why(), PAGE, "the case was killed by signal %d",
			 WTERMSIG(status));
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		passed++;
		report("ok", c->name, now() - start);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		skipped++;
		report("skipped", c->name, now() - start);
	} else {
		failed++;
		report("failed", c->name, now() - start);
	}
}

static void run_world(bool first)
{
	const char *why = NULL;
	bool entered = world_enter(&why);

	for (size_t t = 0; t < ARRAY_SIZE(topics); t++)
		for (const struct vm_case *c = topics[t]; c->name; c++) {
			if (!wanted(c->name) || (!first && c->flags & ONCE))
				continue;
			if (c->flags & ON_REQUEST && !cases_named())
				continue;
			if (!entered && !(c->flags & WITHOUT_RSS)) {
				skipped++;
				snprintf((char *)verdict_why(), PAGE, "%s", why);
				report("skipped", c->name, 0);
				continue;
			}
			if (is_excepted(c->name)) {
				skipped++;
				snprintf((char *)verdict_why(), PAGE, "an exception of this kernel");
				report("skipped", c->name, 0);
				continue;
			}
			run_case(c);
		}
	if (entered)
		world_leave();
}

int main(int argc, char **argv)
{
	const char *only = getenv("world");

	/* executed by the stress: a program that exits at once */
	if (argc > 1 && !strcmp(argv[1], "child"))
		return 3;
	/* executed by an actor: a program that waits for its end */
	while (argc > 1 && !strcmp(argv[1], "wait"))
		pause();
	set_up();
	/*
	 * All processes share this program.  If one in a container maps a page of
	 * it first, the page stays charged while others map it.  PID 1 maps all.
	 */
	if (mlockall(MCL_CURRENT))
		printf("mlockall: %s\n", strerror(errno));
	verdict_init();
	verdict = fopen("/dev/ttyS1", "w");
	if (!verdict)
		verdict = stdout;
	/* before this line, run.sh starts the machine again if the emulator fails */
	fputs("begin\n", verdict);
	fflush(verdict);
	if (getenv("selftests")) {
		selftests_run(verdict);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
			world = worlds[i];
			if (only && *only && strcmp(only, world.name))
				continue;
			run_world(i == 0 || (only && *only && cases_named()));
		}
		fprintf(verdict, "end: %u passed, %u failed, %u skipped\n",
			passed, failed, skipped);
	}
	fflush(verdict);
	fclose(verdict);
	sync();
	pause_ms(100);	/* the serial port drains */
	reboot(RB_POWER_OFF);
	return 0;
}
