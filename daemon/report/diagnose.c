/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings for the doctor: see diagnose.h. */
#include "report/diagnose.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "container/manager.h"
#include "policy/drift.h"
#include "shared/size.h"
#include "store/declarations.h"

static const char *const severity_names[] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

/* What each feature means to a user, with it and without. */
static const struct {
	enum controller_feature feature;
	const char *subject;
	const char *with;
	enum severity without_severity;
	const char *without;
	const char *advice;
} rows[] = {
	{ FEATURE_MAPPED_ONLY, "accounting", "Only mapped pages count; page cache does not.",
	  SEVERITY_NOTE,
	  "The limit also counts page cache, shared memory and kernel memory, and counts only what was "
	  "charged after a process was attached.",
	  "Leave room for page cache in limits; the kernel patch counts mapped pages only." },
	{ FEATURE_SAFE_LIMIT, "limits",
	  "The kernel itself refuses a limit below usage, and keeps the old one.", SEVERITY_WARNING,
	  "The kernel kills for a limit below usage instead of refusing it: rssd reclaims first, but "
	  "a process that allocates at that moment can still be killed.",
	  "Lower limits in steps, or while the container is idle." },
	{ FEATURE_RECLAIM, "reclaim", "rssctl reclaim works.", SEVERITY_NOTE,
	  "This kernel cannot reclaim on request; lowering the limit reclaims.", "" },
	{ FEATURE_SWAPPINESS, "reclaim swappiness", "rssctl reclaim --swappiness works.",
	  SEVERITY_NOTE, "Reclaim on request has the swappiness of the machine only.", "" },
	{ FEATURE_RECLAIMED, "reclaimed counter",
	  "The kernel counts reclaimed pages; on memory-v2 that includes reclaim for the whole "
	  "machine.",
	  SEVERITY_NOTE, "This kernel does not count reclaimed pages: shown as absent.", "" },
	{ FEATURE_FAILURES, "failures counter", "Hits of the limit are counted.", SEVERITY_NOTE,
	  "This kernel does not count hits of the limit: shown as absent.", "" },
	{ FEATURE_LIMIT_EVENTS, "LimitHit events", "Every hit of the limit wakes rssd.",
	  SEVERITY_NOTE,
	  "LimitHit is sampled from memory pressure; the failures counter counts every hit.", "" },
	{ FEATURE_PEAK, "peak counter", "The kernel records the highest usage.", SEVERITY_NOTE,
	  "This kernel does not record the highest usage: shown as absent.", "" },
	{ FEATURE_OOM_EVENTS, "OOM events counter", "OOMs are counted.", SEVERITY_NOTE,
	  "This kernel does not count OOMs: shown as absent.", "" },
	{ FEATURE_OOM_KILLS, "OOM kills counter", "OOM kills are counted.", SEVERITY_NOTE,
	  "This kernel does not count OOM kills: shown as absent.", "" },
	{ FEATURE_OOM_GROUP, "oom-group", "A container can be killed as a whole.", SEVERITY_NOTE,
	  "An OOM kills one process of the container; oom-group is not available.", "" },
	{ FEATURE_WATERMARKS, "watermarks", "Background reclaim between the watermarks works.",
	  SEVERITY_NOTE,
	  "There is no background reclaim before the limit: wmark-high and wmark-low are not available.",
	  "The kernel patch has watermarks." },
	{ FEATURE_SCANNED, "scanned counter", "The pages that reclaim scanned are counted.",
	  SEVERITY_NOTE,
	  "This kernel does not count the pages that reclaim scans: shown as absent.", "" },
	{ FEATURE_REFAULTS, "refaults counter",
	  "Pages that are faulted in after reclaim are counted.", SEVERITY_NOTE,
	  "This kernel does not count refaults: rssctl suggest cannot see whether a limit is too "
	  "small.",
	  "" },
	{ FEATURE_SWAP, "swap usage", "Swapped memory is counted.", SEVERITY_NOTE,
	  "This controller does not count swapped memory: shown as absent.", "" },
	{ FEATURE_ZSWAP, "zswap usage", "Memory that zswap keeps is counted.", SEVERITY_NOTE,
	  "This kernel or controller does not count what zswap keeps: shown as absent.", "" },
	{ FEATURE_PRESSURE, "memory pressure",
	  "The time that processes wait for memory is counted (PSI).", SEVERITY_NOTE,
	  "The time that processes wait for memory is not counted: the kernel does so in the unified "
	  "cgroup tree only, and not with psi=0.",
	  "" },
	{ FEATURE_PRESSURE_TRIGGER, "pressure events",
	  "Memory pressure can cause events (rssctl set NAME pressure=...).", SEVERITY_NOTE,
	  "Memory pressure cannot cause events: only the unified cgroup tree has triggers for it.",
	  "" },
	{ FEATURE_PEAK_RESET, "peak reset", "rssctl reset-peak works.", SEVERITY_NOTE,
	  "The highest usage since the container was created cannot be reset.", "" },
	{ FEATURE_HIGH, "high", "Usage above high is throttled and reclaimed.", SEVERITY_NOTE,
	  "Nothing throttles a container before its limit: high is not available.", "" },
	{ FEATURE_LOW, "low", "Usage below low is reclaimed last.", SEVERITY_NOTE,
	  "A container cannot be protected from reclaim for others: low is not available.", "" },
	{ FEATURE_MIN, "min", "Usage below min is never reclaimed.", SEVERITY_NOTE,
	  "No memory of a container is kept in any case: min is not available.", "" },
	{ FEATURE_SWAP_LIMIT, "swap-limit", "The swap of a container can be limited.",
	  SEVERITY_NOTE, "Swap alone cannot be limited: swap-limit is not available.", "" },
	{ FEATURE_ZSWAP_LIMIT, "zswap-limit", "The zswap of a container can be limited.",
	  SEVERITY_NOTE, "Zswap cannot be limited: zswap-limit is not available.", "" },
	{ FEATURE_FREEZE, "freeze", "rssctl freeze and thaw work.", SEVERITY_NOTE,
	  "Containers cannot be frozen: there is no freezer in this controller's hierarchy.", "" },
};

static const char *text_with(const struct diagnosis *found, size_t row)
{
	if (rows[row].feature == FEATURE_OOM_GROUP && found->kills_groups)
		return "The kernel kills one process on an OOM, and rssd then the rest of the container.";
	return rows[row].with;
}

struct report {
	struct finding *findings;
	size_t count;
};

static void add(struct report *report, enum severity severity, const char *subject,
		const char *advice, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add(struct report *report, enum severity severity, const char *subject,
		const char *advice, const char *format, ...)
{
	struct finding *finding;
	va_list args;

	if (report->count == FINDINGS_MAX)
		return;
	finding = &report->findings[report->count++];
	finding->severity = severity;
	finding->subject = subject;
	finding->advice = advice;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

static void add_attach(struct report *report, const struct diagnosis *found)
{
	if (found->features & FEATURE_IN_PLACE)
		add(report, SEVERITY_OK, "attach", "",
		    "Attached processes stay in their unit, session or pod.");
	else if (!found->leaves_units)
		add(report, SEVERITY_NOTE, "attach", "",
		    "Attaching moves a process out of its cgroup in this controller's hierarchy: its "
		    "unit, session or pod no longer counts or limits it; detach moves it back.");
	else
		add(report, SEVERITY_WARNING, "attach",
		    "Limit the unit itself with MemoryMax=, or use the kernel patch, whose attach "
		    "leaves processes where they are.",
		    "Attaching takes a process out of its systemd unit, with the unit's device and IP "
		    "filters, limits and journal identity: it is refused without --leave-unit, which "
		    "only root may use, and users attach only from cgroups delegated to them.");
}

/* Rules that match processes but cannot move them. */
static void add_rules_in_units(struct report *report, const struct join_counts *join)
{
	add(report, SEVERITY_WARNING, "rules",
	    "Limit the unit itself with MemoryMax=, or attach with --leave-unit.",
	    "%zu container%s rules, which move no process out of a systemd unit on this controller: "
	    "%zu matching processes stay in their units; %" PRIu64 " others joined.",
	    join->containers, join->containers == 1 ? " has" : "s have", join->in_units,
	    join->joined);
}

static void add_rules(struct report *report, const struct join_counts *join)
{
	if (join->containers == 0) {
		add(report, SEVERITY_OK, "rules", "", "No container has rules.");
		return;
	}
	add(report, join->has_events ? SEVERITY_OK : SEVERITY_WARNING, "rules",
	    join->has_events
		    ? ""
		    : "Run rssd in the initial user and pid namespaces, with CAP_NET_ADMIN.",
	    "%zu container%s rules: %" PRIu64 " processes joined by them, %" PRIu64
	    " ended before they could, %" PRIu64 " were refused.%s",
	    join->containers, join->containers == 1 ? " has" : "s have", join->joined,
	    join->vanished, join->refused,
	    join->has_events
		    ? ""
		    : " The kernel reports no process events: processes are scanned every few "
		      "seconds.");
}

/* The most declarations that have a finding of their own. */
#define PROBLEMS_SHOWN 5

static void add_declarations(struct report *report, const struct problems *problems)
{
	static const char advice[] = "Correct the file, then run rssctl reload.";
	size_t count = problems ? problems->count : 0;

	for (size_t i = 0; i < count && i < PROBLEMS_SHOWN; i++)
		add(report, SEVERITY_ERROR, "declarations", advice, "%.100s is not in force: %s",
		    problems->list[i].file, problems->list[i].text);
	if (count > PROBLEMS_SHOWN)
		add(report, SEVERITY_ERROR, "declarations", advice,
		    "%zu more declarations are not in force.", count - PROBLEMS_SHOWN);
}

static void add_drift(struct report *report, const struct diagnosis *found)
{
	static const char advice[] = "rssctl diff shows the change, rssctl repair restores it.";

	if (!found->drifted)
		return;
	if (found->drift == DRIFT_CGROUP)
		add(report, SEVERITY_WARNING, "drift", advice,
		    "The cgroup of \"%.200s\" is gone: another program removed it.",
		    found->drifted);
	else if (found->drift == DRIFT_OOM_KILLER)
		add(report, SEVERITY_WARNING, "drift", advice,
		    "The OOM killer of \"%.200s\" is switched off: another program wrote it.",
		    found->drifted);
	else
		add(report, SEVERITY_WARNING, "drift", advice,
		    "The kernel's %s of \"%.200s\" is not what rssd set: another program wrote "
		    "it.",
		    drift_name(found->drift), found->drifted);
}

size_t diagnose(const struct diagnosis *found, struct finding findings[static FINDINGS_MAX])
{
	struct report report = { .findings = findings };
	char size[SIZE_TEXT_MAX];

	add(&report, SEVERITY_OK, "controller", "", "%s%s%.100s%s%.100s, with %zu container%s.",
	    found->controller, found->mount ? " in " : "", found->mount ? found->mount : "",
	    found->mount ? "/" : "", found->mount ? found->root : "", found->containers,
	    found->containers == 1 ? "" : "s");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool can = found->features & rows[i].feature;

		add(&report, can ? SEVERITY_OK : rows[i].without_severity, rows[i].subject,
		    can ? "" : rows[i].advice, "%s", can ? text_with(found, i) : rows[i].without);
	}
	add_attach(&report, found);
	if (found->events_problem)
		add(&report, SEVERITY_WARNING, "events",
		    "Run rssd in the initial network namespace, with CAP_SYS_ADMIN, on a kernel of the "
		    "same release.",
		    "No events are reported, OOMs included: %s. Counters can still be read.",
		    found->events_problem);
	if (found->reports_facts)
		add(&report, SEVERITY_OK, "OOM victims", "",
		    "The kernel names the victim of an OOM in the event itself.");
	else if (found->events_problem)
		add(&report, SEVERITY_NOTE, "OOM victims", "",
		    "OOMs and their victims are not reported; the counters count them.");
	else if (found->kmsg_problem)
		add(&report, SEVERITY_WARNING, "OOM victims",
		    "Run rssd with access to /dev/kmsg and with CAP_SYSLOG.",
		    "The kernel's log cannot be read (%s): OOMs are reported without their victim.",
		    found->kmsg_problem);
	else
		add(&report, SEVERITY_OK, "OOM victims", "",
		    "The kernel's log names the victim of an OOM.");
	if (found->process_events_problem)
		add(&report, SEVERITY_NOTE, "process events", "",
		    "The kernel's process events are not available (%s): transient containers are "
		    "removed a few seconds late, and attach --tree misses descendants whose parents "
		    "end during the scan.",
		    found->process_events_problem);
	else
		add(&report, SEVERITY_OK, "process events", "",
		    "Transient containers are removed as soon as they are empty, and attach --tree "
		    "finds descendants whose parents have ended.");
	if (found->leaves_units && found->join.in_units > 0)
		add_rules_in_units(&report, &found->join);
	else
		add_rules(&report, &found->join);
	if (found->swap > 0)
		add(&report, SEVERITY_OK, "swap", "", "%s of swap for anonymous memory.",
		    size_format(found->swap, size));
	else
		add(&report, SEVERITY_WARNING, "swap",
		    "Add swap, such as zram, so that anonymous memory is reclaimed before processes are "
		    "killed.",
		    "There is no swap: only file pages can be reclaimed.");
	add_declarations(&report, found->problems);
	add_drift(&report, found);
	return report.count;
}

/* Finds the first container whose cgroup another program changed. */
static void find_drifted(const struct manager *m, struct diagnosis *found)
{
	for (size_t i = 0; i < m->count && !found->drifted; i++) {
		struct container *c = m->containers[i];
		unsigned int drift = container_is_busy(c) || c->removing ? 0 : container_drift(c);

		if (!drift)
			continue;
		found->drifted = c->name;
		found->drift = drift & -drift;
	}
}

size_t diagnose_manager(struct manager *m, struct finding findings[static FINDINGS_MAX])
{
	struct sysinfo info = { 0 };
	struct diagnosis found = {
		.controller = m->controller->ops->name,
		.mount = m->controller->mount,
		.root = m->controller->root,
		.features = m->controller->features,
		.kills_groups = m->controller->kept & SETTING_OOM_GROUP,
		.leaves_units = controller_leaves_units(m->controller),
		.reports_facts = m->controller->reports_facts,
		.events_problem = m->controller->events_problem,
		.kmsg_problem = m->kmsg_problem,
		.process_events_problem = m->process_events_problem,
		.containers = m->count,
		.join = join_count(m),
		.problems = m->problems,
	};

	find_drifted(m, &found);
	(void)sysinfo(&info);
	found.swap = (uint64_t)info.totalswap * info.mem_unit;
	return diagnose(&found, findings);
}
