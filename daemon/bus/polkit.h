/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to polkit: may the sender of a message do an action? It is
 * asked without waiting; the answer comes from the loop, once.
 */
#ifndef RSSD_POLKIT_H
#define RSSD_POLKIT_H

#include <systemd/sd-bus.h>

#include "policy/access-policy.h"

/* Never ACCESS_NOT_ASKED. @why: what the bus said where there was no answer, else "". */
typedef void (*polkit_fn)(enum access_opinion opinion, const char *why, void *userdata);

struct polkit_question;

/**
 * polkit_ask() - ask
 * @message: the call in question; its sender is whom polkit judges, and its
 *           flag says whether polkit may ask for a password
 * @action: as in org.rssd1.policy
 * @container: what rules know as action.lookup("container")
 * @verb: what they know as action.lookup("verb"): the method
 *
 * Freeing the question before the answer takes it back: @fn is not called.
 *
 * Return: 0, or a negative errno.
 */
int polkit_ask(sd_bus_message *message, const char *action, const char *container, const char *verb,
	       polkit_fn fn, void *userdata, struct polkit_question **ret);
struct polkit_question *polkit_question_free(struct polkit_question *question);

#endif
