/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness of the unit tests. A test is a function; the first check that
 * fails ends it. Each test prints one line that tests/run counts:
 *
 *	ok - name
 *	not ok - name: file.c:12: what was expected
 *	skip - name: why
 *
 * The exit status is 1 where a test failed. A program takes names of tests as
 * arguments, to run those alone.
 *
 *	TEST(adds)
 *	{
 *		CHECK_INT(1 + 1, 2);
 *	}
 *
 *	TEST_MAIN({ "numbers are added", adds })
 *
 * A helper that checks is written as TEST_HELPER(fill, struct jar *jar), called
 * as CALL(fill, jar), and its failure ends the test too.
 */
#ifndef UNIT_H
#define UNIT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	bool ended; /* by a failure, or skipped */
	bool skipped;
	char why[1024];
};

struct unit_test {
	const char *name;
	void (*run)(struct unit *unit_);
};

#define TEST(fn)	     static void fn(struct unit *unit_)
#define TEST_HELPER(fn, ...) static void fn(struct unit *unit_, __VA_ARGS__)
#define TEST_MAIN(...)                                                                \
	int main(int argc, char **argv)                                               \
	{                                                                             \
		static const struct unit_test tests[] = { __VA_ARGS__ };              \
                                                                                      \
		return unit_run(tests, sizeof(tests) / sizeof(tests[0]), argc, argv); \
	}

/* Ends the test with a reason, as failed or as skipped. */
#define FAIL(...)                                                        \
	do {                                                             \
		unit_end(unit_, false, __FILE__, __LINE__, __VA_ARGS__); \
		return;                                                  \
	} while (0)

#define SKIP(...)                                            \
	do {                                                 \
		unit_end(unit_, true, NULL, 0, __VA_ARGS__); \
		return;                                      \
	} while (0)

#define CALL(fn, ...)                   \
	do {                            \
		fn(unit_, __VA_ARGS__); \
		if (unit_->ended)       \
			return;         \
	} while (0)

#define CHECK(condition)                        \
	do {                                    \
		if (!(condition))               \
			FAIL("%s", #condition); \
	} while (0)

/* Signed and unsigned whole numbers, both sides evaluated once. */
#define CHECK_INT(actual, expected)                                                      \
	do {                                                                             \
		intmax_t actual_ = (actual), expected_ = (expected);                     \
		if (actual_ != expected_)                                                \
			FAIL("%s is %" PRIdMAX ", expected %" PRIdMAX, #actual, actual_, \
			     expected_);                                                 \
	} while (0)

#define CHECK_UINT(actual, expected)                                                     \
	do {                                                                             \
		uintmax_t actual_ = (actual), expected_ = (expected);                    \
		if (actual_ != expected_)                                                \
			FAIL("%s is %" PRIuMAX ", expected %" PRIuMAX, #actual, actual_, \
			     expected_);                                                 \
	} while (0)

/* Strings; NULL equals NULL only. */
#define CHECK_STR(actual, expected)                                                         \
	do {                                                                                \
		const char *actual_ = (actual), *expected_ = (expected);                    \
		if (!unit_same(actual_, expected_))                                         \
			FAIL("%s is \"%s\", expected \"%s\"", #actual, actual_ ?: "(null)", \
			     expected_ ?: "(null)");                                        \
	} while (0)

static inline bool unit_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

__attribute__((format(printf, 5, 6))) static inline void
unit_end(struct unit *unit, bool skipped, const char *file, int line, const char *format, ...)
{
	int at = 0;
	va_list args;

	unit->ended = true;
	unit->skipped = skipped;
	if (file)
		at = snprintf(unit->why, sizeof(unit->why), "%s:%d: ", file, line);
	va_start(args, format);
	vsnprintf(unit->why + at, sizeof(unit->why) - at, format, args);
	va_end(args);
	for (char *c = unit->why; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

static inline bool unit_wanted(const struct unit_test *test, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], test->name))
			return true;
	return argc < 2;
}

static inline int unit_run(const struct unit_test tests[], size_t count, int argc, char **argv)
{
	int failed = 0, ran = 0;

	/* Each verdict is written at once, so that a crash loses none. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++) {
		struct unit unit = { 0 };

		if (!unit_wanted(&tests[i], argc, argv))
			continue;
		ran++;
		tests[i].run(&unit);
		if (!unit.ended) {
			printf("ok - %s\n", tests[i].name);
		} else if (unit.skipped) {
			printf("skip - %s: %s\n", tests[i].name, unit.why);
		} else {
			printf("not ok - %s: %s\n", tests[i].name, unit.why);
			failed++;
		}
	}
	if (!ran) {
		fprintf(stderr, "%s: no test has that name\n", argv[0]);
		return 1;
	}
	return failed ? 1 : 0;
}

#endif
