/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who talks to us. The bus is asked for uid and pid of a sender once: it gives
 * no unique name a second time, so they hold. Each user but root has a share of
 * rssd's time, so that one who floods it does not keep it from the others.
 */
#ifndef RSSD_BUS_PEER_H
#define RSSD_BUS_PEER_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "policy/ratelimit.h"

struct bus;

struct bus_user {
	uid_t uid;
	struct rate rate;
	unsigned int peers; /* of it */
	struct bus_user *next;
};

struct bus_peer {
	struct bus *bus;
	char *name; /* the unique one */
	uid_t uid;
	pid_t pid;
	struct bus_user *user;
	sd_bus_track *track;
	struct bus_peer *next;
};

/**
 * bus_peer_of() - the sender of a message
 *
 * The peer is there until its name leaves the bus, as the loop hears of it.
 *
 * Return: 0, or a negative errno: it has left already, or out of memory.
 */
int bus_peer_of(struct bus *bus, sd_bus_message *message, struct bus_peer **ret);

/*
 * A message of @peer begins to be served: false where its user has used up the
 * share that it has just now. What is done until bus_peer_served(), which the
 * loop calls after each of its turns, counts for that user.
 */
bool bus_peer_serve(struct bus_peer *peer);
void bus_peer_served(struct bus *bus);

/* Forgets all of them, when the bus is closed. */
void bus_peers_free(struct bus *bus);

#endif
