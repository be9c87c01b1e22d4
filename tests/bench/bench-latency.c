/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latency of LimitHit, from the charge that hits the limit to the signal at a client. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-daemon.h"
#include "librss/rss.h"
#include "shared/cleanup.h"

/* Events of a kind are limited to some per second and container: samples stay below that. */
#define CONTAINERS	8
#define BETWEEN_USEC	(600 * 1000 / CONTAINERS)
#define SAMPLE_LIMIT	(4ULL << 20)
#define SAMPLE_MAX_USEC (5 * 1000 * 1000)

/* A process near its limit that allocates pages on request until one hits the limit. */
struct taker {
	char name[16];
	pid_t pid;
	int go;
	uint64_t signalled; /* when the signal came */
};

/* Shared with the takers: when each touched the page that hit its limit. */
static volatile uint64_t *went;

static uint64_t limit_hits(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		_exit(EXIT_FAILURE);
	return strtoull(text, NULL, 10);
}

static void take(int go, unsigned int index, const char *counter, size_t page)
{
	char *memory = mmap(NULL, 1ULL << 30, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t at = 0;
	int fd = -1;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (memory == MAP_FAILED)
		_exit(EXIT_FAILURE);
	while (read(go, &c, 1) == 1) {
		uint64_t before;

		/* The container exists since the first request. */
		if (fd < 0)
			fd = open(counter, O_RDONLY | O_CLOEXEC);
		before = limit_hits(fd);
		do {
			went[index] = now_usec();
			memory[at] = 1;
			at += page;
		} while (limit_hits(fd) == before && at < 1ULL << 30);
	}
	_exit(EXIT_SUCCESS);
}

static void start_taker(struct rss_client *client, struct taker *taker, unsigned int index,
			const char *directory, const char *file)
{
	cleanup_free char *counter = NULL;
	struct rss_settings settings = { .set = RSS_SET_LIMIT, .limit = SAMPLE_LIMIT };
	struct rss_report *report;
	size_t count;
	int fds[2];

	if (pipe(fds) < 0)
		die("pipe", strerror(errno));
	snprintf(taker->name, sizeof(taker->name), "late%u", index);
	if (asprintf(&counter, "%s/%s/%s", directory, taker->name, file) < 0)
		die("latency", "out of memory");
	taker->go = fds[1];
	taker->pid = fork();
	if (taker->pid == 0) {
		close(fds[1]);
		take(fds[0], index, counter, (size_t)sysconf(_SC_PAGESIZE));
	}
	close(fds[0]);
	check(client, rss_create(client, taker->name, &settings), "create");
	check(client, rss_attach_pids(client, taker->name, &taker->pid, 1, false, &report, &count),
	      "attach");
	rss_report_free(report, count);
}

/* Event numbers increase by one, and a range of lost ones is reported. */
static uint64_t next_sequence, unexplained;

static void check_sequence(const struct rss_event *event)
{
	if (event->sequence == 0)
		return;
	if (next_sequence != 0 && event->sequence > next_sequence)
		unexplained += event->sequence - next_sequence;
	next_sequence = (event->kind == RSS_EVENT_LOST ? event->last : event->sequence) + 1;
}

static void on_event(const struct rss_event *event, void *userdata)
{
	struct taker *takers = userdata;
	unsigned int index;

	check_sequence(event);

	if (event->kind == RSS_EVENT_LIMIT_HIT && sscanf(event->container, "late%u", &index) == 1 &&
	    index < CONTAINERS && !takers[index].signalled)
		takers[index].signalled = now_usec();
}

/* Handles messages for @usec, or until @taker's signal has come. */
static void listen_for(struct rss_client *client, uint64_t usec, const struct taker *taker)
{
	uint64_t end = now_usec() + usec;

	while (now_usec() < end && !(taker && taker->signalled))
		(void)rss_wait(client, end - now_usec());
}

static void push(struct taker *taker)
{
	taker->signalled = 0;
	if (write(taker->go, "", 1) != 1)
		die(taker->name, "its process has ended");
}

int latency(unsigned int count, const char *directory, const char *file)
{
	struct rss_client *client = connect_rssd();
	cleanup_free uint64_t *samples = calloc(count, sizeof(*samples));
	struct taker takers[CONTAINERS] = { 0 };
	unsigned int n = 0, missed = 0;

	went = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(client, rss_subscribe(client, on_event, takers), "subscribe");
	for (unsigned int i = 0; i < CONTAINERS; i++) {
		start_taker(client, &takers[i], i, directory, file);
		push(&takers[i]);
		listen_for(client, SAMPLE_MAX_USEC, &takers[i]);
	}
	while (samples && n < count && missed < count) {
		struct taker *taker = &takers[(n + missed) % CONTAINERS];
		unsigned int index = (unsigned int)(taker - takers);

		listen_for(client, BETWEEN_USEC, NULL);
		push(taker);
		listen_for(client, SAMPLE_MAX_USEC, taker);
		if (taker->signalled && taker->signalled > went[index])
			samples[n++] = taker->signalled - went[index];
		else
			missed++;
	}
	for (unsigned int i = 0; i < CONTAINERS; i++) {
		kill(takers[i].pid, SIGKILL);
		(void)waitpid(takers[i].pid, NULL, 0);
		(void)rss_remove(client, takers[i].name, true);
	}
	rss_close(client);
	if (n == 0)
		die("latency", "no event was reported");
	qsort(samples, n, sizeof(*samples), compare_usec);
	printf("%" PRIu64 " %" PRIu64 " %u %u %" PRIu64 "\n", samples[n / 2], samples[n * 99 / 100],
	       n, missed, unexplained);
	return EXIT_SUCCESS;
}
