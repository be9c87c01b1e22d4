/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl doctor: missing features are reported, existing ones are not. */
#include "cgroup/controller.h"
#include "policy/drift.h"
#include "policy/settings.h"
#include "report/diagnose.h"
#include "unit.h"

/* Is there a finding on @subject whose text or advice has @part in it? */
static bool says(const struct finding findings[], size_t count, const char *subject,
		 const char *part)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(findings[i].subject, subject) == 0)
			return strstr(findings[i].text, part) || strstr(findings[i].advice, part);
	}
	return false;
}

TEST(all_features_are_well)
{
	struct diagnosis found = { .controller = "rss", .features = ~0U, .swap = 1 << 30 };
	struct finding findings[FINDINGS_MAX];
	size_t count = diagnose(&found, findings);

	for (size_t i = 0; i < count; i++) {
		if (findings[i].severity != SEVERITY_OK)
			FAIL("%s: %s", findings[i].subject, findings[i].text);
	}
}

TEST(missing_features_are_reported)
{
	struct diagnosis found = { .controller = "memory-v1",
				   .kmsg_problem = "Permission denied",
				   .process_events_problem = "Protocol not supported",
				   .join = { .containers = 2, .joined = 7 },
				   .drifted = "web",
				   .drift = SETTING_LIMIT };
	struct finding findings[FINDINGS_MAX];
	size_t count = diagnose(&found, findings);
	size_t features = 0;

	CHECK(count < FINDINGS_MAX);
	CHECK(says(findings, count, "OOM victims", "Permission denied"));
	CHECK(says(findings, count, "process events", "Protocol not supported"));
	CHECK(says(findings, count, "rules", "2 containers have rules: 7 processes"));
	CHECK(says(findings, count, "rules", "every few seconds"));
	CHECK(says(findings, count, "swap", "zram"));
	CHECK(says(findings, count, "drift", "web"));
	/* Every feature that a controller may lack has a row of its own. */
	while (controller_feature_name((unsigned int)features))
		features++;
	for (size_t i = 0, missing = 0; i < count; i++) {
		missing += findings[i].severity != SEVERITY_OK;
		if (i + 1 == count)
			CHECK_UINT(missing, features + 5);
	}
}

TEST(each_drift_is_said)
{
	struct diagnosis found = { .controller = "memory-v1", .drifted = "web" };
	struct finding findings[FINDINGS_MAX];
	static const struct {
		unsigned int drift;
		const char *text;
	} cases[] = {
		{ SETTING_OOM_GROUP, "The kernel's oom_group of \"web\" is not what rssd set" },
		{ DRIFT_CGROUP, "The cgroup of \"web\" is gone" },
		{ DRIFT_OOM_KILLER, "The OOM killer of \"web\" is switched off" },
		{ DRIFT_FREEZER, "The kernel's freezer of \"web\" is not what rssd set" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		found.drift = cases[i].drift;
		CHECK(says(findings, diagnose(&found, findings), "drift", cases[i].text));
	}
}

TEST(an_attach_that_leaves_units_is_a_warning)
{
	struct diagnosis found = { .controller = "memory-v2",
				   .leaves_units = true,
				   .join = { .containers = 1, .in_units = 3, .has_events = true } };
	struct finding findings[FINDINGS_MAX];
	size_t count = diagnose(&found, findings), warnings = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(findings[i].subject, "attach") == 0 ||
		    strcmp(findings[i].subject, "rules") == 0)
			warnings += findings[i].severity == SEVERITY_WARNING;
	}
	CHECK_UINT(warnings, 2);
	CHECK(says(findings, count, "attach", "--leave-unit"));
	CHECK(says(findings, count, "attach", "device and IP filters"));
	CHECK(says(findings, count, "rules", "3 matching processes stay in their units"));
}

TEST_MAIN({ "doctor: all features are available", all_features_are_well },
	  { "doctor: missing features are reported", missing_features_are_reported },
	  { "doctor: each drift is reported", each_drift_is_said },
	  { "doctor: an attach that leaves units is a warning",
	    an_attach_that_leaves_units_is_a_warning })
