/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorization filter: see authorize.h. The policy is policy/access-policy.c. */
#include "bus/authorize.h"

#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "base/message-ids.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "bus/own-call.h"
#include "bus/peer.h"
#include "bus/pending-call.h"
#include "bus/polkit.h"
#include "container/manager.h"
#include "policy/access-policy.h"
#include "shared/clock.h"
#include "shared/name.h"
#include "store/config.h"

/* The authorization of a call so far. All zero: polkit was not asked. */
struct answer {
	enum access_operation asked; /* what polkit was asked about, with @result */
	bool silent;		     /* it could not ask for a password */
	enum auth_result result;
};

/* A call that waits for polkit, or is dispatched again with its reply. */
struct bus_check {
	struct bus *bus;
	struct bus_peer *peer;
	sd_bus_message *message;
	struct answer answer;
	struct polkit_question *question;
	struct list_link link; /* in bus->checks */
};

static struct bus_check *bus_check_free(struct bus_check *check)
{
	list_remove(&check->link);
	polkit_question_free(check->question);
	sd_bus_message_unref(check->message);
	free(check);
	return NULL;
}
DEFINE_CLEANUP(struct bus_check *, bus_check_free);

static struct bus_check *find_pending_check(const struct bus *bus, const sd_bus_message *message)
{
	struct bus_check *check;

	list_for_each_entry(check, &bus->checks, link) {
		if (check->message == message)
			return check;
	}
	return NULL;
}

void bus_authorize_forget(struct bus_peer *peer)
{
	struct bus_check *check;

	list_for_each_entry(check, &peer->bus->checks, link) {
		if (check->peer == peer)
			bus_check_free(check);
	}
}

void bus_authorize_close(struct bus *bus)
{
	struct bus_check *check;

	list_for_each_entry(check, &bus->checks, link)
		bus_check_free(check);
}

/* --- the object of a call ---------------------------------------------------------- */

/* polkit is not asked about an object that does not exist: sd-bus replies to that. */
static bool object_exists(const struct bus *bus, const char *path)
{
	cleanup_free char *name = NULL;

	return name_from_object_path(path, &name) < 0 || manager_find(bus->manager, name);
}

/* --- polkit --------------------------------------------------------------------------- */

/* A broken polkit is reported a few times; further calls are only counted. */
static bool may_log_polkit(struct bus *bus)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	unsigned int suppressed = log_window_take(&bus->polkit_log, now);

	if (suppressed > 0)
		log_warning("polkit did not reply to %u more calls", suppressed);
	return log_window_allows(&bus->polkit_log, now);
}

/* A missing polkit is a property of the machine: it is logged once, not for each call. */
static void log_no_polkit(const struct bus_check *check, enum auth_result result, const char *why)
{
	struct bus *bus = check->bus;

	if (result == AUTH_ABSENT && !bus->polkit_missed)
		log_warning("polkit is not running (%s), so only root may change containers; "
			    "install polkitd to authorize other users",
			    why);
	else if (result == AUTH_NO_REPLY && may_log_polkit(bus))
		log_warning("polkit did not reply (%s), so the call is refused; see "
			    "systemctl status polkit",
			    *why ? why : "the reply cannot be parsed");
	bus->polkit_missed = result == AUTH_ABSENT;
}

static void on_polkit_result(enum auth_result result, const char *why, void *userdata)
{
	struct bus_check *check = userdata;
	int r;

	log_no_polkit(check, result, why);
	check->answer.result = result;
	check->question = polkit_question_free(check->question);
	r = sd_bus_enqueue_for_read(check->bus->bus, check->message);
	if (r < 0) {
		if (bus_user_may_log(check->peer->user, check->bus))
			log_warning("Cannot dispatch an authorized call: %s", strerror(-r));
		(void)sd_bus_reply_method_errno(check->message, r, NULL);
		bus_check_free(check);
	}
}

static unsigned int checks_of_uid(const struct bus *bus, uid_t uid)
{
	const struct bus_check *check;
	unsigned int n = 0;

	list_for_each_entry(check, &bus->checks, link)
		n += check->peer->user->uid == uid;
	return n;
}

static int ask_polkit(struct bus *bus, struct bus_peer *peer, sd_bus_message *message,
		      enum access_operation operation, bool silent, struct failure *failure)
{
	cleanup_(bus_check_free_ptr) struct bus_check *check = NULL;
	cleanup_free char *container = bus_container_of_call(message);
	int r;

	r = bus_call_check_pending(bus, peer->user->uid, checks_of_uid(bus, peer->user->uid),
				   failure);
	if (r < 0)
		return r;
	check = calloc(1, sizeof(*check));
	if (!check || !container)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	check->bus = bus;
	check->peer = peer;
	check->message = sd_bus_message_ref(message);
	check->answer = (struct answer){ .asked = operation, .silent = silent };
	list_add(&bus->checks, &check->link);
	r = polkit_ask(message, silent, access_polkit_action(operation), container,
		       sd_bus_message_get_member(message), on_polkit_result, check,
		       &check->question);
	if (r < 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "Cannot ask polkit: %s",
			    strerror(-r));
	(void)take_ptr(check);
	return 0;
}

/* --- the filter ------------------------------------------------------------------------ */

static bool is_for_us(sd_bus_message *message)
{
	const char *path = sd_bus_message_get_path(message);

	return sd_bus_message_is_method_call(message, NULL, NULL) > 0 && path &&
	       !strncmp(path, BUS_PATH, strlen(BUS_PATH));
}

/* Properties, introspection and the like, which sd-bus serves itself: they only read. */
static bool is_standard(sd_bus_message *message)
{
	const char *interface = sd_bus_message_get_interface(message);

	return interface &&
	       !strncmp(interface, "org.freedesktop.DBus.", strlen("org.freedesktop.DBus."));
}

static void log_refused(const struct bus_peer *peer, const char *method)
{
	struct log_field_list fields = { 0 };

	log_field_add(&fields, "RSSD_METHOD=%s", method);
	log_field_add(&fields, "RSSD_REQUESTER_UID=%u", (unsigned int)peer->uid);
	log_field_add(&fields, "RSSD_REQUESTER_PID=%d", (int)peer->pid);
	log_fields(LOG_INFO, MESSAGE_ACCESS_REFUSED, NULL, fields.list,
		   "%s refused to user %u (process %d)", method, (unsigned int)peer->uid,
		   (int)peer->pid);
	log_field_list_done(&fields);
}

static int refuse(enum access_operation operation, const struct bus_peer *peer,
		  sd_bus_message *message, enum auth_result result, sd_bus_error *error)
{
	struct failure failure = { 0 };
	int r = access_refuse(operation, peer->uid, result, &failure);

	if (bus_user_may_log(peer->user, peer->bus))
		log_refused(peer, sd_bus_message_get_member(message));
	/* A client that receives this name may try again with interactive authorization. */
	if (result == AUTH_CHALLENGE)
		return sd_bus_error_set(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
					failure.text);
	return bus_answer_failure(message, r, &failure);
}

static int refuse_busy(const struct bus_peer *peer, sd_bus_message *message)
{
	struct failure failure = { 0 };
	int r = fail(&failure, RSS_ERROR_TOO_MANY,
		     "User %u has used up its share of rssd's time; call less often",
		     (unsigned int)peer->uid);

	return bus_answer_failure(message, r, &failure);
}

enum access_operation bus_operation_of(const char *member)
{
	static const sd_bus_vtable *const vtables[] = {
		bus_manager_vtable,   bus_settings_vtable, bus_history_vtable,
		bus_container_vtable, bus_process_vtable,
	};

	for (size_t i = 0; i < ARRAY_SIZE(vtables); i++) {
		for (const sd_bus_vtable *row = vtables[i]; row->type != _SD_BUS_VTABLE_END;
		     row++) {
			if (row->type == _SD_BUS_VTABLE_METHOD &&
			    strcmp(row->x.method.member, member) == 0)
				return bus_row_operation(row);
		}
	}
	return ACCESS_ROOT;
}

/* The operation that the caller needs the right for, if it is no owner. */
static enum access_operation operation_of_call(sd_bus_message *message)
{
	return is_standard(message) ? ACCESS_QUERY
				    : bus_operation_of(sd_bus_message_get_member(message));
}

/* The answer to another question does not count. Root may have changed the owner meanwhile. */
static int refuse_changed(const struct bus_peer *peer, sd_bus_message *message)
{
	struct failure failure = { 0 };
	int r = fail(
		&failure, RSS_ERROR_ACCESS_DENIED,
		"The owner of the container has changed, so user %u may not do this; try again",
		(unsigned int)peer->uid);

	return bus_answer_failure(message, r, &failure);
}

/*
 * A user with the right for all containers has it in its own as well, in which an owner's right is
 * less. So polkit is asked about that right first, without a password, and about the owner's if it
 * refuses. Returns the operation to decide about; *silent is true for the first question.
 */
static enum access_operation operation_of_owner(enum access_operation for_all,
						struct answer *answer, bool *silent)
{
	if (answer->result == AUTH_NOT_ASKED) {
		*silent = true;
		return for_all;
	}
	if (answer->silent && answer->result == AUTH_YES)
		return for_all;
	if (answer->silent && (answer->result == AUTH_NO || answer->result == AUTH_CHALLENGE))
		*answer = (struct answer){ 0 };
	else if (answer->silent) /* polkit would not reply to the second question either */
		answer->asked = ACCESS_OWN;
	return ACCESS_OWN;
}

static int authorize(struct bus *bus, struct bus_peer *peer, sd_bus_message *message,
		     struct answer answer, sd_bus_error *error)
{
	enum access_operation operation = operation_of_call(message);
	bool own = !is_standard(message) && own_call_is(bus, message, peer->uid), silent = false;
	struct failure failure = { 0 };
	int r;

	if (own)
		operation = operation_of_owner(operation, &answer, &silent);
	else if (answer.silent && answer.result != AUTH_YES)
		return refuse_changed(peer, message);
	if (answer.result != AUTH_NOT_ASKED && answer.asked != operation)
		return refuse_changed(peer, message);
	switch (access_decide(operation, peer->uid, answer.result)) {
	case ACCESS_ALLOW:
		bus->own_call = operation == ACCESS_OWN;
		return 0;
	case ACCESS_ASK:
		if (!object_exists(bus, sd_bus_message_get_path(message)))
			return 0;
		r = ask_polkit(bus, peer, message, operation, silent, &failure);
		return r < 0 ? bus_answer_failure(message, r, &failure) : 1;
	default:
		return refuse(operation, peer, message, answer.result, error);
	}
}

/* Return: 0 to dispatch the call; 1 if its reply is pending, or it is refused; or negative. */
int bus_authorize_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct answer answer = { 0 };
	struct failure failure = { 0 };
	struct bus *bus = userdata;
	struct bus_check *check;
	struct bus_peer *peer;
	int r;

	bus->own_call = false;
	if (!is_for_us(message))
		return 0;
	r = bus_peer_of(bus, message, &peer);
	if (r < 0) {
		/* Most likely it has left already. */
		r = fail(&failure, RSS_ERROR_ACCESS_DENIED, "Cannot identify the caller: %s",
			 strerror(-r));
		return bus_answer_failure(message, r, &failure);
	}
	check = find_pending_check(bus, message);
	if (check) {
		answer = check->answer;
		bus_check_free(check);
	} else if (!bus_peer_serve(peer)) {
		return refuse_busy(peer, message);
	}
	return authorize(bus, peer, message, answer, error);
}
