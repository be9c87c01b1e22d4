/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many calls at once, for a number of seconds. Fails if rssd leaves the bus or does not answer.
 *
 *   stress read SECONDS N        keep N calls in flight that read all containers, four methods in
 *                               turn; prints how many were answered and how many refused
 *   stress churn SECONDS PREFIX  create nested containers, lower a limit by force while they are
 *                               removed, and remove the rest; prints how often
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define NAME	  "org.rssd1"
#define MANAGER	  "org.rssd1.Manager"
#define CONTAINER "org.rssd1.Container"
#define PATH	  "/org/rssd1"

/* A refused call is sent again after this. */
#define PAUSE_USEC (2 * 1000)

static const struct {
	const char *path, *interface, *member;
} reads[] = {
	{ PATH, MANAGER, "ListContainers" },
	{ PATH, MANAGER, "ListCounters" },
	{ PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
	{ PATH, MANAGER, "DumpMetrics" },
};

static sd_bus *bus;
static uint64_t deadline;
static unsigned int in_flight, answered, refused;
static bool lost; /* rssd does not run, or does not answer */

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int sent(int r)
{
	in_flight += r >= 0;
	return r;
}

static int count_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *e = sd_bus_message_get_error(reply);

	in_flight--;
	if (!e)
		answered++;
	else if (strncmp(e->name, "org.rssd1.", strlen("org.rssd1.")) == 0)
		refused++;
	else if (strcmp(e->name, SD_BUS_ERROR_UNKNOWN_OBJECT) != 0 &&
		 strcmp(e->name, SD_BUS_ERROR_UNKNOWN_METHOD) != 0)
		lost = true;
	if (lost)
		fprintf(stderr, "%s: %s\n", e->name, e->message);
	return 0;
}

/* Handles the replies that have arrived, or waits for one until @until at most. */
static int turn(uint64_t until)
{
	int r = sd_bus_process(bus, NULL);
	uint64_t now = now_usec();

	if (r == 0)
		r = sd_bus_wait(bus, until > now ? until - now : 0);
	return r;
}

static int read_all(unsigned int most)
{
	unsigned int next = 0, refused_before = 0;
	uint64_t pause_until = 0;
	int r = 0;

	while (r >= 0 && !lost && (in_flight || now_usec() < deadline)) {
		if (refused != refused_before)
			pause_until = now_usec() + PAUSE_USEC;
		refused_before = refused;
		while (r >= 0 && in_flight < most && now_usec() < deadline &&
		       now_usec() >= pause_until) {
			size_t i = next++ % (sizeof(reads) / sizeof(reads[0]));

			r = sd_bus_call_method_async(bus, NULL, NAME, reads[i].path,
						     reads[i].interface, reads[i].member,
						     count_reply, NULL, NULL);
			(void)sent(r);
		}
		if (r >= 0)
			r = turn(in_flight < most ? pause_until : UINT64_MAX);
	}
	printf("answered %u, refused %u\n", answered, refused);
	return r < 0 || lost || answered == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int send_create(const char *name)
{
	return sent(sd_bus_call_method_async(bus, NULL, NAME, PATH, MANAGER, "CreateContainer",
					     count_reply, NULL, "sa{sv}", name, 1, "Limit", "t",
					     (uint64_t)64 << 20));
}

static int send_remove(const char *name)
{
	return sent(sd_bus_call_method_async(bus, NULL, NAME, PATH, MANAGER, "RemoveContainer",
					     count_reply, NULL, "sa{sv}", name, 1, "force", "b",
					     1));
}

static int send_limit(const char *path, uint64_t limit)
{
	return sent(sd_bus_call_method_async(bus, NULL, NAME, path, CONTAINER, "SetLimit",
					     count_reply, NULL, "ta{sv}", limit, 1, "mode", "s",
					     "force"));
}

/* Waits for all replies. */
static int settle(int r)
{
	while (r >= 0 && !lost && in_flight > 0)
		r = turn(UINT64_MAX);
	return r;
}

/* A limit by force, and removals of what it would kill in, all under way at the same time. */
static int churn_once(unsigned int round, const char *path, const char *const names[3])
{
	uint64_t limit = (uint64_t)(32 + round % 8) << 20;
	int r = 0;

	for (size_t i = 0; i < 3 && r >= 0; i++)
		r = settle(send_create(names[i]));
	if (r >= 0 && round % 2)
		r = send_limit(path, limit);
	if (r >= 0)
		r = send_remove(names[1]);
	if (r >= 0 && round % 2 == 0)
		r = send_limit(path, limit);
	r = settle(r);
	return r < 0 ? r : settle(send_remove(names[0]));
}

static int churn(const char *prefix)
{
	char parent[64], child[64], grandchild[64], path[128];
	const char *names[] = { parent, child, grandchild };
	unsigned int round = 0;
	int r = 0;

	snprintf(parent, sizeof(parent), "%s", prefix);
	snprintf(child, sizeof(child), "%s/child", prefix);
	snprintf(grandchild, sizeof(grandchild), "%s/child/grandchild", prefix);
	snprintf(path, sizeof(path), "/org/rssd1/container/%s", prefix);
	while (r >= 0 && !lost && now_usec() < deadline)
		r = churn_once(round++, path, names);
	printf("rounds %u, answered %u, refused %u\n", round, answered, refused);
	return r < 0 || lost || answered == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	if (argc != 4 || (strcmp(argv[1], "read") && strcmp(argv[1], "churn"))) {
		fputs("stress read SECONDS N | stress churn SECONDS PREFIX\n", stderr);
		return 2;
	}
	if (sd_bus_open_system(&bus) < 0)
		return EXIT_FAILURE;
	deadline = now_usec() + strtoul(argv[2], NULL, 10) * 1000000;
	return strcmp(argv[1], "read") == 0 ? read_all((unsigned int)strtoul(argv[3], NULL, 10))
					    : churn(argv[3]);
}
