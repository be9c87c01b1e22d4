/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls by the rights of an owner (policy/access-policy.h): what the methods check in
 * addition. A call is one if authorize.c has asked polkit about manage-own for it: the caller has
 * no right for all containers.
 */
#ifndef RSSD_BUS_OWN_CALL_H
#define RSSD_BUS_OWN_CALL_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "policy/access-policy.h"

struct bus;
struct bus_call;
struct container;
struct failure;
struct settings_change;

/* Returns true if @user may call @method about the container @name as its owner. */
bool own_call_may(const struct bus *bus, const char *method, const char *name, uid_t user);
/* The same of a call that was not read yet. */
bool own_call_is(const struct bus *bus, sd_bus_message *message, uid_t user);

/* Each returns 0, or a failure if @call is by an owner and exceeds its rights; 0 for other calls. */
int own_call_check_settings(const struct bus_call *call, const char *name,
			    const struct settings_change *change, struct failure *failure);
/* @what: what is not for owners, as the end of a sentence; NULL: nothing */
int own_call_check_option(const struct bus_call *call, const char *what, struct failure *failure);
/* The operation is also on what is nested in it. */
int own_call_check_nested(const struct bus_call *call, const struct container *container,
			  struct failure *failure);

/* Replies to a call of Freeze, @userdata, and logs it. */
void own_call_frozen(int error, const struct failure *failure, void *userdata);

/* Freezes the container of an owner if all processes in it are the owner's, and replies. */
int own_call_freeze(struct bus_call *call, struct container *container);

#endif
