/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rssd itself uses: see self.h. */
#include "host/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host/process.h"
#include "policy/counters.h"
#include "shared/cleanup.h"
#include "shared/clock.h"
#include "shared/file.h"

static uint64_t usec_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static uint64_t read_cpu(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return COUNTER_ABSENT;
	return usec_of(&usage.ru_utime) + usec_of(&usage.ru_stime);
}

/* The first number of /proc/self/statm, in pages. */
static uint64_t read_virtual_size(void)
{
	cleanup_free char *text = NULL;
	unsigned long long pages;

	if (read_file_at(AT_FDCWD, "/proc/self/statm", FILE_OWN_MAX, &text, NULL) < 0 ||
	    sscanf(text, "%llu", &pages) != 1)
		return COUNTER_ABSENT;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_fds(void)
{
	cleanup_(closedir_ptr) DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t count = 0;

	if (!dir)
		return COUNTER_ABSENT;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	/* Without the descriptor of the directory itself. */
	return count - 1;
}

static uint64_t read_max_fds(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? COUNTER_ABSENT : (uint64_t)limit.rlim_cur;
}

/* @ticks: clock ticks since boot. To a second, so that the clocks' steps are not seen in it. */
static uint64_t epoch_of(uint64_t ticks)
{
	uint64_t boot = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME);
	uint64_t start = boot + ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);

	return start / 1000000 * 1000000;
}

void self_read(struct self_usage *ret)
{
	struct process self;
	bool known = process_read(getpid(), &self) == 0;

	*ret = (struct self_usage){
		.cpu = read_cpu(),
		.resident = known ? self.resident : COUNTER_ABSENT,
		.virtual_size = read_virtual_size(),
		.open_fds = count_fds(),
		.max_fds = read_max_fds(),
		.start = known ? epoch_of(self.start) : COUNTER_ABSENT,
	};
}
