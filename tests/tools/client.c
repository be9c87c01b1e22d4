/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client for calls that rssctl does not make.
 *
 *   client by-pidfd PID          print the container that a pidfd's process is in
 *   client change-metrics        try to change the text of the metrics
 *   client create-many PARENT N  make the containers PARENT/n1 to PARENT/nN
 *   client come-and-go N         make and remove N transient containers, one after the other
 *   client flood-properties MB   send that many megabytes of properties at once
 *   client flood-calls N METHOD  call the method N times without waiting; count the replies
 *   client within MS [PID]       list the containers by rss_open_within(); PID is stopped before
 *   client set-timeout MS PID    the same by rss_set_timeout(), with a connection that has time
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "librss/rss.h"

static int by_pidfd(pid_t pid)
{
	struct rss_container *container;
	struct rss_client *client;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), r;

	if (rss_open(&client) < 0)
		return EXIT_FAILURE;
	r = rss_get_by_pidfd(client, fd, &container);
	if (r < 0) {
		fprintf(stderr, "%s\n", rss_error_message(client));
		rss_close(client);
		return EXIT_FAILURE;
	}
	puts(container->name);
	rss_container_free(container);
	close(fd);
	rss_close(client);
	return EXIT_SUCCESS;
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	(void)!fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	return strstr(text, ") T ");
}

/* A process that runs on another processor stops a little later than kill() returns. */
static void stop_process(pid_t pid)
{
	kill(pid, SIGSTOP);
	for (int i = 0; i < 5000 && !is_stopped(pid); i++)
		usleep(1000);
}

/* Prints how it ended. @later: rss_set_timeout() sets the time. */
static int within(uint64_t ms, pid_t stop, bool later)
{
	struct rss_container **containers;
	struct rss_client *client = NULL;
	size_t count;
	int r = rss_open_within(later ? 60000000 : ms * 1000, &client);

	if (r >= 0 && later)
		r = rss_set_timeout(client, ms * 1000);
	if (r >= 0) {
		if (stop)
			stop_process(stop);
		r = rss_list(client, &containers, &count);
		if (r >= 0)
			rss_list_free(containers, count);
		rss_close(client);
	}
	puts(r < 0 ? strerrorname_np(-r) : "listed");
	return EXIT_SUCCESS;
}

static int change_metrics(void)
{
	struct rss_client *client;
	int fd, status = EXIT_FAILURE;

	if (rss_open(&client) < 0)
		return EXIT_FAILURE;
	if (rss_dump_metrics(client, &fd) < 0) {
		fprintf(stderr, "%s\n", rss_error_message(client));
	} else {
		if (pwrite(fd, "x", 1, 0) < 0 && ftruncate(fd, 0) < 0) {
			puts("cannot be changed");
			status = EXIT_SUCCESS;
		}
		close(fd);
	}
	rss_close(client);
	return status;
}

static int come_and_go(unsigned int count)
{
	struct rss_settings settings = { .set = RSS_SET_TRANSIENT, .transient = true };
	struct rss_client *client;
	char name[32];
	int r = 0;

	if (rss_open(&client) < 0)
		return EXIT_FAILURE;
	for (unsigned int i = 0; i < count && r >= 0; i++) {
		snprintf(name, sizeof(name), "guest%u", i);
		r = rss_create(client, name, &settings);
		if (r >= 0)
			r = rss_remove(client, name, false);
	}
	if (r < 0)
		fprintf(stderr, "%s\n", rss_error_message(client));
	rss_close(client);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int flood_properties(size_t megabytes)
{
	size_t length = megabytes << 20;
	char *value = malloc(length + 1);
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	int r;

	if (!value || sd_bus_open_system(&bus) < 0)
		return EXIT_FAILURE;
	memset(value, 'x', length);
	value[length] = '\0';
	r = sd_bus_call_method(bus, "org.rssd1", "/org/rssd1", "org.rssd1.Manager",
			       "CreateContainer", &error, NULL, "sa{sv}", "flood", 2, "Limit", "t",
			       (uint64_t)1 << 30, value, "s", value);
	free(value);
	printf("%s: %s\n", r < 0 ? "refused" : "taken", error.message ? error.message : "");
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static unsigned int served, refused;

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	if (sd_bus_message_is_method_error(reply, NULL))
		refused++;
	else
		served++;
	return 0;
}

static int flood_calls(unsigned int count, const char *method)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	for (unsigned int i = 0; i < count && r >= 0; i++)
		r = sd_bus_call_method_async(bus, NULL, "org.rssd1", "/org/rssd1",
					     "org.rssd1.Manager", method, on_reply, NULL, NULL);
	while (r >= 0 && served + refused < count) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	printf("served %u, refused %u\n", served, refused);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int create_many(const char *parent, unsigned int count)
{
	struct rss_client *client;
	char name[256];
	int r = rss_open(&client);

	for (unsigned int i = 1; i <= count && r >= 0; i++) {
		snprintf(name, sizeof(name), "%s/n%u", parent, i);
		r = rss_create(client, name, NULL);
		/* It has used up its share of the time of rssd: wait for the next one. */
		if (r < 0 && strstr(rss_error_message(client), "call less often")) {
			(void)usleep(100000);
			r = 0;
			i--;
		}
		if (r < 0)
			fprintf(stderr, "%s: %s\n", name, rss_error_message(client));
	}
	rss_close(client);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "by-pidfd") == 0)
		return by_pidfd((pid_t)atoi(argv[2]));
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "within") == 0)
		return within(strtoul(argv[2], NULL, 10), argc == 4 ? (pid_t)atoi(argv[3]) : 0,
			      false);
	if (argc == 4 && strcmp(argv[1], "set-timeout") == 0)
		return within(strtoul(argv[2], NULL, 10), (pid_t)atoi(argv[3]), true);
	if (argc == 2 && strcmp(argv[1], "change-metrics") == 0)
		return change_metrics();
	if (argc == 4 && strcmp(argv[1], "create-many") == 0)
		return create_many(argv[2], (unsigned int)atoi(argv[3]));
	if (argc == 3 && strcmp(argv[1], "come-and-go") == 0)
		return come_and_go((unsigned int)atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "flood-properties") == 0)
		return flood_properties(strtoul(argv[2], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "flood-calls") == 0)
		return flood_calls((unsigned int)strtoul(argv[2], NULL, 10), argv[3]);
	fputs("client by-pidfd PID | change-metrics | come-and-go N | create-many PARENT N | flood-calls N METHOD | flood-properties MEGABYTES | within MS [PID]\n",
	      stderr);
	return 2;
}
