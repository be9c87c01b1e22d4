/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes rssd's name on the bus, and sends events that the kernels of the tests do not have:
 *
 *   fake-rssd EVENT...
 *
 * An event is "limit NUMBER", "reclaimed NUMBER", "wmark_high NUMBER", "wmark_low NUMBER" or
 * "lost FIRST LAST". All are sent when a client asks for the number of the next event, which it
 * does after it has subscribed; the first must have the number 1. The time of an event is its
 * number in seconds. There is no history: GetEvents returns none. It runs until it is killed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define MANAGER	  "org.rssd1.Manager"
#define CONTAINER "org.rssd1.Container"
#define WEB	  "/org/rssd1/container/web"

static uint64_t next = 1;
static bool asked;

static int get_events(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	asked = true;
	return sd_bus_reply_method_return(message, "ta(tstsa{sv})", next, 0);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetEvents", "tt", "ta(tstsa{sv})", get_events, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static int emit(sd_bus *bus, const char *event)
{
	uint64_t first, last, time;
	char kind[16];

	if (sscanf(event, "%15s %" SCNu64, kind, &first) != 2)
		return -EINVAL;
	next = first + 1;
	time = first * 1000000;
	if (strcmp(kind, "limit") == 0)
		return sd_bus_emit_signal(bus, WEB, CONTAINER, "LimitHit", "ttttt", first,
					  UINT64_C(4096), UINT64_C(8192), UINT64_C(3), time);
	if (strcmp(kind, "reclaimed") == 0)
		return sd_bus_emit_signal(bus, WEB, CONTAINER, "Reclaimed", "ttttt", first,
					  UINT64_C(2048), UINT64_C(4096), UINT64_C(8192), time);
	if (strcmp(kind, "lost") != 0)
		return sd_bus_emit_signal(bus, WEB, CONTAINER, "Watermark", "tstt", first, kind,
					  UINT64_C(4096), time);
	if (sscanf(event, "%*s %*u %" SCNu64, &last) != 1)
		return -EINVAL;
	next = last + 1;
	return sd_bus_emit_signal(bus, "/org/rssd1", MANAGER, "EventsLost", "ttt", first, last,
				  time);
}

static int wait_for_more(sd_bus *bus)
{
	int r = sd_bus_process(bus, NULL);

	return r == 0 ? sd_bus_wait(bus, UINT64_MAX) : r;
}

int main(int argc, char *argv[])
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/rssd1", MANAGER, vtable, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.rssd1", 0);
	while (r >= 0 && !asked)
		r = wait_for_more(bus);
	for (int i = 1; r >= 0 && i < argc; i++)
		r = emit(bus, argv[i]);
	while (r >= 0)
		r = wait_for_more(bus);
	fprintf(stderr, "fake-rssd: %s\n", strerror(-r));
	sd_bus_unref(bus);
	return EXIT_FAILURE;
}
