/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log: no lines crash the parser, and a line that a user can have the
 * kernel print, with a process name and a file name of their choice, is no OOM.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/kmsg-parser.h"
#include "shared/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMM_MAX 15

static void parse_lines(const char *data, size_t size)
{
	cleanup_free char *text = strndup(data, size);
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
}

/* As the kernel escapes names for the device; "/" cannot be in a file's name. */
static void escape(char *to, size_t room, const uint8_t *from, size_t size, bool file)
{
	size_t n = 0;

	for (size_t i = 0; i < size && n + 5 < room; i++) {
		if (!from[i] || (file && from[i] == '/'))
			continue;
		if (from[i] < 32 || from[i] >= 127 || from[i] == '\\')
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", from[i]);
		else
			to[n++] = (char)from[i];
	}
	to[n] = '\0';
}

static void parse_forged(const uint8_t *data, size_t size)
{
	size_t length = size < COMM_MAX ? size : COMM_MAX;
	char comm[COMM_MAX * 4 + 8], file[1024], line[2048];
	struct kmsg_parser parser = { 0 }, before;
	struct kmsg_oom oom;

	escape(comm, sizeof(comm), data, length, false);
	escape(file, sizeof(file), data + length, size - length, true);
	/* In the middle of a report, with a list of tasks. */
	(void)kmsg_parse_line(&parser,
			      "6,3,1,-;[  pid  ]   uid  tgid total_vm      rss pgtables_bytes "
			      "swapents oom_score_adj name",
			      &oom);
	before = parser;
	(void)snprintf(line, sizeof(line),
		       "6,4,1,-;%s[77]: segfault at 0 ip 00007f00 sp 00007f00 error 4 in "
		       "%s[0,7f77a2dde000+1000] likely on CPU 1 (core 1, socket 0)",
		       comm, file);
	if (kmsg_parse_line(&parser, line, &oom) || memcmp(&before, &parser, sizeof(parser)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_lines((const char *)data, size);
	parse_forged(data, size);
	return 0;
}
