// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller.h"
#include <errno.h>
#include "failure.h"
static int v2_open(const char *root, struct controller **ret, struct failure *failure)
{
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "not yet");
}
const struct controller_ops memory_v2_ops = { .name = "memory-v2", .open = v2_open };
