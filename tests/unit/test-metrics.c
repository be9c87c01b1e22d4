/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as text: each value at its place, and nothing for what is not known. */
#include "report/metrics.h"
#include "unit.h"

static char *write_all(const struct metrics *metrics)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out || metrics_write(metrics, out) < 0)
		return NULL;
	fclose(out);
	return text;
}

TEST(values_have_their_place)
{
	struct metrics_container containers[] = {
		{ .name = (char *)"web",
		  .settings = { .limit = 1000,
				.wmark_high = 900,
				.wmark_low = LIMIT_INFINITY,
				.high = 800,
				.low = 700,
				.min = COUNTER_ABSENT,
				.swap_limit = 600,
				.zswap_limit = LIMIT_INFINITY },
		  .counters = { 1, 2, 3, 4, 5, 6, 7 },
		  .parts = { 21, 22, COUNTER_ABSENT, COUNTER_ABSENT, 0, 26, 27, 28, .swap = 31,
			     .pressure_some = 2000033, .pressure_full = 0, .zswap = 30,
			     .refaults = 33 },
		  .processes = 8,
		  .frozen = 1,
		  .last_oom = 1700000000000005 },
		{ .name = (char *)"a\"b\\c\nd",
		  .settings = { .limit = LIMIT_INFINITY,
				.wmark_high = LIMIT_INFINITY,
				.wmark_low = 0 },
		  .counters = { .usage = 0,
				.peak = COUNTER_ABSENT,
				.failures = COUNTER_ABSENT,
				.reclaimed = COUNTER_ABSENT,
				.oom_events = COUNTER_ABSENT,
				.oom_kills = 0,
				.scanned = COUNTER_ABSENT },
		  .parts = { 0, COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT,
			     COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT, .swap = COUNTER_ABSENT,
			     .pressure_some = COUNTER_ABSENT, .pressure_full = COUNTER_ABSENT,
			     .refaults = COUNTER_ABSENT },
		  .frozen = COUNTER_ABSENT,
		  .last_oom = COUNTER_ABSENT },
	};
	struct join_counts join = { .joined = 11, .vanished = 12, .refused = 13 };
	struct metrics metrics = {
		.version = "1.0",
		.controller = "rss",
		.sequence = 77,
		.events_lost = 9,
		.ooms = 10,
		.join = join,
		.containers = containers,
		.count = ARRAY_SIZE(containers),
		.self = { .cpu = 1500000,
			  .resident = 41,
			  .virtual_size = COUNTER_ABSENT,
			  .open_fds = 42,
			  .max_fds = 43,
			  .start = 1600000000000000 },
	};
	cleanup_free char *text = write_all(&metrics);
	static const char *const lines[] = {
		"rssd_info{version=\"1.0\",controller=\"rss\"} 1\n",
		"rssd_containers 2\n",
		"# TYPE rssd_next_event counter\n",
		"rssd_next_event_total 77\n",
		"rssd_events_lost_total 9\n",
		"rssd_ooms_total 10\n",
		"process_cpu_seconds_total 1.500000\n",
		"process_resident_memory_bytes 41\n",
		"process_open_fds 42\n",
		"process_max_fds 43\n",
		"process_start_time_seconds 1600000000.000000\n",
		"rssd_container_refaults_total{container=\"web\"} 33\n# TYPE",
		"rssd_container_frozen{container=\"web\"} 1\n# TYPE",
		"rssd_container_last_oom_timestamp_seconds{container=\"web\"} 1700000000.000005\n# EOF",
		"rssd_rule_processes_total{outcome=\"joined\"} 11\n",
		"rssd_rule_processes_total{outcome=\"vanished\"} 12\n",
		"rssd_rule_processes_total{outcome=\"refused\"} 13\n",
		"# TYPE rssd_container_usage_bytes gauge\n# UNIT rssd_container_usage_bytes bytes\n"
		"# HELP rssd_container_usage_bytes The current usage.\n"
		"rssd_container_usage_bytes{container=\"web\"} 1\n"
		"rssd_container_usage_bytes{container=\"a\\\"b\\\\c\\nd\"} 0\n# TYPE",
		"bytes{container=\"web\"} 2\n# TYPE rssd_container_processes",
		"rssd_container_failures_total{container=\"web\"} 3\n# TYPE",
		"rssd_container_reclaimed_bytes_total{container=\"web\"} 4\n# TYPE",
		"rssd_container_oom_events_total{container=\"web\"} 5\n# TYPE",
		"rssd_container_oom_kills_total{container=\"web\"} 6\n",
		"rssd_container_scanned_pages_total{container=\"web\"} 7\n# TYPE",
		"rssd_container_processes{container=\"web\"} 8\n",
		"rssd_container_anonymous_bytes{container=\"web\"} 21\n"
		"rssd_container_anonymous_bytes{container=\"a\\\"b\\\\c\\nd\"} 0\n",
		"rssd_container_file_bytes{container=\"web\"} 22\n# TYPE",
		"Tmpfs and shared memory.\n# TYPE",
		"rssd_container_mapped_bytes{container=\"web\"} 0\n# TYPE",
		"rssd_container_locked_bytes{container=\"web\"} 26\n# TYPE",
		"rssd_container_swap_bytes{container=\"web\"} 31\n# TYPE",
		"rssd_container_pressure_some_seconds_total{container=\"web\"} 2.000033\n# TYPE",
		"rssd_container_pressure_full_seconds_total{container=\"web\"} 0.000000\n# TYPE",
		"rssd_container_limit_bytes{container=\"web\"} 1000\n# TYPE",
		"rssd_container_wmark_high_bytes{container=\"web\"} 900\n# TYPE",
		"rssd_container_high_bytes{container=\"web\"} 800\n",
		"rssd_container_low_bytes{container=\"web\"} 700\n",
		"rssd_container_swap_limit_bytes{container=\"web\"} 600\n",
		"rssd_container_zswap_bytes{container=\"web\"} 30\n",
	};

	CHECK(text);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!strstr(text, lines[i]))
			FAIL("no \"%s\" in: %s", lines[i], text);
	}
	CHECK(!strstr(text, "wmark_low_bytes{container=\"web\"}"));
	CHECK(!strstr(text, "min_bytes{container=\"web\"}"));
	CHECK(strstr(text, "wmark_low_bytes{container=\"a\\\"b\\\\c\\nd\"} 0\n"));
	CHECK_STR(text + strlen(text) - 6, "# EOF\n");
	CHECK(!strstr(text, "process_virtual_memory_bytes"));
	CHECK(!strstr(text, "18446744073709551615"));
}

TEST(without_containers_they_are_valid)
{
	struct metrics metrics = { .version = "1", .controller = "rss" };
	cleanup_free char *text = write_all(&metrics);

	CHECK(text && strstr(text, "rssd_containers 0\n"));
	CHECK_STR(text + strlen(text) - 6, "# EOF\n");
}

TEST_MAIN({ "metrics: each value is in its line", values_have_their_place },
	  { "metrics: without containers they are valid", without_containers_they_are_valid })
