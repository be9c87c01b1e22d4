// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the machine on which instructions are counted: qemu -icount makes
 * the time stamp counter advance by one an instruction, kernel's included.
 * One boot fills one column; "NAME VALUE" lines go to the second serial port.
 * rows=anon,file on the kernel's command line leaves the others out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE   4096L
#define MB     (1L << 20)
#define HUGE   (2L << 20)
#define ROUNDS 7
#define CG     "/cg"

static FILE *out;
static const char *column;

static unsigned long instructions(void)
{
	unsigned int lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (unsigned long)hi << 32 | lo;
}

static int put(const char *path, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY), n;
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (fd < 0)
		return -errno;
	n = write(fd, text, n) < 0 ? -errno : 0;
	close(fd);
	if (n)
		printf("%s: %s\n", path, strerror(-n));
	return n;
}

static long key(const char *path, const char *name)
{
	static char buf[65536];
	size_t len = strlen(name);
	int fd = open(path, O_RDONLY);
	char *line;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, len) && strchr(" :\t", line[len]))
			return strtol(line + len + 1, NULL, 10);
	return -1;
}

/* The controller of this column; none if both are false. */
static bool is_memcg, is_rss;

static void limit(const char *name, long bytes)
{
	char path[PATH_MAX];

	if (!is_memcg && !is_rss)
		return;
	snprintf(path, sizeof(path), CG "/%s", name);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), CG "/%s/%s", name,
		 is_memcg ? "memory.max" : "rss.limit_in_bytes");
	put(path, "%ld", bytes);
}

static void enter(const char *name)
{
	char path[PATH_MAX];

	if (!is_memcg && !is_rss)
		return;
	snprintf(path, sizeof(path), CG "/%s/cgroup.procs", name);
	put(path, "0");
}

static void *map(long bytes, int flags, int fd)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		printf("mmap: %s\n", strerror(errno));
		exit(1);
	}
	return p;
}

static void touch(char *p, long bytes)
{
	long i;

	for (i = 0; i < bytes; i += PAGE)
		*(volatile long *)(p + i) = i;
}

static long look(char *p, long bytes)
{
	long i, sum = 0;

	for (i = 0; i < bytes; i += PAGE)
		sum += *(volatile char *)(p + i);
	return sum;
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static bool wanted(const char *name)
{
	const char *rows = getenv("rows");
	size_t len = strlen(name);

	if (!rows)
		return true;
	while (strncmp(rows, name, len) || (rows[len] && rows[len] != ',')) {
		rows = strchr(rows, ',');
		if (!rows++)
			return false;
	}
	return true;
}

/* The median of a few rounds, after one that warms up. */
static void row(const char *name, long per, long (*round)(void))
{
	long got[ROUNDS];
	int i;

	if (!wanted(name))
		return;
	round();
	for (i = 0; i < ROUNDS; i++)
		got[i] = round() / per;
	qsort(got, ROUNDS, sizeof(*got), by_value);
	fprintf(out, "%s %ld\n", name, got[ROUNDS / 2]);
	fflush(out);
	printf("%s %s %ld (%ld to %ld)\n", column, name, got[ROUNDS / 2], got[0], got[ROUNDS - 1]);
}

static void fault_anon(void)
{
	char *p = map(16 * MB, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	touch(p, 16 * MB);
	munmap(p, 16 * MB);
}

/*
 * The tick of the clock takes thousands of instructions every four million.  A round is so
 * long that one tick more or less does not show in what a page or a fork takes.
 */
#define ANON_TIMES 4
#define FILE_TIMES 16
#define FORK_TIMES 16

static long anon_round(void)
{
	unsigned long start = instructions();
	int i;

	for (i = 0; i < ANON_TIMES; i++)
		fault_anon();
	return instructions() - start;
}

static int file;

static long file_round(void)
{
	unsigned long start = instructions();
	char *p;
	int i;

	for (i = 0; i < FILE_TIMES; i++) {
		p = map(16 * MB, MAP_PRIVATE, file);
		look(p, 16 * MB);
		munmap(p, 16 * MB);
	}
	return instructions() - start;
}

/*
 * The median fault and the median unmapping of single pages, few of which meet the tick: what
 * is sought is small beside it.
 */
#define HUGE_PAGES 31

static long thp_round(void)
{
	char *all = map((HUGE_PAGES + 1) * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), *p;
	long faults[HUGE_PAGES], unmaps[HUGE_PAGES], i;
	unsigned long start;

	p = (char *)(((long)all + HUGE - 1) & -HUGE);
	madvise(p, HUGE_PAGES * HUGE, MADV_HUGEPAGE);
	for (i = 0; i < HUGE_PAGES; i++) {
		start = instructions();
		p[i * HUGE] = 1;
		faults[i] = instructions() - start;
	}
	for (i = 0; i < HUGE_PAGES; i++) {
		start = instructions();
		madvise(p + i * HUGE, HUGE, MADV_DONTNEED);
		unmaps[i] = instructions() - start;
	}
	munmap(all, (HUGE_PAGES + 1) * HUGE);
	qsort(faults, HUGE_PAGES, sizeof(*faults), by_value);
	qsort(unmaps, HUGE_PAGES, sizeof(*unmaps), by_value);
	return faults[HUGE_PAGES / 2] + unmaps[HUGE_PAGES / 2];
}

static long fork_round(void)
{
	unsigned long start = instructions();
	int i;

	for (i = 0; i < FORK_TIMES; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return instructions() - start;
}

/* Two tasks take turns on the processor, with a few pages each time. */
#define TURNS	   256
#define TURN_PAGES 16

static int turn_begins[2], turn_ends[2];

static void turn(char *p)
{
	touch(p, TURN_PAGES * PAGE);
	madvise(p, TURN_PAGES * PAGE, MADV_DONTNEED);
}

static long turns_round(void)
{
	char *p = map(TURN_PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), c = 0;
	unsigned long start = instructions();
	int i;

	for (i = 0; i < TURNS; i++) {
		turn(p);
		if (write(turn_begins[1], &c, 1) != 1 || read(turn_ends[0], &c, 1) != 1)
			printf("turns: %s\n", strerror(errno));
	}
	munmap(p, TURN_PAGES * PAGE);
	return instructions() - start;
}

static void turns_row(const char *name, const char *other)
{
	pid_t pid;

	if (!wanted(name) || pipe(turn_begins) || pipe(turn_ends))
		return;
	limit(other, 512 * MB);
	pid = fork();
	if (!pid) {
		char *p = map(TURN_PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), c;

		close(turn_begins[1]);
		enter(other);
		while (read(turn_begins[0], &c, 1) == 1) {
			turn(p);
			if (write(turn_ends[1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	row(name, 2 * TURNS * TURN_PAGES, turns_round);
	close(turn_begins[0]), close(turn_begins[1]);
	close(turn_ends[0]), close(turn_ends[1]);
	waitpid(pid, NULL, 0);
}

/*
 * A region three times the limit is written once: what does not fit goes to
 * zram.  The fault itself is in the figure, in every column alike.
 */
static void reclaim_row(const char *name)
{
	const char *stat = is_memcg ? CG "/small/memory.stat" : CG "/small/rss.stat";
	long freed, scanned, took, i;
	unsigned long start;
	char *p;

	limit("small", 32 * MB);
	enter("small");
	p = map(96 * MB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* no two pages alike, and not one that zram would store as a word */
	for (i = 0; i < 40 * MB; i += PAGE)
		memset(p + i, i >> 12, 64);
	freed = key("/proc/vmstat", "pswpout");
	scanned = key(stat, "pgscan");
	start = instructions();
	for (i = 40 * MB; i < 96 * MB; i += PAGE)
		memset(p + i, i >> 12, 64);
	took = instructions() - start;
	freed = key("/proc/vmstat", "pswpout") - freed;
	scanned = key(stat, "pgscan") - scanned;
	fprintf(out, "%s %ld\n", name, freed ? took / freed : 0);
	fprintf(out, "%s_scanned_per_1000 %ld\n", name, freed ? scanned * 1000 / freed : 0);
	fflush(out);
	printf("%s %s: %ld pages out, %ld scanned, %ld instructions\n", column, name, freed,
	       scanned, took);
	enter("big");
	munmap(p, 96 * MB);
}

/* The same while a thousand other containers hold 16 pages each. */
#define OTHERS 1000

static void others_row(void)
{
	static pid_t pid[OTHERS];
	char name[32];
	int i, p[2];
	char c;

	if (pipe(p))
		return;
	for (i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "o%d", i);
		limit(name, 16 * MB);
		pid[i] = fork();
		if (!pid[i]) {
			enter(name);
			touch(map(16 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 16 * PAGE);
			if (write(p[1], "", 1) != 1)
				_exit(1);
			pause();
			_exit(0);
		}
		if (pid[i] < 0 || read(p[0], &c, 1) != 1) {
			printf("%s others: only %d\n", column, i);
			break;
		}
	}
	reclaim_row("others");
	while (i-- > 0) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	for (i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), CG "/o%d", i);
		rmdir(name);
	}
}

/*
 * Faults near the limit, each measured: a task that writes 64 new pages, then
 * sleeps, so that a worker can make room before the next ones.
 */
static void latency_row(const char *name, bool watermarks)
{
	static long took[8192];
	const char *events = is_memcg ? CG "/near/memory.events" : CG "/near/rss.events";
	struct timespec pause = { .tv_nsec = 10000000 };
	const long n = sizeof(took) / sizeof(*took);
	long i, hits;
	char *p;

	limit("near", 16 * MB);
	if (is_rss && watermarks) {
		/* older versions of the patch have the shorter names */
		if (put(CG "/near/rss.wmark_high_in_bytes", "%ld", 12 * MB) == -ENOENT)
			put(CG "/near/rss.high_in_bytes", "%ld", 12 * MB);
		if (put(CG "/near/rss.wmark_low_in_bytes", "%ld", 10 * MB) == -ENOENT)
			put(CG "/near/rss.low_in_bytes", "%ld", 10 * MB);
	}
	enter("near");
	p = map((n + 4096) * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (i = 0; i < 4096; i++) {
		memset(p + i * PAGE, i, 64);
		if (i % 64 == 63)
			nanosleep(&pause, NULL);
	}
	hits = key(events, is_memcg || key(events, "limit") < 0 ? "max" : "limit");
	for (; i < 4096 + n; i++) {
		unsigned long start = instructions();

		*(volatile long *)(p + i * PAGE) = i * 0x9e3779b97f4a7c15;
		took[i - 4096] = instructions() - start;
		memset(p + i * PAGE + 8, i, 64);
		if (i % 64 == 63)
			nanosleep(&pause, NULL);
	}
	hits = key(events, is_memcg || key(events, "limit") < 0 ? "max" : "limit") - hits;
	qsort(took, n, sizeof(*took), by_value);
	fprintf(out, "%s_p50 %ld\n%s_p99 %ld\n%s_max %ld\n%s_hits %ld\n", name, took[n / 2], name,
		took[n * 99 / 100], name, took[n - 1], name, hits);
	fflush(out);
	enter("big");
	munmap(p, (n + 4096) * PAGE);
	rmdir(CG "/near");
}

/* What containers are made of.  Free memory would show what else the machine does. */
static long kernel_kb(void)
{
	return key("/proc/meminfo", "Slab") + key("/proc/meminfo", "Percpu");
}

/* Memory that a thousand empty containers take, each. */
static void empty_row(void)
{
	char path[64];
	long before, i;

	before = kernel_kb();
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), CG "/e%ld", i);
		if (mkdir(path, 0755)) {
			printf("mkdir %s: %s\n", path, strerror(errno));
			break;
		}
	}
	fprintf(out, "empty_container_bytes %ld\n",
		(kernel_kb() - before) * 1024 / 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), CG "/e%ld", i);
		rmdir(path);
	}
}

/* Tasks that fault at once, one on each processor, in one container or in one each. */
#define MAX_TASKS 8

static void lock_row(const char *name, int tasks, bool each)
{
	unsigned long seconds = getenv("seconds") ? atol(getenv("seconds")) : 12;
	char line[512], *class, place[16];
	long pages = 0, got;
	pid_t pid[MAX_TASKS];
	int p[2], i;
	FILE *f;

	for (i = 0; i < tasks; i++) {
		snprintf(place, sizeof(place), "l%d", i);
		limit(place, 512 * MB);
	}
	if (pipe(p))
		return;
	put("/proc/lock_stat", "0");
	put("/proc/sys/kernel/lock_stat", "1");
	for (i = 0; i < tasks; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			cpu_set_t cpus;
			long n = 0, end;

			CPU_ZERO(&cpus);
			CPU_SET(i, &cpus);
			sched_setaffinity(0, sizeof(cpus), &cpus);
			snprintf(place, sizeof(place), "l%d", each ? i : 0);
			enter(place);
			end = time(NULL) + seconds;
			while (time(NULL) < end) {
				fault_anon();
				n += 16 * MB / PAGE;
			}
			if (write(p[1], &n, sizeof(n)) != sizeof(n))
				_exit(1);
			_exit(0);
		}
	}
	for (i = 0; i < tasks; i++) {
		if (read(p[0], &got, sizeof(got)) == sizeof(got))
			pages += got;
	}
	for (i = 0; i < tasks; i++)
		waitpid(pid[i], NULL, 0);
	put("/proc/sys/kernel/lock_stat", "0");
	fprintf(out, "%s_pages %ld\n", name, pages);
	f = fopen("/proc/lock_stat", "r");
	while (f && fgets(line, sizeof(line), f)) {
		double cont, wmin, wmax, wtot, wavg, bounce, acq;
		char *colon = strrchr(line, ':');

		/* class: con-bounces contentions wait... acq-bounces acquisitions */
		if (!colon || sscanf(colon + 1, "%lf %lf %lf %lf %lf %lf %lf %lf", &bounce, &cont,
				     &wmin, &wmax, &wtot, &wavg, &bounce, &acq) != 8)
			continue;
		*colon = '\0';
		class = line + strspn(line, " &");
		for (char *c = class; *c; c++)
			if (*c == ' ')
				*c = '_';
		/* taken for each page, or for each batch of the LRU */
		if (acq < pages / 64)
			continue;
		/* wait times are microseconds; the share is of all CPUs' time */
		fprintf(out, "%s_lock %s %.0f %.0f %.4f\n", name, class, cont, acq,
			wtot / (1e6 * tasks * seconds) * 100);
	}
	if (f)
		fclose(f);
	fflush(out);
}

static void make_swap(void)
{
	int fd = open("/dev/zram0", O_RDWR);
	char page[PAGE] = { 0 };
	uint32_t *head = (uint32_t *)(page + 1024);

	head[0] = 1;
	head[1] = 256 * MB / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, page, PAGE, 0) != PAGE || fsync(fd) || swapon("/dev/zram0", 0))
		printf("no swap\n");
	close(fd);
}

int main(void)
{
	static char block[65536];
	char *p;
	int i;

	column = getenv("column");
	mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755);
	mkdir("/data", 0755), mkdir(CG, 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (mount("/dev/vda", "/data", "ext2", 0, NULL))
		printf("no disk: %s\n", strerror(errno));
	out = fopen("/dev/ttyS1", "w");
	put("/sys/block/zram0/disksize", "256M");
	make_swap();
	put("/sys/kernel/mm/lru_gen/enabled", getenv("lru_gen") ? "y" : "n");

	is_memcg = column && !strcmp(column, "memcg");
	is_rss = column && !strcmp(column, "rss");
	if (is_memcg) {
		mount("cg", CG, "cgroup2", 0, NULL);
		put(CG "/cgroup.subtree_control", "+memory");
	} else if (is_rss && mount("rss", CG, "cgroup", 0, "rss")) {
		printf("no rss: %s\n", strerror(errno));
		goto off;
	}

	if (getenv("locks")) {
		int tasks = atoi(getenv("locks"));

		if (tasks < 1 || tasks > MAX_TASKS)
			tasks = 2;
		lock_row("one", tasks, false);
		lock_row("each", tasks, true);
		goto off;
	}

	file = open("/data/f", O_RDWR | O_CREAT, 0600);
	for (i = 0; i < 16 * MB / (long)sizeof(block); i++)
		if (write(file, block, sizeof(block)) < 0)
			printf("write: %s\n", strerror(errno));
	fsync(file);

	limit("big", 512 * MB);
	enter("big");
	row("anon", ANON_TIMES * 16 * MB / PAGE, anon_round);
	row("file", FILE_TIMES * 16 * MB / PAGE, file_round);
	row("thp", 1, thp_round);
	turns_row("turns_one", "big");
	turns_row("turns_two", "two");
	p = map(64 * MB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch(p, 64 * MB);
	row("fork", FORK_TIMES, fork_round);
	munmap(p, 64 * MB);
	if ((is_memcg || is_rss) && wanted("reclaim"))
		reclaim_row("reclaim");
	if ((is_memcg || is_rss) && wanted("near")) {
		latency_row("near", false);
		if (is_rss)
			latency_row("wmark", true);
	}
	/* first, as slabs keep what others leave */
	if ((is_memcg || is_rss) && wanted("empty"))
		empty_row();
	if ((is_memcg || is_rss) && wanted("others"))
		others_row();
off:
	fprintf(out, "end 0\n");
	fflush(out);
	fclose(out);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
