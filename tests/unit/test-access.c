/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what, and how long one user may keep rssd busy. */
#include <string.h>
#include <systemd/sd-bus.h>

#include "policy/access-policy.h"
#include "bus/bus.h"
#include "base/failure.h"
#include "policy/ratelimit.h"
#include "unit.h"

#define USER 1000

static const enum access_deed guarded[] = { ACCESS_MANAGE, ACCESS_ATTACH, ACCESS_SIGNAL,
					    ACCESS_RELOAD };

TEST(root_may_do_all_and_is_not_asked_about)
{
	for (enum access_deed deed = ACCESS_ROOT; deed <= ACCESS_RELOAD; deed++) {
		for (enum access_opinion o = ACCESS_NOT_ASKED; o <= ACCESS_SILENT; o++)
			CHECK_INT(access_decide(deed, 0, o), ACCESS_ALLOW);
	}
}

TEST(everybody_may_look)
{
	CHECK_INT(access_decide(ACCESS_LOOK, USER, ACCESS_NOT_ASKED), ACCESS_ALLOW);
	CHECK_INT(access_decide(ACCESS_LOOK, USER, ACCESS_ABSENT), ACCESS_ALLOW);
}

TEST(polkit_decides_the_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
		CHECK_INT(access_decide(guarded[i], USER, ACCESS_NOT_ASKED), ACCESS_ASK);
		CHECK_INT(access_decide(guarded[i], USER, ACCESS_YES), ACCESS_ALLOW);
		for (enum access_opinion o = ACCESS_NO; o <= ACCESS_SILENT; o++)
			CHECK_INT(access_decide(guarded[i], USER, o), ACCESS_REFUSE);
		CHECK(access_action(guarded[i]) != NULL);
	}
}

TEST(what_has_no_row_is_for_root)
{
	CHECK_INT(access_deed_of("Explode"), ACCESS_ROOT);
	CHECK_INT(access_deed_of(""), ACCESS_ROOT);
	for (enum access_opinion o = ACCESS_NOT_ASKED; o <= ACCESS_SILENT; o++)
		CHECK_INT(access_decide(ACCESS_ROOT, USER, o), ACCESS_REFUSE);
}

/* A method that sd-bus lets everybody through to must be one that this policy knows. */
TEST_HELPER(check_methods, const sd_bus_vtable *vtable)
{
	unsigned int methods = 0;

	for (; vtable->type != _SD_BUS_VTABLE_END; vtable++) {
		if (vtable->type != _SD_BUS_VTABLE_METHOD ||
		    !(vtable->flags & SD_BUS_VTABLE_UNPRIVILEGED))
			continue;
		methods++;
		CHECK(access_deed_of(vtable->x.method.member) != ACCESS_ROOT);
	}
	CHECK(methods > 0);
}

TEST(every_open_method_has_a_row)
{
	CALL(check_methods, bus_manager_vtable);
	CALL(check_methods, bus_settings_vtable);
	CALL(check_methods, bus_history_vtable);
	CALL(check_methods, bus_container_vtable);
}

TEST(refusals_say_what_to_do)
{
	struct failure failure = { 0 };

	CHECK(access_explain(ACCESS_ATTACH, USER, ACCESS_ABSENT, &failure) < 0);
	CHECK_INT(failure.error, RSS_ERROR_ACCESS_DENIED);
	CHECK(strstr(failure.text, "org.rssd1.attach-processes") != NULL);
	CHECK(strstr(failure.text, "install polkitd") != NULL);
	CHECK(access_explain(ACCESS_ROOT, USER, ACCESS_NOT_ASKED, &failure) < 0);
	CHECK(strstr(failure.text, "only root may") != NULL);
}

TEST(own_processes_alone)
{
	CHECK(access_owns(USER, USER));
	CHECK(!access_owns(USER, USER + 1));
	CHECK(!access_owns(USER, 0));
	CHECK(access_owns(0, USER));
}

TEST(a_share_is_used_up_and_comes_back)
{
	struct rate rate = { 0 };
	uint64_t now = 1000 * 1000 * 1000;

	CHECK(rate_is_full(&rate, now));
	CHECK(rate_allows(&rate, now));
	rate_charge(&rate, now, RATE_BURST_USEC - 1);
	CHECK(rate_allows(&rate, now));
	rate_charge(&rate, now, 1);
	CHECK(!rate_allows(&rate, now));
	CHECK(!rate_allows(&rate, now + RATE_SHARE - 1));
	CHECK(rate_allows(&rate, now + RATE_SHARE));
	CHECK(!rate_is_full(&rate, now + RATE_SHARE));
	CHECK(rate_is_full(&rate, now + RATE_SHARE * (RATE_BURST_USEC + 1)));
}

/* Many looks within less than the least that comes back lose none of it. */
TEST(a_share_comes_back_however_often_it_is_asked_for)
{
	struct rate rate = { 0 };
	uint64_t now = 1;

	rate_charge(&rate, now, RATE_BURST_USEC + 10);
	while (!rate_allows(&rate, now) && now < 1000)
		now++;
	CHECK_INT(now, 1 + RATE_SHARE * 11);
}

/* A clock that stands still or was far ahead gives nothing back. */
TEST(a_share_does_not_come_back_by_itself)
{
	struct rate rate = { 0 };

	rate_charge(&rate, 1000, RATE_BURST_USEC);
	CHECK(!rate_allows(&rate, 0));
	CHECK(!rate_allows(&rate, 1000));
}

TEST_MAIN({ "access: root may do all and is not asked about",
	    root_may_do_all_and_is_not_asked_about },
	  { "access: everybody may look", everybody_may_look },
	  { "access: polkit decides the rest", polkit_decides_the_rest },
	  { "access: what has no row is for root", what_has_no_row_is_for_root },
	  { "access: every open method has a row", every_open_method_has_a_row },
	  { "access: refusals say what to do", refusals_say_what_to_do },
	  { "access: own processes alone", own_processes_alone },
	  { "access: a share is used up and comes back", a_share_is_used_up_and_comes_back },
	  { "access: a share comes back however often it is asked for",
	    a_share_comes_back_however_often_it_is_asked_for },
	  { "access: a share does not come back by itself", a_share_does_not_come_back_by_itself })
