/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.rssd1.Manager about what has happened. The vtable is at the bottom. */
#include <errno.h>
#include <string.h>

#include "bus-codec.h"
#include "bus.h"
#include "failure.h"
#include "manager.h"
#include "name.h"
#include "oom-history.h"

static int method_list_ooms(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	const struct oom_record *record;
	struct failure failure = { 0 };
	const char *container;
	int r = sd_bus_message_read(message, "s", &container);

	/* It need not be there any more. */
	if (r >= 0 && *container && name_problem(container))
		r = fail(&failure, RSS_ERROR_INVALID_NAME, "The name of a container %s",
			 name_problem(container));
	if (r < 0)
		return bus_answer_failure(r, &failure, error);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
	for (size_t i = 0; r >= 0 && (record = oom_history_at(bus->manager->ooms, i)); i++) {
		if (!*container || oom_concerns(record, container))
			r = bus_append_oom(reply, record);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

const sd_bus_vtable bus_history_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("ListOOMs", SD_BUS_ARGS("s", container),
				SD_BUS_RESULT("aa{sv}", records), method_list_ooms, BUS_GUARDED),
	SD_BUS_VTABLE_END,
};
