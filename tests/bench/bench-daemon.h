/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that bench-daemon.c and bench-latency.c share. */
#ifndef TESTS_BENCH_DAEMON_H
#define TESTS_BENCH_DAEMON_H

#include <stdint.h>

struct rss_client;

/* Prints "bench-daemon: WHAT: WHY" and exits with 1. */
void die(const char *what, const char *why) __attribute__((noreturn));

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t now_usec(void);

/* For qsort(), of uint64_t. */
int compare_usec(const void *a, const void *b);

/* Connects to rssd, or dies. */
struct rss_client *connect_rssd(void);

/* Dies if a call of librss has failed with @r. */
void check(struct rss_client *client, int r, const char *what);

/*
 * latency() - measure from hits of a limit to their signals, and print the figures
 * @count: number of samples
 * @directory: the directory of rssd's containers in the hierarchy
 * @file: the control file that counts the hits of the limit
 *
 * Return: the exit status.
 */
int latency(unsigned int count, const char *directory, const char *file);

#endif
