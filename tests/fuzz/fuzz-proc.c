/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/stat and /proc/PID/cgroup: any text is refused or read, and no command that a
 * process gives itself changes the other fields.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cgroup/cgroup-path.h"
#include "host/process.h"
#include "policy/unit.h"
#include "shared/cleanup.h"
#include "shared/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text is safe if making it safe again changes nothing. */
static void check_command(const struct process *process)
{
	char again[sizeof(process->command)];

	if (!memchr(process->command, 0, sizeof(process->command)))
		abort();
	memcpy(again, process->command, sizeof(again));
	(void)text_make_safe(again);
	if (strcmp(again, process->command) != 0)
		abort();
}

static void parse_stat(const char *text)
{
	struct process process;

	if (process_parse_stat(text, &process) == 0)
		check_command(&process);
}

/* As the kernel writes it, with a command of any bytes. */
static void parse_forged(const char *command)
{
	char text[1024];
	struct process process;

	(void)snprintf(text, sizeof(text),
		       "77 (%.15s) S 5 6 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 12345 4096 9 "
		       "18446744073709551615 1 1 0 0\n",
		       command);
	if (process_parse_stat(text, &process) < 0 || process.pid != 77 || process.state != 'S' ||
	    process.parent != 5 || process.group != 6 || process.session != 7 ||
	    process.start != 12345 || process.kernel_thread)
		abort();
	check_command(&process);
}

static void parse_cgroups(const char *text)
{
	static const char *const hierarchies[] = { "memory", "rss", "" };

	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		cleanup_free char *cgroup = NULL;
		struct unit_place unit;

		if (controller_parse_proc_cgroup(text, hierarchies[i], &cgroup) < 0)
			continue;
		if (strchr(cgroup, '\n'))
			abort();
		unit_of_cgroup(cgroup, &unit);
		if (!memchr(unit.name, 0, sizeof(unit.name)) || unit.length > strlen(cgroup) ||
		    (unit.kind == UNIT_NONE) != (unit.name[0] == '\0'))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	parse_stat(text);
	parse_forged(text);
	parse_cgroups(text);
	return 0;
}
