/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who talks to us: see bus-peer.h. */
#include "bus/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/message.h"
#include "shared/cleanup.h"
#include "shared/clock.h"

static struct bus_peer *bus_peer_free(struct bus_peer *peer)
{
	if (peer->user)
		peer->user->peers--;
	sd_bus_track_unref(peer->track);
	free(peer->name);
	free(peer);
	return NULL;
}
DEFINE_CLEANUP(struct bus_peer *, bus_peer_free);

static int peer_left(sd_bus_track *track, void *userdata)
{
	struct bus_peer *peer = userdata;
	struct bus_peer **at = &peer->bus->peers;

	peer->bus->peer_left(peer);
	while (*at && *at != peer)
		at = &(*at)->next;
	if (*at)
		*at = peer->next;
	bus_peer_free(peer);
	return 0;
}

/* Who is not here and has nothing to wait for need not be known. */
static void forget_users(struct bus *bus)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	for (struct bus_user **at = &bus->users; *at;) {
		struct bus_user *user = *at;

		if (user->peers > 0 || !rate_is_full(&user->rate, now)) {
			at = &user->next;
			continue;
		}
		*at = user->next;
		free(user);
	}
}

static struct bus_user *find_user(struct bus *bus, uid_t uid)
{
	struct bus_user *user = bus->users;

	while (user && user->uid != uid)
		user = user->next;
	if (user)
		return user;
	forget_users(bus);
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->next = bus->users;
	bus->users = user;
	return user;
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
		r = sd_bus_track_new(bus->bus, &peer->track, peer_left, peer);
	if (r >= 0)
		r = sd_bus_track_add_sender(peer->track, message);
	if (r < 0)
		return r;
	peer->user = find_user(bus, peer->uid);
	if (!peer->user)
		return -ENOMEM;
	peer->user->peers++;
	peer->next = bus->peers;
	bus->peers = peer;
	*ret = take_ptr(peer);
	return 0;
}

int bus_peer_of(struct bus *bus, sd_bus_message *message, struct bus_peer **ret)
{
	const char *sender = sd_bus_message_get_sender(message);

	if (!sender)
		return -ENOTCONN;
	for (struct bus_peer *peer = bus->peers; peer; peer = peer->next) {
		if (!strcmp(peer->name, sender)) {
			*ret = peer;
			return 0;
		}
	}
	return bus_peer_new(bus, message, ret);
}

bool bus_peer_serve(struct bus_peer *peer)
{
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	if (peer->uid != 0 && !rate_allows(&peer->user->rate, now))
		return false;
	peer->bus->served = peer->user;
	peer->bus->served_since = now;
	return true;
}

void bus_peer_served(struct bus *bus)
{
	uint64_t now;

	if (!bus->served)
		return;
	now = clock_usec(CLOCK_MONOTONIC);
	rate_charge(&bus->served->rate, now, now - bus->served_since);
	bus->served = NULL;
}

void bus_peers_free(struct bus *bus)
{
	while (bus->peers) {
		struct bus_peer *peer = bus->peers;

		bus->peers = peer->next;
		bus_peer_free(peer);
	}
	while (bus->users) {
		struct bus_user *user = bus->users;

		bus->users = user->next;
		free(user);
	}
}
