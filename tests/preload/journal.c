/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes messages for the journal to the file $JOURNAL instead: a field a line, then an empty line. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

__attribute__((visibility("default"))) int
sd_journal_sendv_with_location(const char *file, const char *line, const char *function,
			       const struct iovec *fields, int count)
{
	const char *path = getenv("JOURNAL");
	FILE *journal = path ? fopen(path, "a") : NULL;

	if (!journal)
		return -1;
	for (int i = 0; i < count; i++)
		(void)fprintf(journal, "%.*s\n", (int)fields[i].iov_len,
			      (const char *)fields[i].iov_base);
	(void)fputc('\n', journal);
	(void)fclose(journal);
	return 0;
}
