/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cleanup attributes for json-c objects: cleanup_(json_object_put_ptr). And a check for lack of
 * memory: json-c leaves out what it has no memory for, or calls the text malformed. malloc() sets
 * errno to ENOMEM then, and no function of json-c changes it back.
 */
#ifndef RSSD_JSON_H
#define RSSD_JSON_H

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>

#include "shared/cleanup.h"

DEFINE_CLEANUP(struct json_object *, json_object_put);
DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

/* Call it before the first function of json-c, and then json_lacked_memory() after the last. */
static inline void json_watch_memory(void)
{
	errno = 0;
}

static inline bool json_lacked_memory(void)
{
	return errno == ENOMEM;
}

#endif
