/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssd.conf: defaults, values, and typing errors with their line. */
#include <errno.h>
#include <syslog.h>

#include "shared/cleanup.h"
#include "store/config.h"
#include "base/failure.h"
#include "unit.h"

TEST(defaults_and_values)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	struct failure failure = { 0 };

	CHECK_INT(config_parse("# nothing\n\n[rssd]\n  Root = mine/rssd \nLimitTimeout=2min\n"
			       "ContainersMax=7\nLogLevel=debug",
			       "f", &config, &failure),
		  0);
	CHECK_STR(config->controller, "auto");
	CHECK_STR(config->root, "mine/rssd");
	CHECK_STR(config->state_directory, "/var/lib/rssd");
	CHECK_UINT(config->limit_timeout, 120000000);
	CHECK_UINT(config->containers_max, 7);
	CHECK_UINT(config->pending_max, 64);
	CHECK_UINT(config->sample_interval, 0);
	CHECK_INT(config->log_level, LOG_DEBUG);
	CHECK_INT(config->hierarchy, HIERARCHY_AUTO);
	CHECK(config->favor_dynmods);
	CHECK_INT(config->visibility, VISIBILITY_AUTO);
}

TEST(choices)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	struct failure failure = { 0 };

	CHECK_INT(config_parse("Hierarchy=v2\nFavorDynMods=no\nSampleInterval=1min\n"
			       "ProcessVisibility=own\n",
			       "f", &config, &failure),
		  0);
	CHECK_INT(config->hierarchy, HIERARCHY_V2);
	CHECK_INT(config->visibility, VISIBILITY_OWN);
	CHECK(!config->favor_dynmods);
	CHECK_UINT(config->sample_interval, 60000000);
}

TEST(the_last_line_holds)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	struct failure failure = { 0 };

	CHECK_INT(config_parse("SampleInterval=1min\nSampleInterval=off", "f", &config, &failure),
		  0);
	CHECK_UINT(config->sample_interval, 0);
}

TEST(mistakes_have_a_line)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "\nColour=red\n", "f:2: Colour" },
		{ "Root\n", "f:1: \"Root\"" },
		{ "Root=a/../b", "f:1: Root" },
		{ "Root=", "f:1: Root" },
		{ "StateDirectory=var", "must be a path" },
		{ "LimitTimeout=soon", "time span" },
		{ "LimitTimeout=0", "time span" },
		{ "SampleInterval=0", "off, or a time span of 1s" },
		{ "SampleInterval=500ms", "off, or a time span of 1s" },
		{ "SampleInterval=often", "off, or a time span of 1s" },
		{ "ContainersMax=0", "whole number" },
		{ "ContainersMax=-1", "whole number" },
		{ "ContainersMax=99999999999999999999", "whole number" },
		{ "ContainersMax=5x", "whole number" },
		{ "LogLevel=loud", "must be one of" },
		{ "ProcessVisibility=some", "must be auto, all or own" },
		{ "Hierarchy=v3", "auto, v1 or v2" },
		{ "FavorDynMods=maybe", "yes or no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct config *config = NULL;
		struct failure failure = { 0 };

		if (config_parse(bad[i].text, "f", &config, &failure) != -EBADMSG)
			FAIL("was taken: %s", bad[i].text);
		if (!strstr(failure.text, bad[i].says))
			FAIL("%s: says %s", bad[i].text, failure.text);
	}
}

TEST(a_named_file_must_be_there)
{
	struct config *config = NULL;
	struct failure failure = { 0 };

	CHECK_INT(config_load("/nonexistent/rssd.conf", &config, &failure), -EBADMSG);
	CHECK(strstr(failure.text, "/nonexistent/rssd.conf"));
}

TEST_MAIN({ "config: defaults and values", defaults_and_values }, { "config: choices", choices },
	  { "config: the last line of a key counts", the_last_line_holds },
	  { "config: errors have a line number", mistakes_have_a_line },
	  { "config: a given file must exist", a_named_file_must_be_there })
