/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log, whose lines hold names that any user chooses. */
#include <stdint.h>
#include <string.h>

#include "host/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	struct kmsg_parser parser = { 0 };
	struct kmsg_oom oom;
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (!kmsg_parse_line(&parser, line, &oom))
			continue;
		if (!memchr(oom.comm, 0, sizeof(oom.comm)) ||
		    !memchr(oom.limit_owner, 0, sizeof(oom.limit_owner)) ||
		    !memchr(oom.victim_cgroup, 0, sizeof(oom.victim_cgroup)))
			abort();
	}
	return 0;
}
