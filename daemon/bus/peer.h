/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clients on the bus and their users. The bus is asked once for the uid and
 * pid of a sender: it never reuses a unique name, so the reply stays valid.
 *
 * Every user except root has a bounded share of rssd's time and of its log lines,
 * and all of them together leave half of the time to root.
 */
#ifndef RSSD_BUS_PEER_H
#define RSSD_BUS_PEER_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "policy/ratelimit.h"
#include "shared/list.h"

struct bus;

struct bus_user {
	uid_t uid; /* of the user, whose subordinate uids share its limits */
	struct rate rate;
	struct log_window log;
	unsigned int peers;    /* its clients on the bus */
	struct list_link link; /* in bus->users */
};

struct bus_peer {
	struct bus *bus;
	char *name; /* the unique name */
	uid_t uid;
	pid_t pid;
	struct bus_user *user;
	sd_bus_track *track;
	struct list_link link; /* in bus->peers */
};

/**
 * bus_peer_of() - the sender of a message
 *
 * The peer exists until the loop learns that its name has left the bus.
 *
 * Return: 0, or a negative errno: the sender has already left, or out of memory.
 */
int bus_peer_of(struct bus *bus, sd_bus_message *message, struct bus_peer **ret);

/**
 * bus_peer_serve() - begin to serve a message of @peer
 *
 * The time until bus_peer_served(), which the loop calls at the end of each
 * iteration, is charged to the user.
 *
 * Return: false if the user has used up its share for now.
 */
bool bus_peer_serve(struct bus_peer *peer);
void bus_peer_served(struct bus *bus);

/**
 * bus_user_charge() - charge a user for time that was spent on its behalf later
 * @usec: of the loop or of a worker
 */
void bus_user_charge(struct bus *bus, uid_t uid, uint64_t usec);

/**
 * bus_user_may_log() - check whether a line that this user can cause may be logged
 *
 * If not, the line is counted, and a later line says how many were suppressed.
 */
bool bus_user_may_log(struct bus_user *user, struct bus *bus);

/*
 * Whose processes the sender of @message may see: an argument of access_sees(). @message is NULL
 * for a signal, which goes to all users.
 */
uid_t bus_viewer(struct bus *bus, sd_bus_message *message);

/* Forgets all clients and users, when the bus is closed. */
void bus_peers_free(struct bus *bus);

#endif
