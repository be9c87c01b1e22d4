/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one parser and the one formatter of sizes and times. Interfaces have bytes
 * and microseconds; text has K M G T (powers of 1024), a percentage of RAM, or
 * "infinity".
 */
#ifndef RSS_SIZE_H
#define RSS_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define SIZE_INFINITY UINT64_MAX

/* The most bytes that size_format(), count_format() and duration_format() write. */
#define SIZE_TEXT_MAX 32

/**
 * size_parse() - read a size
 * @text: "4096", "64K", "1.5G", "20%", "infinity", "max", "none"; a suffix may end in B, i or iB
 * @ret: bytes, or SIZE_INFINITY; untouched on failure
 *
 * Return: 0; -EINVAL if @text is not a size (NULL, empty, negative, or followed
 * by something else); -ERANGE if it does not fit into 63 bits.
 */
int size_parse(const char *text, uint64_t *ret);

/* The pure part of size_parse(): a percentage is of @ram bytes. */
int size_parse_of(const char *text, uint64_t ram, uint64_t *ret);

/* Why size_parse() refused @text, as the end of a sentence. */
const char *size_parse_reason(int error);

/* A whole number; faster than printf() for long lists. Returns @buf. */
const char *count_format(uint64_t count, char buf[static SIZE_TEXT_MAX]);

/* "512.0M", "infinity", "0". Returns @buf. */
const char *size_format(uint64_t bytes, char buf[static SIZE_TEXT_MAX]);

/**
 * duration_parse() - read a time span
 * @text: "500ms", "10s", "2min", "1h"; a bare number is seconds
 * @ret: microseconds; untouched on failure
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int duration_parse(const char *text, uint64_t *ret);

/* Microseconds in whole units, rounded down: "90min", "26h", "3d", "0s". Returns @buf. */
const char *duration_format(uint64_t usec, char buf[static SIZE_TEXT_MAX]);

#endif
