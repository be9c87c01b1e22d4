/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every public function of librss does with NULL: it returns -EINVAL or does nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "librss/client.h"
#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "unit.h"

static void on_event(const struct rss_event *event, void *userdata)
{
}

static int see(const struct rss_container *container, void *userdata)
{
	return 0;
}

/* Places for results; no test may see one of them written. */
static struct results {
	struct rss_client *client;
	struct rss_container *container, **containers;
	struct rss_daemon_info *info;
	struct rss_difference *differences;
	struct rss_finding *findings;
	struct rss_forecast *forecast;
	struct rss_oom **ooms;
	struct rss_process *processes;
	struct rss_report *report;
	struct rss_usage_history *history;
	char *text;
	uint64_t reclaimed;
	uint32_t killed;
	size_t count;
	int fd;
} ret;

/*
 * Every function that returns an error, called with @client and otherwise good
 * arguments; then once for each argument that must not be NULL.
 */
#define CALLS_WITH_CLIENT(X)                                                                  \
	X(rss_daemon_info(client, &ret.info))                                                 \
	X(rss_get(client, "a", &ret.container))                                               \
	X(rss_check_declaration(client, "a.json", "{}", &ret.text))                           \
	X(rss_get_by_pid(client, 1, &ret.container))                                          \
	X(rss_get_by_pidfd(client, 0, &ret.container))                                        \
	X(rss_list(client, &ret.containers, &ret.count))                                      \
	X(rss_for_each(client, see, NULL))                                                    \
	X(rss_get_usage_history(client, "a", &ret.history))                                   \
	X(rss_create(client, "a", NULL))                                                      \
	X(rss_create_at(client, "a", "a.service", NULL, NULL))                                \
	X(rss_remove(client, "a", false))                                                     \
	X(rss_set(client, "a", &settings))                                                    \
	X(rss_limit(client, "a", 1, RSS_LIMIT_REFUSE, 0, NULL, NULL, NULL))                   \
	X(rss_apply(client, &change, 1, RSS_LIMIT_REFUSE, 0))                                 \
	X(rss_apply_forecast(client, &change, 1, RSS_LIMIT_REFUSE))                           \
	X(rss_diff(client, &ret.differences, &ret.count))                                     \
	X(rss_forecast_limit(client, "a", 1, RSS_LIMIT_REFUSE, &ret.forecast))                \
	X(rss_reclaim(client, "a", 1, &ret.reclaimed))                                        \
	X(rss_reclaim_swappiness(client, "a", 1, 0, &ret.reclaimed))                          \
	X(rss_attach(client, "a", (int[]){ 0 }, 1, false, &ret.report, &ret.count))           \
	X(rss_attach_pids(client, "a", (pid_t[]){ 1 }, 1, false, &ret.report, &ret.count))    \
	X(rss_attach_preview(client, "a", (pid_t[]){ 1 }, 1, false, &ret.report, &ret.count)) \
	X(rss_attach_with(client, "a", (pid_t[]){ 1 }, 1, 0, &ret.report, &ret.count))        \
	X(rss_detach_with(client, (pid_t[]){ 1 }, 1, 0, &ret.report, &ret.count))             \
	X(rss_detach_pids(client, (pid_t[]){ 1 }, 1, &ret.report, &ret.count))                \
	X(rss_processes(client, "a", &ret.processes, &ret.count))                             \
	X(rss_processes_with(client, "a", 0, &ret.processes, &ret.count))                     \
	X(rss_kill_with(client, "a", 15, 0, &ret.killed))                                     \
	X(rss_kill(client, "a", 15, &ret.killed))                                             \
	X(rss_freeze(client, "a"))                                                            \
	X(rss_thaw(client, "a"))                                                              \
	X(rss_set_timeout(client, 1))                                                         \
	X(rss_delegate(client, "a", 1))                                                       \
	X(rss_reset_peak(client, "a"))                                                        \
	X(rss_repair(client, "a"))                                                            \
	X(rss_list_ooms(client, "a", &ret.ooms, &ret.count))                                  \
	X(rss_subscribe(client, on_event, NULL))                                              \
	X(rss_subscribe_since(client, RSS_NOW, on_event, NULL))                               \
	X(rss_wait(client, 0))                                                                \
	X(rss_get_fd(client))                                                                 \
	X(rss_diagnose(client, &ret.findings, &ret.count))                                    \
	X(rss_dump_metrics(client, &ret.fd))                                                  \
	X(rss_reload_findings(client, &ret.findings, &ret.count))                             \
	X(rss_reload(client))

#define CALLS_WITH_NULL(X)                                                                     \
	X(rss_daemon_info(client, NULL))                                                       \
	X(rss_get(client, NULL, &ret.container))                                               \
	X(rss_get(client, "a", NULL))                                                          \
	X(rss_get_by_pid(client, 1, NULL))                                                     \
	X(rss_get_by_pidfd(client, 0, NULL))                                                   \
	X(rss_list(client, NULL, &ret.count))                                                  \
	X(rss_list(client, &ret.containers, NULL))                                             \
	X(rss_for_each(client, NULL, NULL))                                                    \
	X(rss_get_usage_history(client, NULL, &ret.history))                                   \
	X(rss_get_usage_history(client, "a", NULL))                                            \
	X(rss_create(client, NULL, NULL))                                                      \
	X(rss_create_at(client, NULL, "a.service", NULL, NULL))                                \
	X(rss_create_at(client, "a", NULL, NULL, NULL))                                        \
	X(rss_remove(client, NULL, false))                                                     \
	X(rss_set(client, NULL, &settings))                                                    \
	X(rss_set(client, "a", NULL))                                                          \
	X(rss_limit(client, NULL, 1, RSS_LIMIT_REFUSE, 0, NULL, NULL, NULL))                   \
	X(rss_apply(client, NULL, 1, RSS_LIMIT_REFUSE, 0))                                     \
	X(rss_apply(client, &nameless, 1, RSS_LIMIT_REFUSE, 0))                                \
	X(rss_apply_forecast(client, NULL, 1, RSS_LIMIT_REFUSE))                               \
	X(rss_apply_forecast(client, &nameless, 1, RSS_LIMIT_REFUSE))                          \
	X(rss_diff(client, NULL, &ret.count))                                                  \
	X(rss_diff(client, &ret.differences, NULL))                                            \
	X(rss_forecast_limit(client, NULL, 1, RSS_LIMIT_REFUSE, &ret.forecast))                \
	X(rss_forecast_limit(client, "a", 1, RSS_LIMIT_REFUSE, NULL))                          \
	X(rss_reclaim(client, NULL, 1, &ret.reclaimed))                                        \
	X(rss_reclaim_swappiness(client, NULL, 1, 0, &ret.reclaimed))                          \
	X(rss_attach(client, NULL, (int[]){ 0 }, 1, false, &ret.report, &ret.count))           \
	X(rss_attach(client, "a", NULL, 1, false, &ret.report, &ret.count))                    \
	X(rss_attach(client, "a", (int[]){ 0 }, 1, false, NULL, &ret.count))                   \
	X(rss_attach(client, "a", (int[]){ 0 }, 1, false, &ret.report, NULL))                  \
	X(rss_attach_pids(client, NULL, (pid_t[]){ 1 }, 1, false, &ret.report, &ret.count))    \
	X(rss_attach_pids(client, "a", NULL, 1, false, &ret.report, &ret.count))               \
	X(rss_attach_pids(client, "a", (pid_t[]){ 1 }, 1, false, NULL, &ret.count))            \
	X(rss_attach_pids(client, "a", (pid_t[]){ 1 }, 1, false, &ret.report, NULL))           \
	X(rss_attach_preview(client, NULL, (pid_t[]){ 1 }, 1, false, &ret.report, &ret.count)) \
	X(rss_attach_preview(client, "a", NULL, 1, false, &ret.report, &ret.count))            \
	X(rss_attach_preview(client, "a", (pid_t[]){ 1 }, 1, false, NULL, &ret.count))         \
	X(rss_attach_preview(client, "a", (pid_t[]){ 1 }, 1, false, &ret.report, NULL))        \
	X(rss_attach_with(client, NULL, (pid_t[]){ 1 }, 1, 0, &ret.report, &ret.count))        \
	X(rss_attach_with(client, "a", NULL, 1, 0, &ret.report, &ret.count))                   \
	X(rss_attach_with(client, "a", (pid_t[]){ 1 }, 1, 0, NULL, &ret.count))                \
	X(rss_attach_with(client, "a", (pid_t[]){ 1 }, 1, 0, &ret.report, NULL))               \
	X(rss_detach_with(client, NULL, 1, 0, &ret.report, &ret.count))                        \
	X(rss_detach_pids(client, NULL, 1, &ret.report, &ret.count))                           \
	X(rss_detach_pids(client, (pid_t[]){ 1 }, 1, NULL, &ret.count))                        \
	X(rss_detach_pids(client, (pid_t[]){ 1 }, 1, &ret.report, NULL))                       \
	X(rss_processes(client, NULL, &ret.processes, &ret.count))                             \
	X(rss_processes(client, "a", NULL, &ret.count))                                        \
	X(rss_processes(client, "a", &ret.processes, NULL))                                    \
	X(rss_processes_with(client, NULL, 0, &ret.processes, &ret.count))                     \
	X(rss_processes_with(client, "a", 0, NULL, &ret.count))                                \
	X(rss_processes_with(client, "a", 0, &ret.processes, NULL))                            \
	X(rss_kill_with(client, NULL, 15, 0, &ret.killed))                                     \
	X(rss_kill(client, NULL, 15, &ret.killed))                                             \
	X(rss_freeze(client, NULL))                                                            \
	X(rss_thaw(client, NULL))                                                              \
	X(rss_delegate(client, NULL, 1))                                                       \
	X(rss_reset_peak(client, NULL))                                                        \
	X(rss_repair(client, NULL))                                                            \
	X(rss_list_ooms(client, NULL, NULL, &ret.count))                                       \
	X(rss_list_ooms(client, NULL, &ret.ooms, NULL))                                        \
	X(rss_subscribe(client, NULL, NULL))                                                   \
	X(rss_subscribe_since(client, 0, NULL, NULL))                                          \
	X(rss_diagnose(client, NULL, &ret.count))                                              \
	X(rss_diagnose(client, &ret.findings, NULL))                                           \
	X(rss_dump_metrics(client, NULL))

/* Functions that cannot fail, and accept NULL. */
#define CALLS_WITHOUT_ERROR(X)                                    \
	X(rss_close(NULL) == NULL)                                \
	X(*rss_error_message(NULL) != '\0')                       \
	X(*rss_error_name(NULL) == '\0')                          \
	X(rss_daemon_info_free(NULL) == NULL)                     \
	X(rss_container_free(NULL) == NULL)                       \
	X(rss_list_free(NULL, 1) == NULL)                         \
	X(rss_usage_history_free(NULL) == NULL)                   \
	X(rss_differences_free(NULL, 1) == NULL)                  \
	X(rss_forecast_free(NULL) == NULL)                        \
	X(rss_report_free(NULL, 1) == NULL)                       \
	X(rss_processes_free(NULL, 1) == NULL)                    \
	X(rss_ooms_free(NULL, 1) == NULL)                         \
	X(rss_findings_free(NULL, 1) == NULL)                     \
	X(rss_event_kind_name((enum rss_event_kind) - 1) != NULL) \
	X(rss_verdict_name((enum rss_verdict) - 1) != NULL)

static const struct rss_settings settings = { .set = RSS_SET_LIMIT, .limit = 1 };
static struct rss_change change = { .name = "a", .settings = { .set = RSS_SET_LIMIT } };
static struct rss_change nameless = { .settings = { .set = RSS_SET_LIMIT } };

TEST_HELPER(results_are_untouched, const char *call)
{
	static const struct results nothing;

	if (memcmp(&ret, &nothing, sizeof(ret)) != 0)
		FAIL("%s wrote a result", call);
}

TEST(without_a_client)
{
	struct rss_client *client = NULL;

#define X(call)                   \
	CHECK_INT(call, -EINVAL); \
	CALL(results_are_untouched, #call);
	CALLS_WITH_CLIENT(X)
#undef X
	rss_allow_interaction(client, true);
}

/* The arguments are checked before the connection is used: this client has none. */
TEST(without_an_argument)
{
	struct rss_client fake = { 0 }, *client = &fake;

#define X(call)                                                                 \
	CHECK_INT(call, -EINVAL);                                               \
	CHECK(strstr(rss_error_message(client), "NULL"));                       \
	CHECK(!strncmp(rss_error_message(client), #call, strcspn(#call, "("))); \
	CALL(results_are_untouched, #call);
	CALLS_WITH_NULL(X)
#undef X
	free(fake.message);
	CHECK_INT(rss_open(NULL), -EINVAL);
	CHECK_INT(rss_open_host("there", NULL), -EINVAL);
	CHECK_INT(rss_open_host(NULL, &client), -EINVAL);
	CHECK_INT(rss_open_host("", &client), -EINVAL);
	CHECK_INT(rss_open_within(1000, NULL), -EINVAL);
	CHECK_INT(rss_open_within(0, &client), -EINVAL);
	fake.message = NULL;
	CHECK_INT(rss_set_timeout(client, 0), -EINVAL);
	CHECK_STR(rss_error_message(client), "rss_set_timeout() was called with 0");
	CHECK_UINT(fake.timeout, 0);
	free(fake.message);
}

TEST(without_anything_to_free)
{
#define X(call) CHECK(call);
	CALLS_WITHOUT_ERROR(X)
#undef X
}

TEST(sizes_without_a_client)
{
	char text[RSS_SIZE_TEXT_MAX] = "untouched";
	uint64_t bytes = 7;

	CHECK_INT(rss_parse_size(NULL, &bytes), -EINVAL);
	CHECK_INT(rss_parse_size("1M", NULL), -EINVAL);
	CHECK_INT(rss_parse_size("1 apple", &bytes), -EINVAL);
	CHECK_INT(rss_parse_size("9000000000G", &bytes), -ERANGE);
	CHECK_UINT(bytes, 7);
	CHECK_INT(rss_parse_size("1.5G", &bytes), 0);
	CHECK_UINT(bytes, 3ULL << 29);
	CHECK_INT(rss_parse_size("infinity", &bytes), 0);
	CHECK_UINT(bytes, RSS_INFINITY);

	CHECK_INT(rss_format_size(1, NULL, 8), -EINVAL);
	CHECK_INT(rss_format_size(512 << 20, text, 6), -ENOSPC);
	CHECK_INT(rss_format_size(0, text, 0), -ENOSPC);
	CHECK_STR(text, "untouched");
	CHECK_INT(rss_format_size(512 << 20, text, 7), 0);
	CHECK_STR(text, "512.0M");
	CHECK_INT(rss_format_size(RSS_INFINITY, text, sizeof(text)), 0);
	CHECK_STR(text, "infinity");
}

TEST(pressure_without_a_client)
{
	char text[RSS_PRESSURE_TEXT_MAX];
	uint64_t trigger = 7;

	CHECK_INT(rss_parse_pressure(NULL, &trigger), -EINVAL);
	CHECK_INT(rss_parse_pressure("none", NULL), -EINVAL);
	CHECK_INT(rss_parse_pressure("half:1s/2s", &trigger), -EINVAL);
	CHECK_UINT(trigger, 7);
	CHECK_INT(rss_parse_pressure("full:1500us/2s", &trigger), 0);
	CHECK_INT(rss_format_pressure(trigger, NULL, 8), -EINVAL);
	CHECK_INT(rss_format_pressure(trigger, text, 8), -ENOSPC);
	CHECK_INT(rss_format_pressure(trigger, text, sizeof(text)), 0);
	CHECK_STR(text, "full:1500us/2s");
}

/* A function that is added to the library has to be added here. */
TEST(every_function_is_tested)
{
#define X(call) #call "\n"
	static const char calls[] =
		"rss_open(\nrss_open_host(\nrss_open_within(\nrss_allow_interaction(\n"
		"rss_parse_size(\nrss_format_size(\n"
		"rss_parse_pressure(\nrss_format_pressure(\n" CALLS_WITH_CLIENT(X)
			CALLS_WITHOUT_ERROR(X);
#undef X
	cleanup_free char *header = NULL;
	char *save = NULL, *line;
	unsigned int found = 0;

	if (read_file_at(AT_FDCWD, "lib/librss/rss.h", FILE_OWN_MAX, &header, NULL) < 0)
		SKIP("lib/librss/rss.h is not below the working directory");
	for (line = strtok_r(header, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *paren = strchr(line, '('), *name = paren, call[64];

		/* "int rss_kill(struct", "struct rss_client *rss_close(struct" */
		if (!paren || line[0] < 'a' || line[0] > 'z' || strncmp(line, "typedef", 7) == 0)
			continue;
		while (name > line && (name[-1] == '_' || (name[-1] >= 'a' && name[-1] <= 'z')))
			name--;
		snprintf(call, sizeof(call), "%.*s(", (int)(paren - name), name);
		if (!strstr(calls, call))
			FAIL("%s is not tested", name);
		found++;
	}
	CHECK(found >= 49);
}

TEST_MAIN({ "without a client", without_a_client },
	  { "without an argument that is needed", without_an_argument },
	  { "without anything to free", without_anything_to_free },
	  { "sizes are read and written", sizes_without_a_client },
	  { "pressure without a client", pressure_without_a_client },
	  { "every exported function is tested", every_function_is_tested })
