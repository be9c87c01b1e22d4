/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of one method without end, and the latency of single calls.
 *
 *   flood SECONDS CALLS PATH INTERFACE METHOD [SIGNATURE ARGUMENT]
 *       keeps CALLS calls pending for that long; prints "served N, refused N".
 *       Descriptors in replies stay open, as a caller may keep them.
 *   flood --latency N PATH INTERFACE METHOD [SIGNATURE ARGUMENT]
 *       makes N calls, one after the other; prints the median and the 99th
 *       percentile in microseconds, then how many failed.
 *
 * SIGNATURE is "", "s", "ss" with two arguments, "t" or "u".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define SERVICE "org.rssd1"

struct method {
	const char *path, *interface, *member, *signature, *argument, *second;
};

static unsigned int served, refused, pending;

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int new_call(sd_bus *bus, const struct method *method, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, SERVICE, method->path, method->interface,
					       method->member);

	if (r < 0 || !*method->signature)
		return r;
	if (strcmp(method->signature, "ss") == 0)
		return sd_bus_message_append(*ret, "ss", method->argument, method->second);
	if (*method->signature == 's')
		return sd_bus_message_append(*ret, "s", method->argument);
	if (*method->signature == 't')
		return sd_bus_message_append(*ret, "t", strtoull(method->argument, NULL, 10));
	return sd_bus_message_append(*ret, "u", (uint32_t)strtoul(method->argument, NULL, 10));
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	int fd;

	pending--;
	if (sd_bus_message_is_method_error(reply, NULL)) {
		refused++;
		return 0;
	}
	served++;
	if (sd_bus_message_read(reply, "h", &fd) > 0)
		(void)fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int send_call(sd_bus *bus, const struct method *method)
{
	sd_bus_message *call = NULL;
	int r = new_call(bus, method, &call);

	if (r >= 0)
		r = sd_bus_call_async(bus, NULL, call, on_reply, NULL, UINT64_MAX);
	sd_bus_message_unref(call);
	if (r >= 0)
		pending++;
	return r;
}

static int flood(sd_bus *bus, unsigned int seconds, unsigned int calls, const struct method *method)
{
	uint64_t end = now_usec() + (uint64_t)seconds * 1000000;
	int r = 0;

	while (r >= 0 && now_usec() < end) {
		while (r >= 0 && pending < calls)
			r = send_call(bus, method);
		if (r >= 0)
			r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, 100000);
	}
	printf("served %u, refused %u\n", served, refused);
	return r;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static int latency(sd_bus *bus, unsigned int count, const struct method *method)
{
	uint64_t *usec = calloc(count, sizeof(*usec));
	unsigned int failed = 0;

	if (!usec)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = now_usec();
		sd_bus_message *call = NULL;
		int r = new_call(bus, method, &call);

		if (r >= 0)
			r = sd_bus_call(bus, call, 0, NULL, NULL);
		failed += r < 0;
		sd_bus_message_unref(call);
		usec[i] = now_usec() - start;
	}
	qsort(usec, count, sizeof(*usec), compare);
	printf("%llu %llu %u\n", (unsigned long long)usec[count / 2],
	       (unsigned long long)usec[(size_t)count * 99 / 100], failed);
	free(usec);
	return 0;
}

static struct method read_method(int argc, char *argv[])
{
	return (struct method){
		.path = argv[0],
		.interface = argv[1],
		.member = argv[2],
		.signature = argc > 3 ? argv[3] : "",
		.argument = argc > 4 ? argv[4] : "0",
		.second = argc > 5 ? argv[5] : "",
	};
}

int main(int argc, char *argv[])
{
	sd_bus *bus = NULL;
	int r;

	if (argc < 6) {
		fputs("flood SECONDS CALLS PATH INTERFACE METHOD [SIGNATURE ARGUMENT]\n"
		      "flood --latency N PATH INTERFACE METHOD [SIGNATURE ARGUMENT]\n",
		      stderr);
		return 2;
	}
	r = sd_bus_open_system(&bus);
	if (r >= 0) {
		struct method method = read_method(argc - 3, argv + 3);
		unsigned int count = (unsigned int)strtoul(argv[2], NULL, 10);

		if (strcmp(argv[1], "--latency") == 0)
			r = latency(bus, count, &method);
		else
			r = flood(bus, (unsigned int)strtoul(argv[1], NULL, 10), count, &method);
	}
	if (r < 0)
		fprintf(stderr, "flood: %s\n", strerror(-r));
	sd_bus_flush_close_unref(bus);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
