/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of OOMs: the largest processes, and JSON there and back. */
#include <errno.h>
#include "base/json.h"

#include "monitor/oom-hook.h"
#include "monitor/oom-history.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "unit.h"

static void add(struct oom_processes *processes, pid_t pid, uint64_t resident)
{
	struct oom_process p = { .pid = pid, .resident = resident };

	oom_processes_add(processes, &p);
}

TEST(the_largest)
{
	static const pid_t order[] = { 7, 6, 5, 2, 1 };
	struct oom_processes processes = { 0 };

	for (pid_t pid = 1; pid <= 7; pid++)
		add(&processes, pid, pid == 3 || pid == 4 ? 1 : (uint64_t)pid * 10);
	CHECK_UINT(processes.count, OOM_PROCESSES);
	for (unsigned int i = 0; i < processes.count; i++)
		CHECK_INT(processes.list[i].pid, order[i]);
	add(&processes, 3, 5);
	CHECK_INT(processes.list[4].pid, 1);
	/* The same process is not added twice. */
	add(&processes, 1, 65);
	CHECK_UINT(processes.count, OOM_PROCESSES);
	CHECK_INT(processes.list[0].pid, 7);
	CHECK_INT(processes.list[1].pid, 1);
	CHECK_INT(processes.list[4].pid, 2);
}

TEST(there_and_back)
{
	cleanup_(oom_record_free_ptr) struct oom_record *oom = oom_record_new(), *read = NULL;
	cleanup_(json_object_put_ptr) struct json_object *object = NULL;
	cleanup_free char *text = NULL, *again = NULL;
	const char *key;

	oom->id = 7;
	oom->time = 1000000;
	oom->container = strdup("web");
	oom->victim_pid = 70;
	oom->victim_uid = 0;
	oom->victim_command = strdup("h\"og");
	oom->group = true;
	oom->usage = oom->limit = 1 << 20;
	oom->snapshot.failures = 0;
	oom->snapshot.reclaimed = 4096;
	oom->snapshot.parts.anon = 5;
	oom->snapshot.parts.shmem = 0;
	oom->snapshot.parts.mapped = 6;
	add(&oom->snapshot.processes, 70, 8192);
	oom->snapshot.processes.list[0].uid = (uid_t)-1;
	text = oom_format(oom);
	CHECK(text && strchr(text, '\n') == text + strlen(text) - 1);
	object = json_tokener_parse(text);
	CHECK_INT(oom_from_json(object, &read, &key), 0);
	again = oom_format(read);
	CHECK_STR(again, text);
	CHECK_STR(read->victim_command, "h\"og");
	CHECK(!read->limit_owner && read->group);
	CHECK_UINT(read->snapshot.failures, 0);
	CHECK_UINT(read->snapshot.scanned, OOM_ABSENT);
	CHECK_UINT(read->snapshot.parts.anon, 5);
	CHECK_UINT(read->snapshot.parts.shmem, 0);
	CHECK_UINT(read->snapshot.parts.mapped, 6);
	CHECK_UINT(read->snapshot.parts.kernel, OOM_ABSENT);
	CHECK_UINT(read->victim_uid, 0);
	CHECK_UINT(read->snapshot.processes.list[0].uid, (uid_t)-1);
}

TEST(bad_json)
{
	static const struct {
		const char *text, *key;
	} rows[] = {
		{ "[]", "" },
		{ "{\"colour\":1}", "colour" },
		{ "{\"usage\":-1}", "usage" },
		{ "{\"victim_pid\":99999999999}", "victim_pid" },
		{ "{\"container\":1}", "container" },
		{ "{\"group\":1}", "group" },
		{ "{\"processes\":{}}", "processes" },
		{ "{\"processes\":[{\"pid\":\"x\"}]}", "processes" },
		{ "{\"processes\":[{},{},{},{},{},{}]}", "processes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_(json_object_put_ptr) struct json_object *object =
			json_tokener_parse(rows[i].text);
		struct oom_record *read = NULL;
		const char *key = NULL;

		CHECK_INT(oom_from_json(object, &read, &key), -EBADMSG);
		CHECK_STR(key, rows[i].key);
	}
}

TEST(concerns)
{
	struct oom_record oom = { .container = (char *)"web", .victim_container = (char *)"web/a" };

	CHECK(oom_concerns(&oom, "web") && oom_concerns(&oom, "web/a"));
	CHECK(!oom_concerns(&oom, "web/b") && !oom_concerns(&oom, "we"));
}

TEST(hooks_must_belong_to_root)
{
	struct stat st = { .st_mode = S_IFREG | 0755 };

	CHECK(!hook_refusal(&st));
	st.st_uid = 1;
	CHECK(hook_refusal(&st));
	st.st_uid = 0;
	st.st_mode = S_IFREG | 0775;
	CHECK(hook_refusal(&st));
	st.st_mode = S_IFREG | 0757;
	CHECK(hook_refusal(&st));
	st.st_mode = S_IFREG | 0644;
	CHECK(hook_refusal(&st));
	st.st_mode = S_IFDIR | 0755;
	CHECK(hook_refusal(&st));
}

TEST_MAIN({ "a hook must belong to root and be writable by root only", hooks_must_belong_to_root },
	  { "the largest processes are kept in order", the_largest },
	  { "a record is read as it was written", there_and_back },
	  { "an invalid record is refused with its key", bad_json },
	  { "a record belongs to the limit and the victim", concerns })
