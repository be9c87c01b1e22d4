/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door: see bus-access.h. What is let in is decided in access.c. */
#include "bus/authorize.h"

#include <stdlib.h>
#include <string.h>

#include "policy/access-policy.h"
#include "bus/pending-call.h"
#include "bus/message.h"
#include "bus/peer.h"
#include "bus/bus.h"
#include "store/config.h"
#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "shared/name.h"
#include "bus/polkit.h"

/* A call that waits for polkit, or comes in again with its answer. */
struct bus_check {
	struct bus *bus;
	struct bus_peer *peer;
	sd_bus_message *message;
	enum access_opinion opinion;
	struct polkit_question *question;
	struct bus_check *next;
};

static struct bus_check *bus_check_free(struct bus_check *check)
{
	struct bus_check **at = &check->bus->checks;

	while (*at && *at != check)
		at = &(*at)->next;
	if (*at)
		*at = check->next;
	polkit_question_free(check->question);
	sd_bus_message_unref(check->message);
	free(check);
	return NULL;
}
DEFINE_CLEANUP(struct bus_check *, bus_check_free);

static struct bus_check *find_check(const struct bus *bus, const sd_bus_message *message)
{
	struct bus_check *check = bus->checks;

	while (check && check->message != message)
		check = check->next;
	return check;
}

void bus_access_forget(struct bus_peer *peer)
{
	struct bus_check *next;

	for (struct bus_check *check = peer->bus->checks; check; check = next) {
		next = check->next;
		if (check->peer == peer)
			bus_check_free(check);
	}
}

void bus_access_close(struct bus *bus)
{
	while (bus->checks)
		bus_check_free(bus->checks);
}

/* --- what it is about -------------------------------------------------------------- */

/* The container that a call is about, as far as rules of polkit want to know it. */
static char *container_of_call(sd_bus_message *message)
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

/* Nobody is asked for what is not there: the answer to that is sd-bus's. */
static bool leads_somewhere(const struct bus *bus, const char *path)
{
	cleanup_free char *name = NULL;

	return name_from_object_path(path, &name) < 0 || manager_find(bus->manager, name);
}

/* --- asking --------------------------------------------------------------------------- */

/* Once, until polkit is there again: a missing one is a matter of the machine, not of a call. */
static void log_opinion(struct bus *bus, enum access_opinion opinion, const char *why)
{
	if (opinion == ACCESS_ABSENT && !bus->polkit_missed)
		log_warning("polkit is not there (%s), so only root may change containers; "
			    "install polkitd to let others",
			    why);
	else if (opinion == ACCESS_SILENT)
		log_warning("polkit gave no answer (%s), so the call is refused; look at "
			    "systemctl status polkit",
			    *why ? why : "it is not understood");
	bus->polkit_missed = opinion == ACCESS_ABSENT;
}

static void answered(enum access_opinion opinion, const char *why, void *userdata)
{
	struct bus_check *check = userdata;
	int r;

	log_opinion(check->bus, opinion, why);
	check->opinion = opinion;
	check->question = polkit_question_free(check->question);
	r = sd_bus_enqueue_for_read(check->bus->bus, check->message);
	if (r < 0) {
		log_warning("A call could not be taken up again: %s", strerror(-r));
		(void)sd_bus_reply_method_errno(check->message, r, NULL);
		bus_check_free(check);
	}
}

static unsigned int checks_of_uid(const struct bus *bus, uid_t uid)
{
	unsigned int n = 0;

	for (const struct bus_check *check = bus->checks; check; check = check->next)
		n += check->peer->uid == uid;
	return n;
}

static int ask(struct bus *bus, struct bus_peer *peer, sd_bus_message *message,
	       enum access_deed deed, struct failure *failure)
{
	uint64_t most = bus->manager->config->pending_max;
	cleanup_(bus_check_free_ptr) struct bus_check *check = NULL;
	cleanup_free char *container = container_of_call(message);
	int r;

	if (checks_of_uid(bus, peer->uid) + bus_calls_of_uid(bus, peer->uid) >= most)
		return bus_call_too_many(bus, peer->uid, failure);
	check = calloc(1, sizeof(*check));
	if (!check || !container)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	check->bus = bus;
	check->peer = peer;
	check->message = sd_bus_message_ref(message);
	check->next = bus->checks;
	bus->checks = check;
	r = polkit_ask(message, access_action(deed), container, sd_bus_message_get_member(message),
		       answered, check, &check->question);
	if (r < 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "polkit cannot be asked: %s",
			    strerror(-r));
	(void)take_ptr(check);
	return 0;
}

/* --- the door -------------------------------------------------------------------------- */

static bool is_for_us(sd_bus_message *message)
{
	const char *path = sd_bus_message_get_path(message);

	return sd_bus_message_is_method_call(message, NULL, NULL) > 0 && path &&
	       !strncmp(path, BUS_PATH, strlen(BUS_PATH));
}

/* Properties, introspection and the like, which sd-bus serves by itself: they only tell. */
static bool is_standard(sd_bus_message *message)
{
	const char *interface = sd_bus_message_get_interface(message);

	return interface &&
	       !strncmp(interface, "org.freedesktop.DBus.", strlen("org.freedesktop.DBus."));
}

static int refuse(enum access_deed deed, const struct bus_peer *peer, sd_bus_message *message,
		  enum access_opinion opinion, sd_bus_error *error)
{
	struct failure failure = { 0 };
	int r = access_explain(deed, peer->uid, opinion, &failure);

	log_info("%s refused to user %u (process %d)", sd_bus_message_get_member(message),
		 (unsigned int)peer->uid, (int)peer->pid);
	/* The name by which a client knows that it may ask again and let its user be asked. */
	if (opinion == ACCESS_CHALLENGE)
		return sd_bus_error_set(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
					failure.text);
	return bus_answer_failure(r, &failure, error);
}

static int busy(const struct bus_peer *peer, sd_bus_error *error)
{
	struct failure failure = { 0 };
	int r = fail(&failure, RSS_ERROR_TOO_MANY,
		     "User %u has used up its share of rssd's time; call less often",
		     (unsigned int)peer->uid);

	return bus_answer_failure(r, &failure, error);
}

static int judge(struct bus *bus, struct bus_peer *peer, sd_bus_message *message,
		 enum access_opinion opinion, sd_bus_error *error)
{
	enum access_deed deed = is_standard(message)
					? ACCESS_LOOK
					: access_deed_of(sd_bus_message_get_member(message));
	struct failure failure = { 0 };
	int r;

	switch (access_decide(deed, peer->uid, opinion)) {
	case ACCESS_ALLOW:
		return 0;
	case ACCESS_ASK:
		if (!leads_somewhere(bus, sd_bus_message_get_path(message)))
			return 0;
		r = ask(bus, peer, message, deed, &failure);
		return r < 0 ? bus_answer_failure(r, &failure, error) : 1;
	default:
		return refuse(deed, peer, message, opinion, error);
	}
}

/* 0: on to the object; 1: an answer is on its way; negative: refused. */
int bus_access_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	enum access_opinion opinion = ACCESS_NOT_ASKED;
	struct failure failure = { 0 };
	struct bus *bus = userdata;
	struct bus_check *check;
	struct bus_peer *peer;
	int r;

	if (!is_for_us(message))
		return 0;
	r = bus_peer_of(bus, message, &peer);
	if (r < 0) {
		/* It has left already, most likely: nothing is done for nobody. */
		r = fail(&failure, RSS_ERROR_ACCESS_DENIED, "Who calls cannot be found out: %s",
			 strerror(-r));
		return bus_answer_failure(r, &failure, error);
	}
	check = find_check(bus, message);
	if (check) {
		opinion = check->opinion;
		bus_check_free(check);
	} else if (!bus_peer_serve(peer)) {
		return busy(peer, error);
	}
	return judge(bus, peer, message, opinion, error);
}
