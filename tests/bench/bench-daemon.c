/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the speed of rssd and of systemd's scopes: one figure a run, on standard output.
 * Both are measured alike: one client, one connection to the system bus, one call after
 * another, a new process for each round.
 *
 *   bench-daemon calls SECONDS
 *                             empty calls to rssd, which show what the bus takes; calls a second
 *   bench-daemon rounds SECONDS [persistent]
 *                             create with a limit, attach, remove; rounds a second
 *   bench-daemon scopes SECONDS
 *                             the same with transient scopes of systemd
 *   bench-daemon fill COUNT   make COUNT containers, named f00000 on
 *   bench-daemon empty COUNT  remove them
 *   bench-daemon time COUNT COMMAND...
 *                             run it COUNT times; the median in microseconds
 *   bench-daemon latency COUNT DIRECTORY FILE
 *                             a charge that hits the limit to its signal at a client:
 *                             median and 99th percentile in microseconds, how many
 *                             were measured, how many were never reported, and how many
 *                             event numbers were neither sent nor reported as lost. DIRECTORY
 *                             has the directories of containers, whose FILE counts the hits
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "librss/rss.h"

#define LIMIT	     (64ULL << 20)
#define SCOPE_NAME   "rssd-bench-%u.scope"
#define SYSTEMD	     "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER	     "org.freedesktop.systemd1.Manager"

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench-daemon: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* A process that waits until it is killed; the caller reaps it. */
static pid_t start_idle(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static struct rss_client *connect_rssd(void)
{
	struct rss_client *client;

	if (rss_open(&client) < 0)
		die("rssd", rss_error_message(NULL));
	return client;
}

static void check(struct rss_client *client, int r, const char *what)
{
	if (r < 0)
		die(what, rss_error_message(client));
}

/* --- rounds ------------------------------------------------------------------ */

enum { CREATE, ATTACH, REMOVE, STEPS };

/* Adds the time since the last step to @step, and starts the next one. */
static void stop_watch(uint64_t *since, uint64_t *step)
{
	uint64_t now = now_usec();

	*step += now - *since;
	*since = now;
}

static void one_round(struct rss_client *client, unsigned int i, bool transient,
		      uint64_t taken[static STEPS])
{
	struct rss_settings settings = {
		.set = RSS_SET_TRANSIENT | RSS_SET_LIMIT,
		.transient = transient,
		.limit = LIMIT,
	};
	struct rss_report *report;
	pid_t pid = start_idle();
	uint64_t since = now_usec();
	size_t count;
	char name[32];

	snprintf(name, sizeof(name), "bench%u", i);
	check(client, rss_create(client, name, &settings), "create");
	stop_watch(&since, &taken[CREATE]);
	check(client, rss_attach_pids(client, name, &pid, 1, false, &report, &count), "attach");
	stop_watch(&since, &taken[ATTACH]);
	if (count != 1 || report[0].outcome != RSS_MOVED)
		die("attach", "the process was not moved");
	rss_report_free(report, count);
	check(client, rss_remove(client, name, true), "remove");
	stop_watch(&since, &taken[REMOVE]);
	(void)waitpid(pid, NULL, 0);
}

static double rate(unsigned int rounds, uint64_t start)
{
	return rounds * 1e6 / (double)(now_usec() - start);
}

static int calls(uint64_t seconds)
{
	cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	uint64_t start;
	unsigned int i = 0;
	int r = sd_bus_open_system(&bus);

	start = now_usec();
	while (r >= 0 && now_usec() < start + seconds * 1000000) {
		r = sd_bus_call_method(bus, "org.rssd1", "/org/rssd1", "org.freedesktop.DBus.Peer",
				       "Ping", NULL, NULL, NULL);
		i++;
	}
	if (r < 0)
		die("Ping", strerror(-r));
	printf("%.1f\n", rate(i, start));
	return EXIT_SUCCESS;
}

static int rounds(uint64_t seconds, bool transient)
{
	struct rss_client *client = connect_rssd();
	uint64_t start = now_usec(), taken[STEPS] = { 0 };
	unsigned int i = 0;

	do
		one_round(client, i++, transient, taken);
	while (now_usec() < start + seconds * 1000000);
	printf("%.1f\n", rate(i, start));
	fprintf(stderr,
		"# create %" PRIu64 ", attach %" PRIu64 ", remove %" PRIu64 " microseconds\n",
		taken[CREATE] / i, taken[ATTACH] / i, taken[REMOVE] / i);
	rss_close(client);
	return EXIT_SUCCESS;
}

/* --- scopes ------------------------------------------------------------------ */

struct systemd {
	sd_bus *bus;
	char *job; /* waited for */
	bool done;
};

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct systemd *systemd = userdata;
	const char *path;
	uint32_t id;

	if (sd_bus_message_read(message, "uo", &id, &path) >= 0 && systemd->job &&
	    strcmp(path, systemd->job) == 0)
		systemd->done = true;
	return 0;
}

/* The call returns a job; the job is done when its signal has come. */
static void run_job(struct systemd *systemd, sd_bus_message *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *job;
	int r = sd_bus_call(systemd->bus, call, 0, &error, &reply);

	if (r < 0)
		die("systemd", error.message ?: strerror(-r));
	r = sd_bus_message_read(reply, "o", &job);
	systemd->job = strdup(job);
	systemd->done = false;
	while (r >= 0 && !systemd->done) {
		r = sd_bus_process(systemd->bus, NULL);
		if (r == 0 && !systemd->done)
			r = sd_bus_wait(systemd->bus, UINT64_MAX);
	}
	if (r < 0)
		die("systemd", strerror(-r));
	free(systemd->job);
	systemd->job = NULL;
	sd_bus_message_unref(reply);
	sd_bus_message_unref(call);
}

static void one_scope(struct systemd *systemd, unsigned int i)
{
	sd_bus_message *start, *stop;
	pid_t pid = start_idle();
	char name[40];
	int r;

	snprintf(name, sizeof(name), SCOPE_NAME, i);
	r = sd_bus_message_new_method_call(systemd->bus, &start, SYSTEMD, SYSTEMD_PATH, MANAGER,
					   "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(start, "ssa(sv)a(sa(sv))", name, "fail", 3, "PIDs", "au",
					  1, (uint32_t)pid, "MemoryMax", "t", LIMIT, "SendSIGKILL",
					  "b", 1, 0);
	if (r < 0)
		die("StartTransientUnit", strerror(-r));
	run_job(systemd, start);
	r = sd_bus_message_new_method_call(systemd->bus, &stop, SYSTEMD, SYSTEMD_PATH, MANAGER,
					   "StopUnit");
	if (r >= 0)
		r = sd_bus_message_append(stop, "ss", name, "fail");
	if (r < 0)
		die("StopUnit", strerror(-r));
	run_job(systemd, stop);
	(void)waitpid(pid, NULL, 0);
}

static int scopes(uint64_t seconds)
{
	struct systemd systemd = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	unsigned int i = 0;
	uint64_t start;
	int r = sd_bus_open_system(&systemd.bus);

	if (r >= 0)
		r = sd_bus_match_signal(systemd.bus, NULL, SYSTEMD, SYSTEMD_PATH, MANAGER,
					"JobRemoved", on_job_removed, &systemd);
	if (r >= 0)
		r = sd_bus_call_method(systemd.bus, SYSTEMD, SYSTEMD_PATH, MANAGER, "Subscribe",
				       &error, NULL, NULL);
	if (r < 0)
		die("systemd", error.message ?: strerror(-r));
	start = now_usec();
	do
		one_scope(&systemd, i++);
	while (now_usec() < start + seconds * 1000000);
	printf("%.1f\n", rate(i, start));
	sd_bus_flush_close_unref(systemd.bus);
	return EXIT_SUCCESS;
}

/* --- many -------------------------------------------------------------------- */

static int fill(unsigned int count, bool make)
{
	struct rss_client *client = connect_rssd();
	uint64_t start = now_usec();
	char name[32];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%05u", i);
		if (make)
			check(client, rss_create(client, name, NULL), "create");
		else
			check(client, rss_remove(client, name, false), "remove");
	}
	printf("%.1f\n", rate(count, start));
	rss_close(client);
	return EXIT_SUCCESS;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int time_command(unsigned int count, char *const command[])
{
	cleanup_free uint64_t *taken = calloc(count, sizeof(*taken));

	for (unsigned int i = 0; taken && i < count; i++) {
		uint64_t start = now_usec();
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, STDOUT_FILENO);
			execvp(command[0], command);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			die(command[0], "has failed");
		taken[i] = now_usec() - start;
	}
	if (!taken || count == 0)
		return EXIT_FAILURE;
	qsort(taken, count, sizeof(*taken), compare);
	printf("%" PRIu64 "\n", taken[count / 2]);
	return EXIT_SUCCESS;
}

/* --- latency ----------------------------------------------------------------- */

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
		die(taker->name, "its process is gone");
}

static int latency(unsigned int count, const char *directory, const char *file)
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
		die("latency", "no event was told");
	qsort(samples, n, sizeof(*samples), compare);
	printf("%" PRIu64 " %" PRIu64 " %u %u %" PRIu64 "\n", samples[n / 2], samples[n * 99 / 100],
	       n, missed, unexplained);
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int number = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;

	if (argc >= 3 && strcmp(what, "rounds") == 0)
		return rounds(number, !(argc > 3 && strcmp(argv[3], "persistent") == 0));
	if (argc == 3 && strcmp(what, "calls") == 0)
		return calls(number);
	if (argc == 3 && strcmp(what, "scopes") == 0)
		return scopes(number);
	if (argc == 3 && strcmp(what, "fill") == 0)
		return fill(number, true);
	if (argc == 3 && strcmp(what, "empty") == 0)
		return fill(number, false);
	if (argc > 3 && strcmp(what, "time") == 0)
		return time_command(number, argv + 3);
	if (argc == 5 && strcmp(what, "latency") == 0)
		return latency(number, argv[3], argv[4]);
	fputs("bench-daemon calls|rounds|scopes SECONDS, fill|empty COUNT, time COUNT COMMAND..., "
	      "latency COUNT DIRECTORY FILE\n",
	      stderr);
	return 2;
}
