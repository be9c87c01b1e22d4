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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "bench-daemon.h"
#include "librss/rss.h"
#include "shared/cleanup.h"

#define LIMIT	     (64ULL << 20)
#define SCOPE_NAME   "rssd-bench-%u.scope"
#define SYSTEMD	     "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER	     "org.freedesktop.systemd1.Manager"

void die(const char *what, const char *why)
{
	fprintf(stderr, "bench-daemon: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Starts a process that waits until it is killed; the caller reaps it. */
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

struct rss_client *connect_rssd(void)
{
	struct rss_client *client;

	if (rss_open(&client) < 0)
		die("rssd", rss_error_message(NULL));
	return client;
}

void check(struct rss_client *client, int r, const char *what)
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

int compare_usec(const void *a, const void *b)
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
	qsort(taken, count, sizeof(*taken), compare_usec);
	printf("%" PRIu64 "\n", taken[count / 2]);
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
