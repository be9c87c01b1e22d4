/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hook of container runtimes asks of rssd. It creates, and removes, only the container of rssd
 * for the container with one ID, and all calls together have one deadline.
 */
#ifndef RSSCTL_OCI_CONTAIN_H
#define RSSCTL_OCI_CONTAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "verb/oci-state.h"

struct rss_client;

/* Room for a sentence about a failure. */
#define OCI_MESSAGE_MAX 640

struct oci_call {
	const struct oci_state *state;
	const struct oci_request *request;
	const char *name;	       /* of the container of rssd */
	uint64_t deadline;	       /* of CLOCK_MONOTONIC, in microseconds */
	bool exists;		       /* set by oci_release(): there is one to remove */
	char message[OCI_MESSAGE_MAX]; /* what failed, as a sentence */
};

/*
 * Limits the process of @call->state, which has not executed its program yet. Return: 0; 1 if it is
 * limited, but without watermarks, with a message; or a negative errno of librss with a message.
 */
int oci_contain(struct oci_call *call);

/*
 * Removes the container of rssd after the end of that of the runtime. One that is not for this ID, or
 * whose cgroup still exists, is left alone. Return: 0, or a negative errno with a message.
 */
int oci_release(struct oci_call *call);

#endif
