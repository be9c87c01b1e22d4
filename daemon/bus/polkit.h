/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One authorization check by polkit, without blocking. The result is passed to a callback
 * once, from the event loop.
 */
#ifndef RSSD_POLKIT_H
#define RSSD_POLKIT_H

#include <systemd/sd-bus.h>

#include "policy/access-policy.h"

/* @result: never AUTH_NOT_ASKED. @why: the bus's error if there was no reply, else "". */
typedef void (*polkit_fn)(enum auth_result result, const char *why, void *userdata);

struct polkit_question;

/**
 * polkit_ask() - start a check
 * @message: the call; its sender is the subject
 * @silent: polkit may not ask for a password, even if the flags of the call allow it
 * @action: as in org.rssd1.policy
 * @container: action.lookup("container") in polkit rules
 * @verb: action.lookup("verb") in polkit rules: the method
 *
 * Freeing the question cancels it: @fn is not called.
 *
 * Return: 0, or a negative errno.
 */
int polkit_ask(sd_bus_message *message, bool silent, const char *action, const char *container,
	       const char *verb, polkit_fn fn, void *userdata, struct polkit_question **ret);
struct polkit_question *polkit_question_free(struct polkit_question *question);

#endif
