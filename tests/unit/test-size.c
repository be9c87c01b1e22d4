/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes and times: parsing, refusals, formatting. */
#include <errno.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/size.h"
#include "shared/text.h"
#include "unit.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define TIB (KIB * GIB)

TEST(sizes_are_read)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "4096", 4096 },
		{ "4096B", 4096 },
		{ "007", 7 },
		{ "64K", 64 * KIB },
		{ "64k", 64 * KIB },
		{ "64KB", 64 * KIB },
		{ "64KiB", 64 * KIB },
		{ "512M", 512 * MIB },
		{ "1.5G", 3 * GIB / 2 },
		{ "0.5K", 512 },
		{ "0.0001K", 0 },
		{ "2T", 2 * TIB },
		{ "8388607T", 8388607 * TIB },
		{ "9223372036854775807", INT64_MAX },
		{ "0.1234567890123456789K", 126 },
		{ "infinity", SIZE_INFINITY },
		{ "max", SIZE_INFINITY },
		{ "None", SIZE_INFINITY },
		{ "64Ki", 65536 },
		{ "Infinity", SIZE_INFINITY },
		{ "0%", 0 },
		{ "20%", 200 },
		{ "12.5%", 125 },
		{ "0.04%", 0 },
		{ "100%", 1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t bytes = 42;
		int r = size_parse_of(good[i].text, 1000, &bytes);

		if (r < 0 || bytes != good[i].bytes)
			FAIL("\"%s\" is read as %" PRIu64 " (%d)", good[i].text, bytes, r);
	}
}

TEST(no_sizes_are_refused)
{
	static const char *const bad[] = {
		"",	  "-1",	       "-4096", "+1",	  " 1",	 "1 ",	  "64 K", "K",	    "64KK",
		"64KiBs", "64iB",      "1.5",	"1.5B",	  "1.K", ".5G",	  "1,5G", "0x1000", "1e6",
		"64P",	  "64KM",      "%",	"-5%",	  "5%%", "5% ",	  "5K%",  "inf",    "maxi",
		"non",	  "infinity ", "1..5K", "1.5.5K", "\n",	 "64K\n", "١",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t bytes = 42;
		int r = size_parse_of(bad[i], 1000, &bytes);

		if (r != -EINVAL || bytes != 42)
			FAIL("\"%s\" is not refused (%d)", bad[i], r);
	}
	CHECK_INT(size_parse_of(NULL, 1000, &(uint64_t){ 0 }), -EINVAL);
}

TEST(too_large_sizes_are_refused)
{
	static const char *const large[] = {
		"9223372036854775808",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999999999999999999999",
		"8388608T",
		"9007199254740992K",
		"99999999999999999999999T",
		"101%",
		"100.1%",
		"99999999999999999999999999%",
	};

	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		uint64_t bytes = 42;
		int r = size_parse_of(large[i], 1000, &bytes);

		if (r != -ERANGE || bytes != 42)
			FAIL("\"%s\" is not refused as too large (%d)", large[i], r);
	}
}

TEST(reasons_differ)
{
	CHECK(size_parse_reason(-EINVAL));
	CHECK(size_parse_reason(-ERANGE));
	CHECK(strcmp(size_parse_reason(-EINVAL), size_parse_reason(-ERANGE)));
}

TEST(ram_is_known)
{
	uint64_t half = 0, all = 0;

	CHECK_INT(size_parse("100%", &all), 0);
	CHECK_INT(size_parse("50%", &half), 0);
	CHECK(all > MIB);
	CHECK_UINT(half, all / 2);
}

TEST(sizes_are_written)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0" },
		{ 1, "1B" },
		{ 1023, "1023B" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 4096, "4.0K" },
		{ 512 * MIB, "512.0M" },
		{ MIB - 1, "1.0M" },
		{ 1023 * KIB, "1023.0K" },
		{ GIB + GIB / 10, "1.1G" },
		{ 100 * MIB - 4096, "100.0M" },
		{ 3 * TIB, "3.0T" },
		{ INT64_MAX, "8388608.0T" },
		{ UINT64_MAX - 1, "16777216.0T" },
		{ SIZE_INFINITY, "infinity" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char buf[SIZE_TEXT_MAX];

		CHECK_STR(size_format(sizes[i].bytes, buf), sizes[i].text);
	}
}

TEST(counts_are_written)
{
	static const uint64_t counts[] = { 0, 9, 10, 4096, 1000000007, UINT64_MAX };
	char buf[SIZE_TEXT_MAX], expected[SIZE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		(void)snprintf(expected, sizeof(expected), "%" PRIu64, counts[i]);
		CHECK_STR(count_format(counts[i], buf), expected);
	}
}

TEST(what_is_written_can_be_read)
{
	for (uint64_t bytes = 1; bytes < INT64_MAX / 64; bytes = bytes * 3 + 1) {
		char buf[SIZE_TEXT_MAX];
		uint64_t again = 0, apart;

		CHECK_INT(size_parse(size_format(bytes, buf), &again), 0);
		apart = again > bytes ? again - bytes : bytes - again;
		/* The error is at most a tenth of the unit. */
		CHECK(apart <= bytes / 18);
	}
}

TEST(times_are_read)
{
	static const struct {
		const char *text;
		uint64_t usec;
	} good[] = {
		{ "0", 0 },
		{ "10", 10000000 },
		{ "1.5", 1500000 },
		{ "250us", 250 },
		{ "500ms", 500000 },
		{ "10s", 10000000 },
		{ "0.1s", 100000 },
		{ "10sec", 10000000 },
		{ "2minutes", 120000000 },
		{ "3hours", 10800000000 },
		{ "1week", 604800000000 },
		{ "2min", 120000000 },
		{ "2m", 120000000 },
		{ "1h", 3600000000 },
		{ "1D", 86400000000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t usec = 42;
		int r = duration_parse(good[i].text, &usec);

		if (r < 0 || usec != good[i].usec)
			FAIL("\"%s\" is read as %" PRIu64 " (%d)", good[i].text, usec, r);
	}
}

TEST(no_times_are_refused)
{
	static const char *const bad[] = { "",	   "-1",  "s",	 "10 s",     "10x", "10ss",
					   "1:30", "inf", "1.s", "infinity", "10%", "1hourss" };
	uint64_t usec = 42;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (duration_parse(bad[i], &usec) != -EINVAL)
			FAIL("\"%s\" is not refused", bad[i]);
	CHECK_INT(duration_parse(NULL, &usec), -EINVAL);
	CHECK_INT(duration_parse("9999999999999999999h", &usec), -ERANGE);
	CHECK_INT(duration_parse("99999999999999999999999999", &usec), -ERANGE);
	CHECK_UINT(usec, 42);
}

TEST(times_are_written)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} times[] = {
		{ 0, "0s" },	    { 119, "119s" }, { 120, "2min" },  { 5400, "90min" },
		{ 7199, "119min" }, { 7200, "2h" },  { 90000, "25h" }, { 172800, "2d" },
	};
	char text[SIZE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		CHECK_STR(duration_format(times[i].seconds * 1000000 + 999999, text),
			  times[i].text);
}

/*
 * The comparison of the C library is replaced by one that knows no two letters as
 * the same, as that of a Turkish locale does with I and i.
 */
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t length);

int strcasecmp(const char *a, const char *b)
{
	return strcmp(a, b);
}

int strncasecmp(const char *a, const char *b, size_t length)
{
	return strncmp(a, b, length);
}

TEST(no_locale_matters)
{
	static const char *const sizes[] = { "INFINITY", "Infinity", "1GIB", "1gib", "1Gib" };
	static const char *const times[] = { "1MIN", "1Min", "1min" };
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (size_parse(sizes[i], &value) != 0 || value != (i < 2 ? SIZE_INFINITY : GIB))
			FAIL("%s is not read", sizes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (duration_parse(times[i], &value) != 0 || value != 60000000)
			FAIL("%s is not read", times[i]);
	CHECK(ascii_equal("", "") && ascii_equal("sigINT", "SIGint"));
	CHECK(!ascii_equal("a", "") && !ascii_equal("", "a") && !ascii_equal("int", "ints"));
	CHECK(!ascii_equal("@", "`") && !ascii_equal("[", "{"));
	CHECK(ascii_has_prefix("sigINT", "SIG") && ascii_has_prefix("a", ""));
	CHECK(!ascii_has_prefix("si", "SIG"));
}

TEST_MAIN({ "the locale does not matter", no_locale_matters }, { "sizes are read", sizes_are_read },
	  { "invalid sizes are refused", no_sizes_are_refused },
	  { "a size past 63 bits is refused", too_large_sizes_are_refused },
	  { "a refused size has a reason", reasons_differ },
	  { "a percentage is of this machine's memory", ram_is_known },
	  { "sizes are written", sizes_are_written }, { "counts are written", counts_are_written },
	  { "a written size can be read", what_is_written_can_be_read },
	  { "times are read", times_are_read },
	  { "invalid times are refused", no_times_are_refused },
	  { "times are written", times_are_written })
