/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cleanup attributes for json-c objects: cleanup_(json_object_put_ptr). */
#ifndef RSSD_JSON_H
#define RSSD_JSON_H

#include <json-c/json.h>

#include "shared/cleanup.h"

DEFINE_CLEANUP(struct json_object *, json_object_put);
DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

#endif
