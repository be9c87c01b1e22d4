/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorization checks by polkit: see polkit.h. */
#include "bus/polkit.h"

#include <errno.h>
#include <stdlib.h>

#include "bus/message.h"
#include "shared/cleanup.h"

#define POLKIT_NAME	 "org.freedesktop.PolicyKit1"
#define POLKIT_PATH	 "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define POLKIT_MAY_ASK_USER 1U

/* polkit evaluates a rule at once; typing a password takes longer. */
#define ANSWER_USEC   (20ULL * 1000000)
#define PASSWORD_USEC (300ULL * 1000000)

struct polkit_question {
	sd_bus_slot *slot;
	polkit_fn fn;
	void *userdata;
};

DEFINE_CLEANUP(struct polkit_question *, polkit_question_free);

static enum auth_result result_of_error(const sd_bus_error *error)
{
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	    sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit") ||
	    sd_bus_error_has_name(error, "org.freedesktop.systemd1.UnitMasked"))
		return AUTH_ABSENT;
	return AUTH_NO_REPLY;
}

static enum auth_result read_result(sd_bus_message *reply)
{
	int authorized, challenge;

	if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}") < 0 ||
	    sd_bus_message_read(reply, "bb", &authorized, &challenge) < 0)
		return AUTH_NO_REPLY;
	if (authorized)
		return AUTH_YES;
	return challenge ? AUTH_CHALLENGE : AUTH_NO;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	struct polkit_question *question = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(reply);

	if (error)
		question->fn(result_of_error(error), error->message ?: error->name,
			     question->userdata);
	else
		question->fn(read_result(reply), "", question->userdata);
	return 1;
}

static int write_question(sd_bus_message *question, sd_bus_message *message, const char *action,
			  const char *container, const char *verb, bool may_ask_user)
{
	return sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name",
				     "s", sd_bus_message_get_sender(message), action, 2,
				     "container", container, "verb", verb,
				     may_ask_user ? POLKIT_MAY_ASK_USER : 0, "");
}

int polkit_ask(sd_bus_message *message, bool silent, const char *action, const char *container,
	       const char *verb, polkit_fn fn, void *userdata, struct polkit_question **ret)
{
	cleanup_(polkit_question_free_ptr) struct polkit_question *question =
		calloc(1, sizeof(*question));
	cleanup_(bus_message_unref_ptr) sd_bus_message *call = NULL;
	sd_bus *bus = sd_bus_message_get_bus(message);
	bool may_ask_user = !silent &&
			    sd_bus_message_get_allow_interactive_authorization(message) > 0;
	int r;

	if (!question)
		return -ENOMEM;
	question->fn = fn;
	question->userdata = userdata;
	r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CheckAuthorization");
	if (r >= 0)
		r = write_question(call, message, action, container, verb, may_ask_user);
	if (r >= 0)
		r = sd_bus_call_async(bus, &question->slot, call, on_answer, question,
				      may_ask_user ? PASSWORD_USEC : ANSWER_USEC);
	if (r < 0)
		return r;
	*ret = take_ptr(question);
	return 0;
}

struct polkit_question *polkit_question_free(struct polkit_question *question)
{
	if (!question)
		return NULL;
	sd_bus_slot_unref(question->slot);
	free(question);
	return NULL;
}
