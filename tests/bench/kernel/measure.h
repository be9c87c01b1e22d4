/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program that is PID 1 of the machine on which instructions are counted.  One boot
 * fills one column: measure.c has what its rows share, init.c runs them.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#define PAGE 4096L
#define MB   (1L << 20)
#define HUGE (2L << 20)
/* Where the controller is mounted. */
#define CG   "/cg"

/* The files of the controller that the column is about. */
struct controller {
	const char *limit;
	const char *stat;
	const char *events;
	bool has_watermarks;
};

/* NULL in a column without one. */
extern const struct controller *controller;

/* qemu -icount makes the time stamp counter advance by one an instruction, kernel's included. */
unsigned long instructions(void);

/* Opens the second serial port, which report() and report_text() write to. */
void open_report(void);
void report(const char *name, long value);
void report_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Is the row among rows=anon,file of the kernel's command line?  Without that, all are. */
bool wanted(const char *name);

/*
 * Reports the median of a few rounds, after one that warms up: the instructions of a round
 * divided by per.
 */
void row(const char *name, long per, long (*round)(void));

/* For qsort(): numbers of type long. */
int by_value(const void *a, const void *b);

/* Writes to a file, and prints what failed. */
void put(const char *path, const char *text);

/* A container with that limit in bytes; without a controller nothing happens. */
void limit(const char *name, long bytes);
/* Moves this process into it. */
void enter(const char *name);

void *map(long bytes, int flags, int fd);
void touch(char *p, long bytes);
long look(char *p, long bytes);

/* Maps ANON_BYTES of anonymous memory, writes to each page, and unmaps it. */
#define ANON_BYTES (16 * MB)
void fault_anon(void);

/* Faults of all kinds, and fork(); file has FILE_BYTES.  In the container "big". */
#define FILE_BYTES (16 * MB)
void measure_faults(int file);

/* At the limit of a container; they return to "big". */
void measure_reclaim(void);
void measure_latency(void);
/* The same as measure_reclaim(), while a thousand other containers hold pages. */
void measure_others(void);

/* Tasks that fault at once, one on each processor, in one container or in one each. */
void measure_locks(int tasks);

#endif
