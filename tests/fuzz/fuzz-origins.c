/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of origins: any bytes are read without a fault. Origins of living processes stay over
 * a second start. In the input, "@" is replaced by the pid and the start time of this process.
 */
#include "fuzz-directory.h"

#include "host/process.h"
#include "shared/cleanup.h"
#include "store/origins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_input(const struct process *self, const uint8_t *data, size_t size)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '@')
			fprintf(out, "%d %llu", (int)self->pid, (unsigned long long)self->start);
		else
			putc(data[i], out);
	}
	if (fclose(out) != 0)
		abort();
	fuzz_write("origins", (const uint8_t *)text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(origins_free_ptr) struct origins *origins = NULL, *again = NULL;
	cleanup_free char *cgroup = NULL, *leader = NULL, *later = NULL;
	struct process self;
	bool detached;

	if (process_read(getpid(), &self) < 0)
		abort();
	write_input(&self, data, size);
	if (origins_open(fuzz_directory, &origins) < 0 || !origins)
		abort();
	cgroup = origins_find(origins, self.pid, self.start);
	detached = origins_is_detached(origins, self.pid, self.start);
	leader = origins_find_leader(origins, self.pid, self.start);
	if (cgroup && (cgroup[0] != '/' || strchr(cgroup, '\n')))
		abort();
	if (cgroup && !leader)
		abort();
	if (origins_open(fuzz_directory, &again) < 0)
		abort();
	later = origins_find(again, self.pid, self.start);
	if (!later != !cgroup || (cgroup && strcmp(cgroup, later) != 0) ||
	    detached != origins_is_detached(again, self.pid, self.start))
		abort();
	return 0;
}
