/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenMetrics text: see metrics.h. The format requires the samples of a family in one block. */
#include "report/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static uint64_t get_usage(const struct metrics_container *c)
{
	return c->counters.usage;
}

static uint64_t get_peak(const struct metrics_container *c)
{
	return c->counters.peak;
}

static uint64_t get_limit(const struct metrics_container *c)
{
	return c->settings.limit;
}

static uint64_t get_wmark_high(const struct metrics_container *c)
{
	return c->settings.wmark_high;
}

static uint64_t get_wmark_low(const struct metrics_container *c)
{
	return c->settings.wmark_low;
}

static uint64_t get_high(const struct metrics_container *c)
{
	return c->settings.high;
}

static uint64_t get_low(const struct metrics_container *c)
{
	return c->settings.low;
}

static uint64_t get_min(const struct metrics_container *c)
{
	return c->settings.min;
}

static uint64_t get_swap_limit(const struct metrics_container *c)
{
	return c->settings.swap_limit;
}

static uint64_t get_zswap_limit(const struct metrics_container *c)
{
	return c->settings.zswap_limit;
}

static uint64_t get_processes(const struct metrics_container *c)
{
	return c->processes;
}

static uint64_t get_failures(const struct metrics_container *c)
{
	return c->counters.failures;
}

static uint64_t get_reclaimed(const struct metrics_container *c)
{
	return c->counters.reclaimed;
}

static uint64_t get_scanned(const struct metrics_container *c)
{
	return c->counters.scanned;
}

static uint64_t get_oom_events(const struct metrics_container *c)
{
	return c->counters.oom_events;
}

static uint64_t get_oom_kills(const struct metrics_container *c)
{
	return c->counters.oom_kills;
}

static uint64_t get_anon(const struct metrics_container *c)
{
	return c->parts.anon;
}

static uint64_t get_file(const struct metrics_container *c)
{
	return c->parts.file;
}

static uint64_t get_shmem(const struct metrics_container *c)
{
	return c->parts.shmem;
}

static uint64_t get_kernel(const struct metrics_container *c)
{
	return c->parts.kernel;
}

static uint64_t get_mapped(const struct metrics_container *c)
{
	return c->parts.mapped;
}

static uint64_t get_locked(const struct metrics_container *c)
{
	return c->parts.locked;
}

static uint64_t get_swap(const struct metrics_container *c)
{
	return c->parts.swap;
}

static uint64_t get_zswap(const struct metrics_container *c)
{
	return c->parts.zswap;
}

static uint64_t get_pressure_some(const struct metrics_container *c)
{
	return c->parts.pressure_some;
}

static uint64_t get_pressure_full(const struct metrics_container *c)
{
	return c->parts.pressure_full;
}

static uint64_t get_refaults(const struct metrics_container *c)
{
	return c->parts.refaults;
}

static uint64_t get_frozen(const struct metrics_container *c)
{
	return c->frozen;
}

static uint64_t get_last_oom(const struct metrics_container *c)
{
	return c->last_oom;
}

/*
 * COUNTER_ABSENT and LIMIT_INFINITY are the same number: an unlimited size and an
 * unknown counter have no line.
 */
static const struct family {
	const char *name;
	const char *type; /* "gauge", or "counter": its samples end in _total */
	const char *unit; /* the end of the name, or NULL */
	const char *help;
	uint64_t (*get)(const struct metrics_container *container);
} families[] = {
	{ "rssd_container_limit_bytes", "gauge", "bytes", "The limit; no sample if there is none.",
	  get_limit },
	{ "rssd_container_wmark_high_bytes", "gauge", "bytes",
	  "Background reclaim starts above it; no sample without a watermark.", get_wmark_high },
	{ "rssd_container_wmark_low_bytes", "gauge", "bytes",
	  "Background reclaim stops below it; no sample without a watermark.", get_wmark_low },
	{ "rssd_container_high_bytes", "gauge", "bytes",
	  "Usage above it is throttled; no sample if there is none.", get_high },
	{ "rssd_container_low_bytes", "gauge", "bytes",
	  "Usage within it is reclaimed last; no sample if it is infinity.", get_low },
	{ "rssd_container_min_bytes", "gauge", "bytes",
	  "Usage within it is never reclaimed; no sample if it is infinity.", get_min },
	{ "rssd_container_swap_limit_bytes", "gauge", "bytes",
	  "The limit of swap; no sample if there is none.", get_swap_limit },
	{ "rssd_container_zswap_limit_bytes", "gauge", "bytes",
	  "The limit of zswap; no sample if there is none.", get_zswap_limit },
	{ "rssd_container_usage_bytes", "gauge", "bytes", "The current usage.", get_usage },
	{ "rssd_container_anonymous_bytes", "gauge", "bytes", "Anonymous memory.", get_anon },
	{ "rssd_container_file_bytes", "gauge", "bytes",
	  "Page cache, tmpfs and shared memory included.", get_file },
	{ "rssd_container_shmem_bytes", "gauge", "bytes", "Tmpfs and shared memory.", get_shmem },
	{ "rssd_container_kernel_bytes", "gauge", "bytes",
	  "Memory that the kernel allocated for the container.", get_kernel },
	{ "rssd_container_mapped_bytes", "gauge", "bytes", "File pages that are mapped.",
	  get_mapped },
	{ "rssd_container_locked_bytes", "gauge", "bytes",
	  "Locked or otherwise unevictable memory.", get_locked },
	{ "rssd_container_swap_bytes", "gauge", "bytes",
	  "Swapped memory, which is not part of the usage.", get_swap },
	{ "rssd_container_zswap_bytes", "gauge", "bytes",
	  "The part of swapped memory that zswap keeps, before compression.", get_zswap },
	{ "rssd_container_pressure_some_seconds", "counter", "seconds",
	  "Time in which a process waited for memory.", get_pressure_some },
	{ "rssd_container_pressure_full_seconds", "counter", "seconds",
	  "Time in which all processes waited for memory.", get_pressure_full },
	{ "rssd_container_peak_bytes", "gauge", "bytes", "The highest usage so far.", get_peak },
	{ "rssd_container_processes", "gauge", NULL, "Processes inside.", get_processes },
	{ "rssd_container_failures", "counter", NULL, "Charges that hit the limit.", get_failures },
	{ "rssd_container_reclaimed_bytes", "counter", "bytes", "Reclaimed memory.",
	  get_reclaimed },
	{ "rssd_container_scanned_pages", "counter", "pages", "Pages that reclaim scanned.",
	  get_scanned },
	{ "rssd_container_refaults", "counter", NULL,
	  "Pages that returned to memory soon after they were reclaimed.", get_refaults },
	{ "rssd_container_frozen", "gauge", NULL, "1 if its processes are frozen, else 0.",
	  get_frozen },
	{ "rssd_container_oom_events", "counter", NULL, "OOMs of the limit.", get_oom_events },
	{ "rssd_container_oom_kills", "counter", NULL, "Processes that OOMs killed.",
	  get_oom_kills },
	{ "rssd_container_last_oom_timestamp_seconds", "gauge", "seconds",
	  "When the last OOM was; no sample if there was none.", get_last_oom },
};

static void write_head(FILE *out, const char *name, const char *type, const char *unit,
		       const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

/* The value of a label; a quote, a backslash and a newline are escaped. */
static void write_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* Seconds are given in microseconds. */
static void write_value(FILE *out, const char *unit, uint64_t value)
{
	if (unit && strcmp(unit, "seconds") == 0)
		fprintf(out, " %" PRIu64 ".%06" PRIu64 "\n", value / 1000000, value % 1000000);
	else
		fprintf(out, " %" PRIu64 "\n", value);
}

static void write_family(FILE *out, const struct family *family, const struct metrics *metrics)
{
	const char *end = family->type[0] == 'c' ? "_total" : "";

	write_head(out, family->name, family->type, family->unit, family->help);
	for (size_t i = 0; i < metrics->count; i++) {
		uint64_t value = family->get(&metrics->containers[i]);

		if (value == COUNTER_ABSENT)
			continue;
		fprintf(out, "%s%s{container=\"", family->name, end);
		write_label(out, metrics->containers[i].name);
		fputs("\"}", out);
		write_value(out, family->unit, value);
	}
}

static void write_daemon(FILE *out, const struct metrics *metrics)
{
	write_head(out, "rssd", "info", NULL, "The daemon and the kernel controller that it uses.");
	fputs("rssd_info{version=\"", out);
	write_label(out, metrics->version);
	fputs("\",controller=\"", out);
	write_label(out, metrics->controller);
	fputs("\"} 1\n", out);

	write_head(out, "rssd_containers", "gauge", NULL, "Number of containers.");
	fprintf(out, "rssd_containers %zu\n", metrics->count);

	write_head(out, "rssd_next_event", "counter", NULL, "The number of the next event.");
	fprintf(out, "rssd_next_event_total %" PRIu64 "\n", metrics->sequence);

	write_head(out, "rssd_events_lost", "counter", NULL,
		   "Events of the kernel that were lost since the start of rssd.");
	fprintf(out, "rssd_events_lost_total %" PRIu64 "\n", metrics->events_lost);

	write_head(out, "rssd_ooms", "counter", NULL,
		   "OOMs in all containers since the start of rssd, also in removed ones.");
	fprintf(out, "rssd_ooms_total %" PRIu64 "\n", metrics->ooms);

	write_head(out, "rssd_rule_processes", "counter", NULL,
		   "Processes that matched rules since the start of rssd, by outcome.");
	fprintf(out, "rssd_rule_processes_total{outcome=\"joined\"} %" PRIu64 "\n",
		metrics->join.joined);
	fprintf(out, "rssd_rule_processes_total{outcome=\"vanished\"} %" PRIu64 "\n",
		metrics->join.vanished);
	fprintf(out, "rssd_rule_processes_total{outcome=\"refused\"} %" PRIu64 "\n",
		metrics->join.refused);
}

/* The names are those that Prometheus gives to the metrics of every process. */
static void write_self(FILE *out, const struct self_usage *self)
{
	const struct {
		const char *name, *type, *unit, *help;
		uint64_t value;
	} rows[] = {
		{ "process_cpu_seconds", "counter", "seconds", "CPU time that rssd has used.",
		  self->cpu },
		{ "process_resident_memory_bytes", "gauge", "bytes", "Resident memory of rssd.",
		  self->resident },
		{ "process_virtual_memory_bytes", "gauge", "bytes", "Virtual memory of rssd.",
		  self->virtual_size },
		{ "process_open_fds", "gauge", NULL, "Open file descriptors of rssd.",
		  self->open_fds },
		{ "process_max_fds", "gauge", NULL, "The most file descriptors rssd may open.",
		  self->max_fds },
		{ "process_start_time_seconds", "gauge", "seconds",
		  "When rssd was started, since the epoch.", self->start },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].value == COUNTER_ABSENT)
			continue;
		write_head(out, rows[i].name, rows[i].type, rows[i].unit, rows[i].help);
		fprintf(out, "%s%s", rows[i].name, rows[i].type[0] == 'c' ? "_total" : "");
		write_value(out, rows[i].unit, rows[i].value);
	}
}

int metrics_write(const struct metrics *metrics, FILE *out)
{
	write_daemon(out, metrics);
	write_self(out, &metrics->self);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		write_family(out, &families[i], metrics);
	fputs("# EOF\n", out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
