/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process with a known memory usage, for the tests and the demo. It prints
 * "ready" when it has allocated, and then waits for a signal.
 *
 *   hog anon SIZE        touch SIZE bytes of anonymous memory
 *   hog file PATH [N]    map a file and read every page of it, N times over
 *   hog lock SIZE        as anon, but locked
 *   hog ebb SIZE         as lock, and give back a page of it a hundred times a second
 *   hog hold SIZE        wait for a line on standard input, then anon
 *   hog headless SIZE    end the main thread, and wait in another that has SIZE bytes
 *   hog vfork SIZE       as anon, but stay in vfork(), with a child that waits
 *   hog write SIZE PATH  as lock, and then write to the file, again and again
 *   hog crash NAME       take that name, and read address 0
 *   hog fork COUNT       be a tree of COUNT processes, each child of an earlier one
 *   hog zombie COUNT     leave COUNT children unwaited for, and print their pids
 *   hog spawn RATE       fork RATE children a second, each ending soon; the child of every tenth
 *                        lives on for seconds, an orphan. All are named "sprout" and in a session
 *                        of their own
 *   hog bomb COUNT       start COUNT chains of children that fork the next and end, for ever, in
 *                        a session of their own
 *   hog storm COUNT [FILE]  fork COUNT times, a child that forks the next and ends; begin when
 *                        the file exists
 *   hog reaper COMMAND   run a command, and reap all orphans of it: init is too slow for a storm,
 *                        and no process could be forked on the machine
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void wait_for_signal(void)
{
	for (;;)
		pause();
}

static size_t parse(const char *text)
{
	char *end;
	size_t size = strtoull(text, &end, 10);

	switch (*end) {
	case 'G':
		size <<= 10;
		/* fall through */
	case 'M':
		size <<= 10;
		/* fall through */
	case 'K':
		size <<= 10;
	}
	return size;
}

static void pause_usec(long usec)
{
	struct timespec span = { .tv_sec = usec / 1000000, .tv_nsec = usec % 1000000 * 1000 };

	nanosleep(&span, NULL);
}

/* Reclaim makes progress as long as there are pages left. */
static void give_back(char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += 4096) {
		(void)munmap(memory + i, 4096);
		pause_usec(10000);
	}
}

static int take_anonymous(size_t size, int lock, int ebb)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || (lock && mlock(memory, size) < 0)) {
		perror("hog");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = (char)(i >> 12);
	ready();
	if (ebb)
		give_back(memory, size);
	wait_for_signal();
	return EXIT_SUCCESS;
}

static int map_file(const char *path, unsigned long rounds)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	const volatile char *memory; /* each read is done */

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(path);
		return EXIT_FAILURE;
	}
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		perror(path);
		return EXIT_FAILURE;
	}
	for (unsigned long round = 0; round < rounds; round++) {
		for (off_t i = 0; i < st.st_size; i += 4096)
			(void)memory[i];
	}
	ready();
	wait_for_signal();
	return EXIT_SUCCESS;
}

/*
 * Not a chain: the tree branches at every second process. One process forks at a time: a process
 * that is preempted during fork() blocks moves between cgroups, and a blocked move blocks all
 * other forks of the machine.
 * done: is closed when the subtree is complete, or -1
 */
static int fork_tree(unsigned long count, int done)
{
	for (unsigned long left = count - 1; left > 0;) {
		unsigned long share = left / 2 + 1;
		int subtree[2];
		pid_t child;
		char none;

		if (pipe(subtree) < 0) {
			perror("pipe");
			return EXIT_FAILURE;
		}
		child = fork();
		if (child < 0) {
			perror("fork");
			return EXIT_FAILURE;
		}
		if (child == 0) {
			/* The tree ends with the test. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(subtree[0]);
			if (done >= 0)
				close(done);
			return fork_tree(share, subtree[1]);
		}
		close(subtree[1]);
		/* Returns when the child has closed its end, or has died. */
		(void)!read(subtree[0], &none, sizeof(none));
		close(subtree[0]);
		left -= share;
	}
	ready();
	if (done >= 0)
		close(done);
	wait_for_signal();
	return EXIT_SUCCESS;
}

static int fork_storm(unsigned long count, const char *file)
{
	ready();
	/* A minute at most: the test that makes the file may have been killed. */
	for (int turn = 0; file && access(file, F_OK) < 0; turn++) {
		if (turn == 60000)
			return EXIT_FAILURE;
		(void)usleep(1000);
	}
	while (count-- > 0) {
		pid_t child = fork();

		if (child < 0)
			return EXIT_FAILURE;
		if (child > 0)
			_exit(EXIT_SUCCESS);
	}
	wait_for_signal();
	return EXIT_SUCCESS;
}

static int reaper(char *command[])
{
	pid_t child;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	/* The kernel reaps the children of a process that ignores this signal. */
	signal(SIGCHLD, SIG_IGN);
	while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR)
		;
	return child < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The first process stays as the handle of the chains, which end with it. */
static int bomb(unsigned long count)
{
	pid_t root = getpid();

	(void)setsid();
	/* This process reaps the children: init could not do so in time. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_IGN);
	for (; count > 0; count--) {
		pid_t child = fork();

		if (child < 0)
			return EXIT_FAILURE;
		while (child == 0 && kill(root, 0) == 0) {
			child = fork();
			if (child != 0)
				_exit(EXIT_SUCCESS);
		}
		if (child == 0)
			_exit(EXIT_SUCCESS);
	}
	ready();
	wait_for_signal();
	return EXIT_SUCCESS;
}

static int spawn(long rate)
{
	struct timespec begin, now;
	pid_t root = getpid();

	prctl(PR_SET_NAME, "sprout");
	(void)setsid();
	signal(SIGCHLD, SIG_IGN);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	ready();
	for (long n = 0;; n++) {
		pid_t child = fork();

		if (child == 0) {
			if (n % 10 == 0 && fork() == 0) {
				/* All of them end soon, even if the test is killed. */
				for (int i = 0; i < 20 && kill(root, 0) == 0; i++)
					pause_usec(100000);
				_exit(EXIT_SUCCESS);
			}
			if (n % 10)
				pause_usec(20000);
			_exit(EXIT_SUCCESS);
		}
		/* Makes up for the time that the machine was busy. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - begin.tv_sec) * 1000000L + (now.tv_nsec - begin.tv_nsec) / 1000 <
		    n * 1000000L / rate)
			pause_usec(1000000L / rate);
	}
}

static int leave_zombies(unsigned long count)
{
	siginfo_t info;

	while (count-- > 0) {
		pid_t child = fork();

		if (child < 0)
			return EXIT_FAILURE;
		if (child == 0)
			_exit(EXIT_SUCCESS);
		/* Until it has ended it is a process like others. */
		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0)
			return EXIT_FAILURE;
		printf("%d\n", (int)child);
	}
	ready();
	wait_for_signal();
	return EXIT_SUCCESS;
}

/* Prints "ready" when the main thread is a zombie. */
static void *run_headless(void *size)
{
	struct timespec nap = { .tv_nsec = 5 * 1000 * 1000 };
	char path[64], text[256] = "", *state = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	while (!state || strncmp(state, ") Z", 3) != 0) {
		FILE *stat = fopen(path, "r");

		if (stat && fgets(text, sizeof(text), stat))
			state = strrchr(text, ')');
		if (stat)
			fclose(stat);
		nanosleep(&nap, NULL);
	}
	exit(take_anonymous(*(size_t *)size, 0, 0));
}

static int headless(size_t wanted)
{
	static size_t size;
	pthread_t thread;

	size = wanted;
	if (pthread_create(&thread, NULL, run_headless, &size) != 0)
		return EXIT_FAILURE;
	pthread_exit(NULL);
}

/* The parent goes on when its child has ended; until then both have one mm. */
static int wait_in_vfork(size_t size)
{
	char *memory = malloc(size);

	if (!memory)
		return EXIT_FAILURE;
	memset(memory, 1, size);
	ready();
	if (vfork() == 0) {
		wait_for_signal();
		_exit(0);
	}
	return 0;
}

/* The write waits as long as the file system is frozen. */
static int write_repeatedly(size_t size, const char *path)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *memory = malloc(size);

	if (fd < 0 || !memory || mlock(memory, size) < 0)
		return EXIT_FAILURE;
	memset(memory, 1, size);
	ready();
	while (pwrite(fd, memory, 1, 0) == 1)
		nanosleep(&nap, NULL);
	return EXIT_FAILURE;
}

/* The kernel logs it with the names of the process and of its program. */
static int crash(const char *name)
{
	const volatile char *volatile nothing = NULL;

	(void)prctl(PR_SET_NAME, name);
	return *nothing;
}

int main(int argc, char *argv[])
{
	const char *what = argc > 2 ? argv[1] : "";
	char line[16];

	if (strcmp(what, "anon") == 0)
		return take_anonymous(parse(argv[2]), 0, 0);
	if (strcmp(what, "lock") == 0)
		return take_anonymous(parse(argv[2]), 1, 0);
	if (strcmp(what, "ebb") == 0)
		return take_anonymous(parse(argv[2]), 1, 1);
	if (strcmp(what, "headless") == 0)
		return headless(parse(argv[2]));
	if (strcmp(what, "vfork") == 0)
		return wait_in_vfork(parse(argv[2]));
	if (strcmp(what, "hold") == 0) {
		puts("waiting");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return EXIT_FAILURE;
		return take_anonymous(parse(argv[2]), 0, 0);
	}
	if (strcmp(what, "file") == 0)
		return map_file(argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
	if (strcmp(what, "crash") == 0)
		return crash(argv[2]);
	if (strcmp(what, "write") == 0 && argc > 3)
		return write_repeatedly(parse(argv[2]), argv[3]);
	if (strcmp(what, "fork") == 0)
		return fork_tree(strtoul(argv[2], NULL, 10), -1);
	if (strcmp(what, "zombie") == 0)
		return leave_zombies(strtoul(argv[2], NULL, 10));
	if (strcmp(what, "bomb") == 0)
		return bomb(strtoul(argv[2], NULL, 10));
	if (strcmp(what, "spawn") == 0)
		return spawn(atol(argv[2]));
	if (strcmp(what, "reaper") == 0)
		return reaper(argv + 2);
	if (strcmp(what, "storm") == 0)
		return fork_storm(strtoul(argv[2], NULL, 10), argv[3]);
	fputs("hog anon|lock|ebb|hold|headless|vfork SIZE, hog file PATH [N], hog write SIZE PATH, hog crash NAME, hog fork|storm|bomb|zombie COUNT, hog spawn RATE, hog reaper COMMAND\n",
	      stderr);
	return 2;
}
