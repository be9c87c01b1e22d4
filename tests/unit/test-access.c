/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The access policy, and the bounds of time and log lines. */
#include <string.h>
#include <systemd/sd-bus.h>

#include "policy/access-policy.h"
#include "bus/authorize.h"
#include "bus/bus.h"
#include "base/failure.h"
#include "host/proc-visibility.h"
#include "policy/ratelimit.h"
#include "policy/settings.h"
#include "unit.h"

#define USER 1000

static const enum access_operation guarded[] = { ACCESS_MANAGE, ACCESS_ATTACH, ACCESS_SIGNAL,
						 ACCESS_RELOAD, ACCESS_OWN };

TEST(root_may_do_everything)
{
	for (enum access_operation operation = ACCESS_ROOT; operation <= ACCESS_OWN; operation++) {
		for (enum auth_result o = AUTH_NOT_ASKED; o <= AUTH_NO_REPLY; o++)
			CHECK_INT(access_decide(operation, 0, o), ACCESS_ALLOW);
	}
}

TEST(any_user_may_query)
{
	CHECK_INT(access_decide(ACCESS_QUERY, USER, AUTH_NOT_ASKED), ACCESS_ALLOW);
	CHECK_INT(access_decide(ACCESS_QUERY, USER, AUTH_ABSENT), ACCESS_ALLOW);
}

TEST(polkit_decides_the_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
		CHECK_INT(access_decide(guarded[i], USER, AUTH_NOT_ASKED), ACCESS_ASK);
		CHECK_INT(access_decide(guarded[i], USER, AUTH_YES), ACCESS_ALLOW);
		for (enum auth_result o = AUTH_NO; o <= AUTH_NO_REPLY; o++)
			CHECK_INT(access_decide(guarded[i], USER, o), ACCESS_REFUSE);
		CHECK(access_polkit_action(guarded[i]) != NULL);
	}
}

TEST(methods_without_a_row_are_for_root)
{
	CHECK_INT(bus_operation_of("Explode"), ACCESS_ROOT);
	CHECK_INT(bus_operation_of(""), ACCESS_ROOT);
	for (enum auth_result o = AUTH_NOT_ASKED; o <= AUTH_NO_REPLY; o++)
		CHECK_INT(access_decide(ACCESS_ROOT, USER, o), ACCESS_REFUSE);
}

TEST(processes_of_others_are_hidden)
{
	struct oom_record record = {
		.container = (char *)"web",
		.victim_pid = 7,
		.victim_uid = 2000,
		.victim_command = (char *)"hog",
		.usage = 5,
		.killed = 3,
		.requester_uid = 2000,
		.requester_pid = 8,
		.snapshot.processes = {
			.count = 3,
			.list = { { .pid = 7, .uid = 2000 },
				  { .pid = 9, .uid = USER, .command = "mine" },
				  { .pid = 10, .uid = (uid_t)-1 } },
		},
	};
	struct oom_record seen = access_visible_record(&record, VIEWER_ALL);

	CHECK_INT(seen.victim_pid, 7);
	CHECK_UINT(seen.snapshot.processes.count, 3);
	seen = access_visible_record(&record, USER);
	CHECK_STR(seen.container, "web");
	CHECK_UINT(seen.usage, 5);
	CHECK_UINT(seen.killed, 3);
	CHECK_INT(seen.victim_pid, 0);
	CHECK_UINT(seen.victim_uid, (uid_t)-1);
	CHECK(!seen.victim_command);
	CHECK_INT(seen.requester_pid, 0);
	CHECK_UINT(seen.requester_uid, (uid_t)-1);
	CHECK_UINT(seen.snapshot.processes.count, 1);
	CHECK_STR(seen.snapshot.processes.list[0].command, "mine");
	seen = access_visible_record(&record, 2000);
	CHECK_INT(seen.victim_pid, 7);
	CHECK_INT(seen.requester_pid, 8);
	CHECK_UINT(seen.snapshot.processes.count, 1);
	/* A process whose user is not known is nobody's. */
	seen = access_visible_record(&record, VIEWER_NONE);
	CHECK_UINT(seen.snapshot.processes.count, 0);
	CHECK(!access_sees(VIEWER_NONE, VIEWER_NONE));
}

TEST(proc_tells_what_is_hidden)
{
	CHECK(!proc_hides_processes("proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"));
	CHECK(proc_hides_processes("proc /proc proc rw,relatime,gid=4,hidepid=invisible 0 0\n"));
	CHECK(proc_hides_processes("sysfs /sys sysfs rw 0 0\nproc /proc proc rw,hidepid=2 0 0"));
	CHECK(proc_hides_processes("proc /proc proc rw,hidepid=noaccess,gid=4 0 0\n"));
	CHECK(!proc_hides_processes("proc /proc proc rw,hidepid=0 0 0\n"));
	CHECK(!proc_hides_processes("proc /proc proc rw,hidepid=off,gid=4 0 0\n"));
	/* The last mount counts, and only on /proc. */
	CHECK(!proc_hides_processes("proc /proc proc rw,hidepid=2 0 0\nproc /proc proc rw 0 0\n"
				    "proc /srv/proc proc rw,hidepid=2 0 0\n"));
	CHECK(proc_hides_processes("proc /proc proc rw 0 0\nproc /proc proc hidepid=4 0 0\n"));
	CHECK(proc_hides_processes("sysfs /sys sysfs rw 0 0\n"));
}

/* The right to call a method is part of the API: this finds an error in a row of a vtable. */
static const struct {
	const char *member;
	enum access_operation operation;
} methods[] = {
	/* Any user may read properties as well. */
	{ "GetContainer", ACCESS_QUERY },
	{ "GetContainerByPID", ACCESS_QUERY },
	{ "GetContainerByPIDFD", ACCESS_QUERY },
	{ "ListContainers", ACCESS_QUERY },
	{ "ListCounters", ACCESS_QUERY },
	{ "GetProcesses", ACCESS_QUERY },
	{ "ListProcesses", ACCESS_QUERY },
	{ "Diagnose", ACCESS_QUERY },
	{ "CheckDeclaration", ACCESS_QUERY },
	{ "DumpMetrics", ACCESS_QUERY },
	{ "ForecastLimit", ACCESS_QUERY },
	{ "ForecastApply", ACCESS_QUERY },
	{ "Diff", ACCESS_QUERY },
	{ "ListOOMs", ACCESS_QUERY },
	{ "GetEvents", ACCESS_QUERY },
	{ "GetUsageHistory", ACCESS_QUERY },

	{ "CreateContainer", ACCESS_MANAGE },
	{ "RemoveContainer", ACCESS_MANAGE },
	{ "SetLimit", ACCESS_MANAGE },
	{ "SetProperties", ACCESS_MANAGE },
	{ "Apply", ACCESS_MANAGE },
	{ "Reclaim", ACCESS_MANAGE },
	{ "ResetPeak", ACCESS_MANAGE },

	{ "Attach", ACCESS_ATTACH },
	{ "Detach", ACCESS_ATTACH },
	/* A pid may name another process than the caller meant. */
	{ "AttachPIDs", ACCESS_ROOT },

	{ "Kill", ACCESS_SIGNAL },
	{ "KillProcesses", ACCESS_SIGNAL },
	{ "Freeze", ACCESS_SIGNAL },
	{ "Thaw", ACCESS_SIGNAL },
	{ "Repair", ACCESS_MANAGE },

	{ "Reload", ACCESS_RELOAD },
	{ "DelegateContainer", ACCESS_ROOT },
};

TEST(each_method_names_its_operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (bus_operation_of(methods[i].member) != methods[i].operation)
			FAIL("%s has the operation %d", methods[i].member,
			     bus_operation_of(methods[i].member));
	}
}

static bool is_known(const char *member)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].member, member) == 0)
			return true;
	}
	return false;
}

/* Every method that sd-bus lets any caller call is one of those above. */
TEST_HELPER(check_methods, const sd_bus_vtable *vtable)
{
	unsigned int found = 0;

	for (; vtable->type != _SD_BUS_VTABLE_END; vtable++) {
		if (vtable->type != _SD_BUS_VTABLE_METHOD ||
		    !(vtable->flags & SD_BUS_VTABLE_UNPRIVILEGED))
			continue;
		found++;
		if (!is_known(vtable->x.method.member))
			FAIL("%s is open", vtable->x.method.member);
	}
	CHECK(found > 0);
}

TEST(an_open_method_without_an_operation_is_for_root)
{
	const sd_bus_vtable open = SD_BUS_METHOD("Open", "", "", NULL, SD_BUS_VTABLE_UNPRIVILEGED);
	const sd_bus_vtable closed = SD_BUS_METHOD("Closed", "", "", NULL, 0);

	CHECK_INT(bus_row_operation(&open), ACCESS_ROOT);
	CHECK_INT(bus_row_operation(&closed), ACCESS_ROOT);
}

TEST(no_other_method_is_open)
{
	CALL(check_methods, bus_manager_vtable);
	CALL(check_methods, bus_settings_vtable);
	CALL(check_methods, bus_history_vtable);
	CALL(check_methods, bus_container_vtable);
	CALL(check_methods, bus_process_vtable);
}

TEST(refusals_say_what_to_do)
{
	struct failure failure = { 0 };

	CHECK(access_refuse(ACCESS_ATTACH, USER, AUTH_ABSENT, &failure) < 0);
	CHECK_INT(failure.error, RSS_ERROR_ACCESS_DENIED);
	CHECK(strstr(failure.text, "org.rssd1.attach-processes") != NULL);
	CHECK(strstr(failure.text, "install polkitd") != NULL);
	CHECK(access_refuse(ACCESS_ROOT, USER, AUTH_NOT_ASKED, &failure) < 0);
	CHECK(strstr(failure.text, "only root may") != NULL);
}

TEST(own_processes_only)
{
	CHECK(access_owns(USER, USER));
	CHECK(!access_owns(USER, USER + 1));
	CHECK(!access_owns(USER, 0));
	CHECK(access_owns(0, USER));
}

/* --- owners ------------------------------------------------------------------------ */

#define OTHER 2000

#define ROLE(user, ...)                                                   \
	access_role(user, (const struct access_link[]){ __VA_ARGS__ },    \
		    sizeof((const struct access_link[]){ __VA_ARGS__ }) / \
			    sizeof(struct access_link))
#define GIVEN(user)                     \
	{                               \
		.owner = { user, true } \
	}
#define CREATED(user)                    \
	{                                \
		.owner = { user, false } \
	}
#define ROOTS                         \
	{                             \
		.owner = { 0, false } \
	}

TEST(a_role_comes_from_a_delegated_container)
{
	CHECK_INT(access_role(USER, NULL, 0), ROLE_NONE);
	CHECK_INT(ROLE(USER, ROOTS), ROLE_NONE);
	CHECK_INT(ROLE(USER, GIVEN(USER)), ROLE_DELEGATE);
	CHECK_INT(ROLE(USER, GIVEN(USER), ROOTS), ROLE_DELEGATE);
	CHECK_INT(ROLE(USER, CREATED(USER), GIVEN(USER)), ROLE_OWNER);
	CHECK_INT(ROLE(USER, CREATED(USER), CREATED(USER), GIVEN(USER), ROOTS), ROLE_OWNER);
	/* Root has all rights without a role; no user has the ID -1. */
	CHECK_INT(ROLE(0, ROOTS), ROLE_NONE);
	CHECK_INT(ROLE((uid_t)-1, GIVEN((uid_t)-1)), ROLE_NONE);
}

TEST(strangers_have_no_role)
{
	CHECK_INT(ROLE(OTHER, GIVEN(USER)), ROLE_NONE);
	CHECK_INT(ROLE(OTHER, CREATED(USER), GIVEN(USER)), ROLE_NONE);
	/* That root created below a delegated container is root's. */
	CHECK_INT(ROLE(USER, ROOTS, GIVEN(USER)), ROLE_NONE);
	/* What another user was given inside, and what is below that. */
	CHECK_INT(ROLE(USER, GIVEN(OTHER), GIVEN(USER)), ROLE_NONE);
	CHECK_INT(ROLE(OTHER, GIVEN(OTHER), GIVEN(USER)), ROLE_DELEGATE);
	CHECK_INT(ROLE(USER, CREATED(OTHER), GIVEN(OTHER), GIVEN(USER)), ROLE_NONE);
}

/* A container that was created proves nothing: every container up to a delegated one must be own. */
TEST(a_broken_chain_gives_no_role)
{
	CHECK_INT(ROLE(USER, CREATED(USER)), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), ROOTS), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), CREATED(USER)), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), GIVEN(OTHER)), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), ROOTS, GIVEN(USER)), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), CREATED(OTHER), GIVEN(USER)), ROLE_NONE);
	/* Units and cgroups of other programs are nobody's. */
	CHECK_INT(ROLE(USER, { .owner = { USER, true }, .elsewhere = true }), ROLE_NONE);
	CHECK_INT(ROLE(USER, CREATED(USER), { .owner = { USER, true }, .elsewhere = true }),
		  ROLE_NONE);
}

TEST(rights_of_owners)
{
	static const char *const with_delegation[] = { "CreateContainer", "Attach" };
	static const char *const with_ownership[] = {
		"RemoveContainer", "SetLimit", "SetProperties", "Kill",
		"KillProcesses",   "Freeze",   "Thaw"
	};
	unsigned int rights = 0;

	for (size_t i = 0; i < ARRAY_SIZE(with_delegation); i++) {
		CHECK(!access_owner_may(with_delegation[i], ROLE_NONE));
		CHECK(access_owner_may(with_delegation[i], ROLE_DELEGATE));
		CHECK(access_owner_may(with_delegation[i], ROLE_OWNER));
	}
	for (size_t i = 0; i < ARRAY_SIZE(with_ownership); i++) {
		CHECK(!access_owner_may(with_ownership[i], ROLE_NONE));
		CHECK(!access_owner_may(with_ownership[i], ROLE_DELEGATE));
		CHECK(access_owner_may(with_ownership[i], ROLE_OWNER));
	}
	/* These are all, and each of them needs a right of other users as well. */
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		rights += access_owner_may(methods[i].member, ROLE_OWNER);
		if (access_owner_may(methods[i].member, ROLE_OWNER))
			CHECK(access_polkit_action(methods[i].operation) != NULL);
	}
	CHECK_UINT(rights, ARRAY_SIZE(with_delegation) + ARRAY_SIZE(with_ownership));
	CHECK(!access_owner_may("DelegateContainer", ROLE_OWNER));
	CHECK(!access_owner_may("AttachPIDs", ROLE_OWNER));
	CHECK(!access_owner_may("", ROLE_OWNER));
}

TEST(owners_signal_only_their_processes)
{
	CHECK(access_may_signal(USER, USER));
	CHECK(!access_may_signal(USER, OTHER));
	CHECK(!access_may_signal(USER, 0));
	CHECK(access_may_signal(0, USER));
}

TEST(settings_of_owners)
{
	struct settings_change change = { .set = SETTING_LIMIT, .to.limit = 100 };
	struct failure failure = { 0 };

	CHECK_INT(access_check_settings(&change, 100, &failure), 0);
	CHECK_INT(access_check_settings(&change, LIMIT_INFINITY, &failure), 0);
	CHECK(access_check_settings(&change, 99, &failure) < 0);
	CHECK_INT(failure.error, RSS_ERROR_ACCESS_DENIED);
	change.to.limit = LIMIT_INFINITY;
	CHECK_INT(access_check_settings(&change, 99, &failure), 0);
	change = (struct settings_change){ .set = SETTING_WMARK_HIGH, .to.wmark_high = 100 };
	CHECK_INT(access_check_settings(&change, 100, &failure), 0);
	CHECK(access_check_settings(&change, 99, &failure) < 0);
	/* All others act on more than memory. */
	for_each_setting(setting) {
		change = (struct settings_change){ .set = setting->bit };
		if (setting->bit & (SETTING_LIMIT | SETTING_WMARK_HIGH | SETTING_WMARK_LOW))
			continue;
		CHECK(access_check_settings(&change, LIMIT_INFINITY, &failure) < 0);
	}
	change.set = 0;
	CHECK_INT(access_check_settings(&change, 0, &failure), 0);
}

static struct rate user_rate(void)
{
	return (struct rate){ .burst = USER_BURST_USEC, .share = USER_SHARE };
}

TEST(a_share_is_used_up_and_comes_back)
{
	struct rate rate = user_rate();
	uint64_t now = 1000 * 1000 * 1000;

	CHECK(rate_is_full(&rate, now));
	CHECK(rate_allows(&rate, now));
	rate_charge(&rate, now, USER_BURST_USEC - 1);
	CHECK(rate_allows(&rate, now));
	rate_charge(&rate, now, 1);
	CHECK(!rate_allows(&rate, now));
	CHECK(!rate_allows(&rate, now + USER_SHARE - 1));
	CHECK(rate_allows(&rate, now + USER_SHARE));
	CHECK(!rate_is_full(&rate, now + USER_SHARE));
	CHECK(rate_is_full(&rate, now + USER_SHARE * (USER_BURST_USEC + 1)));
}

/* Polls that are closer than the refill of a microsecond lose nothing of it. */
TEST(a_share_comes_back_however_often_it_is_polled)
{
	struct rate rate = user_rate();
	uint64_t now = 1;

	rate_charge(&rate, now, USER_BURST_USEC + 10);
	while (!rate_allows(&rate, now) && now < 1000)
		now++;
	CHECK_INT(now, 1 + USER_SHARE * 11);
}

/* A clock that does not advance, or that went back, refills nothing. */
TEST(a_share_does_not_come_back_by_itself)
{
	struct rate rate = user_rate();

	rate_charge(&rate, 1000, USER_BURST_USEC);
	CHECK(!rate_allows(&rate, 0));
	CHECK(!rate_allows(&rate, 1000));
}

/* Sixteen users at their limits leave half of the time to root; one below it is still served. */
TEST(all_users_together_have_a_share)
{
	struct rate all = { .burst = ALL_USERS_BURST_USEC, .share = ALL_USERS_SHARE };
	struct rate greedy = user_rate(), modest = user_rate();
	uint64_t now = 1000 * 1000 * 1000;

	rate_charge(&greedy, now, USER_BURST_USEC / 2);
	CHECK(rate_allows_user(&greedy, &all, 16, now));
	rate_charge(&all, now, ALL_USERS_BURST_USEC);
	CHECK(!rate_allows_user(&greedy, &all, 16, now));
	CHECK(rate_allows_user(&modest, &all, 16, now));
	CHECK(rate_allows_user(&greedy, &all, 16, now + ALL_USERS_SHARE));
}

TEST(log_lines_are_counted_when_they_are_not_logged)
{
	struct log_window window = { 0 };
	uint64_t now = 1000 * 1000 * 1000;

	for (unsigned int i = 0; i < LOG_WINDOW_MAX; i++)
		CHECK(log_window_allows(&window, now));
	for (unsigned int i = 0; i < 23; i++)
		CHECK(!log_window_allows(&window, now));
	CHECK_INT(log_window_take(&window, now + LOG_WINDOW_USEC - 1), 0);
	/* The number is kept until it is read. */
	CHECK(!log_window_allows(&window, now + LOG_WINDOW_USEC));
	CHECK_INT(log_window_take(&window, now + LOG_WINDOW_USEC), 24);
	CHECK_INT(log_window_take(&window, now + LOG_WINDOW_USEC), 0);
	CHECK(log_window_allows(&window, now + LOG_WINDOW_USEC));
}

TEST_MAIN({ "processes of others are hidden", processes_of_others_are_hidden },
	  { "/proc tells what is hidden", proc_tells_what_is_hidden },
	  { "access: root may do everything without polkit", root_may_do_everything },
	  { "access: any user may query", any_user_may_query },
	  { "access: polkit decides the rest", polkit_decides_the_rest },
	  { "access: methods without a row are for root", methods_without_a_row_are_for_root },
	  { "access: each method names its operation", each_method_names_its_operation },
	  { "access: no other method is open", no_other_method_is_open },
	  { "access: an open method without an operation is for root",
	    an_open_method_without_an_operation_is_for_root },
	  { "access: refusals say what to do", refusals_say_what_to_do },
	  { "access: users move only their own processes", own_processes_only },
	  { "access: a share is used up and refilled", a_share_is_used_up_and_comes_back },
	  { "access: frequent polls do not slow the refill of a share",
	    a_share_comes_back_however_often_it_is_polled },
	  { "access: a share is refilled only by time", a_share_does_not_come_back_by_itself },
	  { "access: all users together have a share", all_users_together_have_a_share },
	  { "access: log lines are counted when they are not logged",
	    log_lines_are_counted_when_they_are_not_logged },
	  { "owner: a role comes from a delegated container",
	    a_role_comes_from_a_delegated_container },
	  { "owner: strangers have no role", strangers_have_no_role },
	  { "owner: a broken chain gives no role", a_broken_chain_gives_no_role },
	  { "owner: the rights", rights_of_owners },
	  { "owner: only processes of its own", owners_signal_only_their_processes },
	  { "owner: the settings", settings_of_owners })
