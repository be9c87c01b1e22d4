/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients and their users: see peer.h. */
#include "bus/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "container/manager.h"
#include "host/subordinate-ids.h"
#include "shared/cleanup.h"
#include "shared/clock.h"

/* --- users ------------------------------------------------------------------------- */

static void log_suppressed(struct bus_user *user, uint64_t now)
{
	unsigned int suppressed = log_window_take(&user->log, now);

	if (suppressed > 0)
		log_info("%u more calls of user %u were refused", suppressed,
			 (unsigned int)user->uid);
}

/* Frees users that have no client and a full share. */
static void forget_idle_users(struct bus *bus)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	struct bus_user *user;

	list_for_each_entry(user, &bus->users, link) {
		if (user->peers > 0 || user->log.suppressed > 0 || !rate_is_full(&user->rate, now))
			continue;
		list_remove(&user->link);
		free(user);
	}
}

static struct bus_user *find_user(const struct bus *bus, uid_t uid)
{
	struct bus_user *user;

	list_for_each_entry(user, &bus->users, link) {
		if (user->uid == uid)
			return user;
	}
	return NULL;
}

/* The user that @uid counts as: itself, or the owner if it is a subordinate uid. */
static struct bus_user *get_user(struct bus *bus, uid_t uid)
{
	struct bus_user *user = find_user(bus, uid);

	if (user)
		return user;
	uid = subordinate_owner_here(uid);
	user = find_user(bus, uid);
	if (user)
		return user;
	forget_idle_users(bus);
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	*user = (struct bus_user){
		.uid = uid,
		.rate = { .burst = USER_BURST_USEC, .share = USER_SHARE },
	};
	list_add(&bus->users, &user->link);
	return user;
}

static unsigned int count_users(const struct bus *bus)
{
	const struct bus_user *user;
	unsigned int n = 0;

	list_for_each_entry(user, &bus->users, link)
		n += user->uid != 0;
	return n;
}

static int on_log_window_end(sd_event_source *source, uint64_t usec, void *userdata)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	struct bus *bus = userdata;
	struct bus_user *user;
	bool pending = false;

	list_for_each_entry(user, &bus->users, link) {
		log_suppressed(user, now);
		pending |= user->log.suppressed > 0;
	}
	if (!pending)
		return 0;
	(void)sd_event_source_set_time_relative(source, LOG_WINDOW_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* There is no timer while nothing is suppressed: an idle rssd does not wake up. */
static void arm_log_timer(struct bus *bus)
{
	int enabled = SD_EVENT_OFF;

	if (!bus->log_timer) {
		(void)sd_event_add_time_relative(bus->event, &bus->log_timer, CLOCK_MONOTONIC,
						 LOG_WINDOW_USEC, 0, on_log_window_end, bus);
		return;
	}
	(void)sd_event_source_get_enabled(bus->log_timer, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(bus->log_timer, LOG_WINDOW_USEC);
	(void)sd_event_source_set_enabled(bus->log_timer, SD_EVENT_ONESHOT);
}

bool bus_user_may_log(struct bus_user *user, struct bus *bus)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	log_suppressed(user, now);
	if (log_window_allows(&user->log, now))
		return true;
	arm_log_timer(bus);
	return false;
}

/* --- clients ------------------------------------------------------------------------ */

static struct bus_peer *bus_peer_free(struct bus_peer *peer)
{
	list_remove(&peer->link);
	if (peer->user)
		peer->user->peers--;
	sd_bus_track_unref(peer->track);
	free(peer->name);
	free(peer);
	return NULL;
}
DEFINE_CLEANUP(struct bus_peer *, bus_peer_free);

static int on_peer_left(sd_bus_track *track, void *userdata)
{
	struct bus_peer *peer = userdata;

	peer->bus->peer_left(peer);
	bus_peer_free(peer);
	return 0;
}

static int bus_peer_new(struct bus *bus, sd_bus_message *message, struct bus_peer **ret)
{
	cleanup_(bus_peer_free_ptr) struct bus_peer *peer = calloc(1, sizeof(*peer));
	int r;

	if (!peer)
		return -ENOMEM;
	peer->bus = bus;
	peer->name = strdup(sd_bus_message_get_sender(message));
	if (!peer->name)
		return -ENOMEM;
	r = bus_read_caller(message, &peer->uid, &peer->pid);
	if (r >= 0)
		r = sd_bus_track_new(bus->bus, &peer->track, on_peer_left, peer);
	if (r >= 0)
		r = sd_bus_track_add_sender(peer->track, message);
	if (r < 0)
		return r;
	peer->user = get_user(bus, peer->uid);
	if (!peer->user)
		return -ENOMEM;
	peer->user->peers++;
	list_add(&bus->peers, &peer->link);
	*ret = take_ptr(peer);
	return 0;
}

int bus_peer_of(struct bus *bus, sd_bus_message *message, struct bus_peer **ret)
{
	const char *sender = sd_bus_message_get_sender(message);
	struct bus_peer *peer;

	if (!sender)
		return -ENOTCONN;
	list_for_each_entry(peer, &bus->peers, link) {
		if (!strcmp(peer->name, sender)) {
			*ret = peer;
			return 0;
		}
	}
	return bus_peer_new(bus, message, ret);
}

/* --- shares of time ------------------------------------------------------------------- */

static void charge(struct bus *bus, struct bus_user *user, uint64_t now, uint64_t usec)
{
	rate_charge(&user->rate, now, usec);
	if (user->uid != 0)
		rate_charge(&bus->all_users, now, usec);
}

bool bus_peer_serve(struct bus_peer *peer)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	struct bus *bus = peer->bus;

	if (peer->uid != 0 &&
	    !rate_allows_user(&peer->user->rate, &bus->all_users, count_users(bus), now))
		return false;
	bus->served = peer->user;
	bus->served_since = now;
	return true;
}

void bus_peer_served(struct bus *bus)
{
	uint64_t now;

	if (!bus->served)
		return;
	now = clock_usec(CLOCK_MONOTONIC);
	charge(bus, bus->served, now, now - bus->served_since);
	bus->served = NULL;
}

void bus_user_charge(struct bus *bus, uid_t uid, uint64_t usec)
{
	struct bus_user *user = find_user(bus, uid);

	if (user)
		charge(bus, user, clock_usec(CLOCK_MONOTONIC), usec);
}

uid_t bus_viewer(struct bus *bus, sd_bus_message *message)
{
	struct bus_peer *peer;

	if (!bus->manager->hides_processes)
		return VIEWER_ALL;
	if (!message || bus_peer_of(bus, message, &peer) < 0)
		return VIEWER_NONE;
	return peer->uid;
}

void bus_peers_free(struct bus *bus)
{
	struct bus_peer *peer;
	struct bus_user *user;

	list_for_each_entry(peer, &bus->peers, link)
		bus_peer_free(peer);
	list_for_each_entry(user, &bus->users, link) {
		list_remove(&user->link);
		free(user);
	}
	bus->log_timer = sd_event_source_disable_unref(bus->log_timer);
}
