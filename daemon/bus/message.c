/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures as replies, and whom and what a call is about: see message.h. */
#include "bus/message.h"

#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "shared/name.h"

void bus_send_failure(sd_bus_message *message, const char *container, const struct failure *failure)
{
	int r = -EAGAIN;

	for (int i = 0; i < 2 && r < 0; i++)
		r = sd_bus_reply_method_errorf(message, rss_error_to_name(failure->error), "%s",
					       failure->text);
	if (r < 0)
		log_message(LOG_WARNING, container, "A reply could not be sent: %s", strerror(-r));
}

int bus_answer_failure(sd_bus_message *message, int r, const struct failure *failure)
{
	if (failure->error == RSS_ERROR_NONE)
		return r;
	bus_send_failure(message, NULL, failure);
	return 1;
}

static void creds_unref(sd_bus_creds *creds)
{
	sd_bus_creds_unref(creds);
}
DEFINE_CLEANUP(sd_bus_creds *, creds_unref);

int bus_read_caller(sd_bus_message *message, uid_t *ret_uid, pid_t *ret_pid)
{
	cleanup_(creds_unref_ptr) sd_bus_creds *creds = NULL;
	int r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds);

	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, ret_uid);
	if (r >= 0)
		r = sd_bus_creds_get_pid(creds, ret_pid);
	return r;
}

char *bus_container_of_call(sd_bus_message *message)
{
	const char *text = "";
	char type, *name;

	if (name_from_object_path(sd_bus_message_get_path(message), &name) == 0)
		return name;
	if (sd_bus_message_peek_type(message, &type, NULL) > 0 && type == SD_BUS_TYPE_STRING &&
	    sd_bus_message_read_basic(message, type, &text) < 0)
		text = "";
	name = strdup(text);
	(void)sd_bus_message_rewind(message, true);
	return name;
}
