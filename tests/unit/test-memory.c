/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsers and files when memory runs out: each allocation fails once. What is parsed then is
 * refused for that reason or complete, never cut, and never taken for malformed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing-malloc.h"

#include "base/failure.h"
#include "cgroup/cgroup-path.h"
#include "directory.h"
#include "host/process.h"
#include "policy/record.h"
#include "policy/rule-text.h"
#include "policy/rule.h"
#include "policy/usage-history.h"
#include "shared/cleanup.h"
#include "shared/name.h"
#include "store/config.h"
#include "store/declarations.h"
#include "store/event-history.h"
#include "store/origins.h"
#include "store/state.h"
#include "store/transaction-log.h"
#include "unit.h"

#define ALLOCATIONS_MAX 100000

/* What a case works on: a directory with files, and what it has to say at the end. */
struct work {
	const char *directory;
	struct failure failure;
	char text[8192]; /* what was parsed, for a comparison */
};

typedef int (*case_fn)(struct work *work);

/* Writes down what was parsed. From then on nothing fails. */
static void write_down(struct work *work, const char *text)
{
	size_t length = strlen(work->text);

	(void)malloc_has_failed();
	snprintf(work->text + length, sizeof(work->text) - length, "%s\n", text ?: "(null)");
}

/* For functions that return NULL when out of memory and have no other failure. */
static int keep_text(struct work *work, char *text)
{
	write_down(work, text);
	free(text);
	return text ? 0 : -ENOMEM;
}

TEST_HELPER(each_allocation_fails, case_fn run)
{
	static struct work reference, work;
	DIRECTORY;

	reference = (struct work){ .directory = f.path };
	CHECK_INT(run(&reference), 0);
	for (unsigned int n = 1; n < ALLOCATIONS_MAX; n++) {
		bool failed;
		int r;

		work = (struct work){ .directory = f.path };
		malloc_fail_at(n);
		r = run(&work);
		failed = malloc_has_failed();
		if (r == 0 && strcmp(work.text, reference.text) != 0)
			FAIL("allocation %u: \"%s\", not \"%s\"", n, work.text, reference.text);
		if (r < 0 && r != -ENOMEM && !strstr(work.failure.text, "memory"))
			FAIL("allocation %u: %s, %s", n, strerror(-r), work.failure.text);
		if (!failed) {
			CHECK_INT(r, 0);
			CHECK(n > 1);
			CHECK(!malloc_has_leaked());
			return;
		}
	}
	FAIL("there is no end of allocations");
}

/* --- records and the transaction log ---------------------------------------------------- */

static const char state_text[] =
	"{\"version\":1,\"name\":\"web\",\"limit\":67108864,\"oom_group\":true,\"transient\":false,"
	"\"declared\":{\"limit\":1048576},\"oom_events\":7,\"inner_oom_kills\":2,\"last_oom\":{"
	"\"id\":9,\"time\":10,\"container\":\"web\",\"victim_pid\":77,\"victim_command\":\"hog\","
	"\"usage\":4096,\"limit\":8192,\"processes\":[{\"pid\":77,\"uid\":5,\"resident\":4096,"
	"\"command\":\"hog\"}]}}";
static const char declaration_text[] =
	"{\"name\":\"web\",\"limit\":\"64M\",\"oom_hook\":\"/bin/true\",\"join\":[{\"user\":\"0\"},"
	"{\"unit\":\"a*.service\",\"executable\":\"/bin/sh\"}]}";
static const char log_text[] =
	"{\"phase\":\"undo\",\"steps\":[{\"from\":{\"version\":1,\"name\":\"web\",\"limit\":4096},"
	"\"to\":{\"version\":1,\"name\":\"web\",\"limit\":8192}},{\"from\":{\"version\":1,"
	"\"name\":\"db\"},\"to\":{\"version\":1,\"name\":\"db\",\"limit\":1048576}}]}";

static int parse_record(struct work *work, const char *text, enum record_kind kind,
			struct record **ret)
{
	return record_parse(text, strlen(text), "file", kind, ret, &work->failure);
}

static int parse_and_format(struct work *work, const char *text, enum record_kind kind)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	int r = parse_record(work, text, kind, &record);

	(void)malloc_has_failed();
	return r < 0 ? r : keep_text(work, record_format(record));
}

static int parse_state(struct work *work)
{
	return parse_and_format(work, state_text, RECORD_STATE);
}

static int parse_declaration(struct work *work)
{
	cleanup_(record_free_ptr) struct record *record = NULL;
	int r = parse_record(work, declaration_text, RECORD_DECLARATION, &record);

	if (r < 0)
		return r;
	write_down(work, record->oom_hook);
	for (size_t i = 0; i < record->join->count && r == 0; i++)
		r = keep_text(work, rule_format(&record->join->list[i]));
	return r;
}

/* Nothing fails while it is parsed, then its formatting does. */
static int format_state(struct work *work)
{
	static struct record *record;

	if (!record && parse_record(work, state_text, RECORD_STATE, &record) < 0)
		abort();
	return keep_text(work, record_format(record));
}

static int parse_log(struct work *work)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log = NULL;
	int r = transaction_log_parse(log_text, strlen(log_text), "log", &log, &work->failure);

	(void)malloc_has_failed();
	return r < 0 ? r : keep_text(work, transaction_log_format(log));
}

static int format_log(struct work *work)
{
	static struct transaction_log *log;

	if (!log &&
	    transaction_log_parse(log_text, strlen(log_text), "log", &log, &work->failure) < 0)
		abort();
	return keep_text(work, transaction_log_format(log));
}

/* --- files ------------------------------------------------------------------------------ */

static void put_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	cleanup_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static int found(struct record **record, void *userdata)
{
	struct work *work = userdata;
	size_t length = strlen(work->text);

	snprintf(work->text + length, sizeof(work->text) - length, "%s %llu\n", (*record)->name,
		 (unsigned long long)(*record)->settings.limit);
	return 0;
}

static void aside(const char *name, const char *reason, void *userdata)
{
	write_down(userdata, reason);
}

/* No file is set aside because there was no memory to read it. */
static int load_state(struct work *work)
{
	cleanup_(state_free_ptr) struct state *state = NULL;
	char runtime[128];
	int r;

	snprintf(runtime, sizeof(runtime), "%s/run", work->directory);
	r = state_open(work->directory, runtime, &state, &work->failure);
	if (r < 0)
		return r;
	put_file(work->directory, "containers/web.json", state_text);
	return state_load(state, found, aside, work, &work->failure);
}

static int read_config(struct work *work)
{
	cleanup_(config_free_ptr) struct config *config = NULL;
	int r = config_parse("[rssd]\nRoot=a/b\nLimitTimeout=5s\nStateDirectory=/x\n", "file",
			     &config, &work->failure);

	if (r < 0)
		return r;
	write_down(work, config->root);
	write_down(work, config->state_directory);
	return 0;
}

static int read_events(struct work *work)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL;
	const struct past_event *event;
	int r;

	put_file(work->directory, "events",
		 "from 3\n3 0 1 0 4096 8192 1 0 web\n4 6 2 4 0 0 3 0 \n7 0 3 3 1 2 3 1 web/in\n");
	r = event_history_open(work->directory, 10, &history);
	if (r < 0)
		return r;
	for (size_t i = 0; (event = event_history_at(history, i)); i++)
		write_down(work, event->container);
	return 0;
}

static int read_origins(struct work *work)
{
	cleanup_(origins_free_ptr) struct origins *origins = NULL;
	char line[128];
	struct process me;
	int r;

	if (process_read(getpid(), &me) < 0)
		abort();
	snprintf(line, sizeof(line), "1 1 /x\n%d %llu /home\n", (int)me.pid,
		 (unsigned long long)me.start);
	put_file(work->directory, "origins", line);
	r = origins_open(work->directory, &origins);
	if (r < 0)
		return r;
	(void)malloc_has_failed();
	return keep_text(work, origins_find(origins, me.pid, me.start));
}

/* --- texts ------------------------------------------------------------------------------- */

static int parse_cgroups(struct work *work)
{
	cleanup_free char *cgroup = NULL;
	int r = controller_parse_proc_cgroup("5:memory:/a/b\n0::/c\n", "memory", &cgroup);

	write_down(work, cgroup);
	return r;
}

static int convert_names(struct work *work)
{
	cleanup_free char *path = name_to_object_path("web/in.a"), *file = name_to_file("web/in.a");
	cleanup_free char *from_path = NULL, *from_file = NULL;
	int r;

	if (!path || !file)
		return -ENOMEM;
	r = name_from_object_path(path, &from_path);
	if (r == 0)
		r = name_from_file(file, &from_file);
	write_down(work, from_path);
	write_down(work, from_file);
	return r;
}

static int add_usage(struct work *work)
{
	struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	int r = 0;

	for (uint64_t i = 1; i <= 20 && r == 0; i++)
		r = usage_history_add(&history, i * 60 * 1000000, i << 20);
	if (r == 0 && usage_history_samples(history, 21 * 60 * 1000000ULL, samples) != 20)
		r = -EINVAL;
	free(history);
	return r;
}

static int list_processes(struct work *work)
{
	cleanup_free struct process *list = NULL;
	size_t count = 0;
	int r = process_list(&list, &count);

	return r == 0 && count == 0 ? -EINVAL : r;
}

#define CASES(X)             \
	X(parse_state)       \
	X(parse_declaration) \
	X(format_state)      \
	X(parse_log)         \
	X(format_log)        \
	X(load_state)        \
	X(read_config)       \
	X(read_events)       \
	X(read_origins)      \
	X(parse_cgroups)     \
	X(convert_names)     \
	X(add_usage)         \
	X(list_processes)

#define DEFINE_TEST(name)                          \
	TEST(test_##name)                          \
	{                                          \
		CALL(each_allocation_fails, name); \
	}
CASES(DEFINE_TEST)

#define ROW(name) { "memory: " #name, test_##name },
TEST_MAIN(CASES(ROW))
