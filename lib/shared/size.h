/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes and times as people type and read them. The one parser and the one
 * formatter of the project: bytes on every interface, K M G T (powers of
 * 1024), a percentage of RAM, or "infinity" where people type.
 */
#ifndef RSS_SIZE_H
#define RSS_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define SIZE_INFINITY UINT64_MAX

/* Long enough for every text that size_format() and duration_format() write. */
#define SIZE_TEXT_MAX 32

/**
 * size_parse() - read a size
 * @text: "4096", "64K", "1.5G", "20%", "infinity"; a suffix may end in B or iB
 * @ret: bytes, or SIZE_INFINITY; untouched on failure
 *
 * Return: 0; -EINVAL where @text is no size (empty, negative, rubbish behind
 * it); -ERANGE where it does not fit into 63 bits.
 */
int size_parse(const char *text, uint64_t *ret);

/* As size_parse(), with the percentage taken of @ram bytes: the pure part. */
int size_parse_of(const char *text, uint64_t ram, uint64_t *ret);

/* Why size_parse() refused @text, as the end of a sentence. */
const char *size_parse_reason(int error);

/* A whole number, without the time that printf() takes for each of a long list. Returns @buf. */
const char *count_format(uint64_t count, char buf[static SIZE_TEXT_MAX]);

/* "512.0M", "infinity", "0": for people. Returns @buf. */
const char *size_format(uint64_t bytes, char buf[static SIZE_TEXT_MAX]);

/**
 * duration_parse() - read a time span
 * @text: "500ms", "10s", "2min", "1h"; a bare number is seconds
 * @ret: microseconds; untouched on failure
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int duration_parse(const char *text, uint64_t *ret);

/* Microseconds in whole units, rounded down: "90min", "26h", "3d", "0s": for people. Returns @buf. */
const char *duration_format(uint64_t usec, char buf[static SIZE_TEXT_MAX]);

#endif
