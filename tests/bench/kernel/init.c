// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1: mounts what the rows need, chooses the controller of the column, and runs the rows.
 * The kernel's command line has column=none, memcg, rss or unused; lru_gen=1; rows=; and
 * locks=TASKS for nothing but lock statistics.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

static const struct controller memcg = {
	.limit = "memory.max",
	.stat = "memory.stat",
	.events = "memory.events",
};

static const struct controller rss = {
	.limit = "rss.limit_in_bytes",
	.stat = "rss.stat",
	.events = "rss.events",
	.has_watermarks = true,
};

/* What containers are made of.  Free memory would show what else the machine does. */
static long kernel_kb(void)
{
	return text_key("/proc/meminfo", "Slab") + text_key("/proc/meminfo", "Percpu");
}

/* Memory that a thousand empty containers take, each. */
static void measure_empty(void)
{
	char path[64];
	long before, i;

	if (!wanted("empty"))
		return;
	before = kernel_kb();
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), CG "/e%ld", i);
		if (mkdir(path, 0755)) {
			printf("mkdir %s: %s\n", path, strerror(errno));
			break;
		}
	}
	report("empty_container_bytes", (kernel_kb() - before) * 1024 / 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), CG "/e%ld", i);
		rmdir(path);
	}
}

static void make_swap(void)
{
	int fd = open("/dev/zram0", O_RDWR);
	char page[PAGE] = { 0 };
	uint32_t *head = (uint32_t *)(page + 1024);

	head[0] = 1;
	head[1] = 256 * MB / PAGE - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, page, PAGE, 0) != PAGE || fsync(fd) || swapon("/dev/zram0", 0))
		printf("no swap\n");
	close(fd);
}

static void mount_all(void)
{
	mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755);
	mkdir("/data", 0755), mkdir(CG, 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (mount("/dev/vda", "/data", "ext2", 0, NULL))
		printf("no disk: %s\n", strerror(errno));
}

/* Mounts the controller of the column.  False: this kernel does not have it. */
static bool choose_controller(const char *column)
{
	if (!strcmp(column, "memcg")) {
		mount("cg", CG, "cgroup2", 0, NULL);
		put(CG "/cgroup.subtree_control", "+memory");
		controller = &memcg;
	} else if (!strcmp(column, "rss")) {
		if (mount("rss", CG, "cgroup", 0, "rss")) {
			printf("no rss: %s\n", strerror(errno));
			return false;
		}
		controller = &rss;
	}
	return true;
}

static int make_file(void)
{
	static char block[65536];
	int file = open("/data/f", O_RDWR | O_CREAT, 0600);
	long i;

	for (i = 0; i < FILE_BYTES / (long)sizeof(block); i++)
		if (write(file, block, sizeof(block)) < 0)
			printf("write: %s\n", strerror(errno));
	fsync(file);
	return file;
}

static void measure_all(void)
{
	measure_faults(make_file());
	if (!controller)
		return;
	measure_reclaim();
	measure_latency();
	/* before the others, as slabs keep what they leave */
	measure_empty();
	measure_others();
}

int main(void)
{
	const char *column = getenv("column"), *locks = getenv("locks");

	mount_all();
	open_report();
	put("/sys/block/zram0/disksize", "256M");
	make_swap();
	put("/sys/kernel/mm/lru_gen/enabled", getenv("lru_gen") ? "y" : "n");
	if (choose_controller(column ? column : "none")) {
		if (locks)
			measure_locks(atoi(locks));
		else
			measure_all();
		report("end", 0);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
