/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's rss controller answers to a dump: one container's message, whole or not. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "cleanup.h"
#include "rss-states.h"
#include "unit.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

/* As the kernel writes it, but for one attribute. */
static struct nl_msg *message_without(int missing)
{
	static const int numbers[] = {
		RSS_CONTAINER_A_ID,    RSS_CONTAINER_A_SEQ,   RSS_CONTAINER_A_USAGE,
		RSS_CONTAINER_A_LIMIT, RSS_CONTAINER_A_PEAK,  RSS_CONTAINER_A_SCANNED,
		RSS_CONTAINER_A_FREED, RSS_CONTAINER_A_BYTES,
	};
	struct nl_msg *m = nlmsg_alloc();
	struct nlattr *counts;

	if (!m || !genlmsg_put(m, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_GET, 1))
		abort();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] != missing)
			nla_put_u64(m, numbers[i], (1ULL << 33) + (uint64_t)numbers[i]);
	}
	if (missing != RSS_CONTAINER_A_FROZEN)
		nla_put_u32(m, RSS_CONTAINER_A_FROZEN, 1);
	if (missing != RSS_CONTAINER_A_PROCESSES)
		nla_put_u32(m, RSS_CONTAINER_A_PROCESSES, 12);
	counts = missing == RSS_CONTAINER_A_COUNTS ? NULL
						   : nla_nest_start(m, RSS_CONTAINER_A_COUNTS);
	for (int kind = 1; counts && kind <= RSS_CONTAINER_EVENT_MAX; kind++)
		nla_put_u64(m, kind, (uint64_t)kind * 100);
	if (counts)
		nla_nest_end(m, counts);
	return m;
}

TEST(a_state_is_read)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(-1);
	struct rss_state state;

	CHECK_INT(rss_state_parse(nlmsg_hdr(m), &state), 0);
	CHECK_UINT(state.id, (1ULL << 33) + RSS_CONTAINER_A_ID);
	CHECK_UINT(state.usage, (1ULL << 33) + RSS_CONTAINER_A_USAGE);
	CHECK_UINT(state.peak, (1ULL << 33) + RSS_CONTAINER_A_PEAK);
	CHECK_UINT(state.scanned, (1ULL << 33) + RSS_CONTAINER_A_SCANNED);
	CHECK_UINT(state.reclaimed, (1ULL << 33) + RSS_CONTAINER_A_BYTES);
	CHECK_UINT(state.processes, 12);
	CHECK(state.has_frozen && state.frozen);
	for (int kind = 1; kind <= RSS_CONTAINER_EVENT_MAX; kind++)
		CHECK_UINT(state.counts[kind], (uint64_t)kind * 100);
}

/* The freezer may be in another hierarchy. */
TEST(not_told_is_not_thawed)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(RSS_CONTAINER_A_FROZEN);
	struct rss_state state;

	CHECK_INT(rss_state_parse(nlmsg_hdr(m), &state), 0);
	CHECK(!state.has_frozen && !state.frozen);
	CHECK_UINT(state.processes, 12);
}

/* Then the control files are read: a counter is never 0 because nobody told it. */
TEST(what_is_not_whole_is_refused)
{
	static const int needed[] = {
		RSS_CONTAINER_A_ID,	 RSS_CONTAINER_A_USAGE, RSS_CONTAINER_A_PEAK,
		RSS_CONTAINER_A_SCANNED, RSS_CONTAINER_A_BYTES, RSS_CONTAINER_A_PROCESSES,
		RSS_CONTAINER_A_COUNTS,
	};
	struct rss_state state;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(needed[i]);

		if (rss_state_parse(nlmsg_hdr(m), &state) != -EBADMSG)
			FAIL("taken without attribute %d", needed[i]);
	}
}

TEST(what_is_cut_is_refused)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(-1);
	struct nlmsghdr *header = nlmsg_hdr(m);
	uint32_t length = header->nlmsg_len;
	struct rss_state state;

	for (header->nlmsg_len = 0; header->nlmsg_len < length; header->nlmsg_len++)
		CHECK_INT(rss_state_parse(header, &state), -EBADMSG);
}

TEST(counts_must_be_complete)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(RSS_CONTAINER_A_COUNTS);
	struct nlattr *counts = nla_nest_start(m, RSS_CONTAINER_A_COUNTS);
	struct rss_state state;

	for (int kind = 1; kind < RSS_CONTAINER_EVENT_MAX; kind++)
		nla_put_u64(m, kind, 1);
	nla_nest_end(m, counts);
	CHECK_INT(rss_state_parse(nlmsg_hdr(m), &state), -EBADMSG);
}

TEST(an_event_is_no_state)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_without(-1);
	struct rss_state state;

	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(m)))->cmd = RSS_CONTAINER_CMD_EVENT;
	CHECK_INT(rss_state_parse(nlmsg_hdr(m), &state), -EBADMSG);
}

TEST_MAIN({ "rss-states: a state is read", a_state_is_read },
	  { "rss-states: not told is not thawed", not_told_is_not_thawed },
	  { "rss-states: what is not whole is refused", what_is_not_whole_is_refused },
	  { "rss-states: what is cut is refused", what_is_cut_is_refused },
	  { "rss-states: counts must be complete", counts_must_be_complete },
	  { "rss-states: an event is no state", an_event_is_no_state })
