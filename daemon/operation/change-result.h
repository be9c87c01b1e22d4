/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What change.h and change-apply.h share: why a change of settings is stopped, and its outcome. */
#ifndef RSSD_CHANGE_RESULT_H
#define RSSD_CHANGE_RESULT_H

#include <stdint.h>

#include "base/failure.h"

enum change_outcome {
	CHANGE_UNCHANGED, /* the settings were the same already */
	CHANGE_SET,	  /* nothing had to be reclaimed */
	CHANGE_RECLAIMED,
	CHANGE_KILLED, /* processes were killed for the limit */
};

struct change_result {
	int error; /* 0, or a negative errno with failure */
	struct failure failure;
	enum change_outcome outcome;
	uint64_t usage; /* after the change, in bytes */
};

enum change_stop {
	CHANGE_GO_ON,
	CHANGE_DEADLINE,
	CHANGE_CALLER_LEFT,
	CHANGE_CONTAINER_REMOVED,
	CHANGE_SHUTDOWN,
};

#endif
