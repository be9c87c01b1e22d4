// SPDX-License-Identifier: GPL-2.0
/*
 * What the rows share: the counter, the report, containers, and memory to fault in.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 7

const struct controller *controller;
static FILE *out;

unsigned long instructions(void)
{
	unsigned int lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (unsigned long)hi << 32 | lo;
}

void open_report(void)
{
	out = fopen("/dev/ttyS1", "w");
	if (!out) {
		printf("no serial port for the figures: %s\n", strerror(errno));
		exit(1);
	}
	setlinebuf(out);
}

void report(const char *name, long value)
{
	report_text("%s %ld", name, value);
}

void report_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

bool wanted(const char *name)
{
	const char *rows = getenv("rows");
	size_t len = strlen(name);

	if (!rows)
		return true;
	while (strncmp(rows, name, len) || (rows[len] && rows[len] != ',')) {
		rows = strchr(rows, ',');
		if (!rows++)
			return false;
	}
	return true;
}

int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

void row(const char *name, long per, long (*round)(void))
{
	long got[ROUNDS];
	int i;

	if (!wanted(name))
		return;
	round();
	for (i = 0; i < ROUNDS; i++)
		got[i] = round() / per;
	qsort(got, ROUNDS, sizeof(*got), by_value);
	report(name, got[ROUNDS / 2]);
	printf("%s %ld (%ld to %ld)\n", name, got[ROUNDS / 2], got[0], got[ROUNDS - 1]);
}

void put(const char *path, const char *text)
{
	int err = text_write(path, text);

	if (err)
		printf("%s: %s\n", path, strerror(-err));
}

void limit(const char *name, long bytes)
{
	char path[PATH_MAX], text[32];

	if (!controller)
		return;
	snprintf(path, sizeof(path), CG "/%s", name);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), CG "/%s/%s", name, controller->limit);
	snprintf(text, sizeof(text), "%ld", bytes);
	put(path, text);
}

void enter(const char *name)
{
	char path[PATH_MAX];

	if (!controller)
		return;
	snprintf(path, sizeof(path), CG "/%s/cgroup.procs", name);
	put(path, "0");
}

void *map(long bytes, int flags, int fd)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		printf("mmap: %s\n", strerror(errno));
		exit(1);
	}
	return p;
}

void touch(char *p, long bytes)
{
	long i;

	for (i = 0; i < bytes; i += PAGE)
		*(volatile long *)(p + i) = i;
}

long look(char *p, long bytes)
{
	long i, sum = 0;

	for (i = 0; i < bytes; i += PAGE)
		sum += *(volatile char *)(p + i);
	return sum;
}

void fault_anon(void)
{
	char *p = map(ANON_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	touch(p, ANON_BYTES);
	munmap(p, ANON_BYTES);
}
