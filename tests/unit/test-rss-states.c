/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of the kernel's rss controller to a dump: complete and incomplete messages. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

#include "shared/cleanup.h"
#include "host/rss-states.h"
#include "unit.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

#define SIZE sizeof(struct rss_container_state)

static struct nl_msg *empty_message(void)
{
	struct nl_msg *m = nlmsg_alloc();

	if (!m || !genlmsg_put(m, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_GET, 1))
		abort();
	return m;
}

/* The kernel's message: @count containers of @size bytes each. */
static struct nl_msg *message_with(size_t count, size_t size)
{
	struct nl_msg *m = empty_message();
	char states[4 * (SIZE + 64)];

	memset(states, 0xff, sizeof(states));
	for (size_t i = 0; i < count; i++) {
		struct rss_container_state state = {
			.id = (1ULL << 33) + i,
			.usage = 100 + i,
			.oom_kills = 200 + i,
			.processes = 300 + (uint32_t)i,
			.flags = RSS_CONTAINER_STATE_FREEZER,
			.refaults = 400 + i,
		};

		memcpy(states + i * size, &state, size < SIZE ? size : SIZE);
	}
	nla_put_u32(m, RSS_CONTAINER_A_STATE_SIZE, (uint32_t)size);
	nla_put(m, RSS_CONTAINER_A_STATES, (int)(count * size), states);
	return m;
}

struct seen {
	struct rss_container_state states[4];
	size_t count;
};

static void see(const struct rss_container_state *state, void *userdata)
{
	struct seen *seen = userdata;

	seen->states[seen->count++] = *state;
}

TEST_HELPER(expect_three, size_t size)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_with(3, size);
	struct seen seen = { 0 };

	CHECK_INT(rss_states_parse(nlmsg_hdr(m), see, &seen), 0);
	CHECK_UINT(seen.count, 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK_UINT(seen.states[i].id, (1ULL << 33) + i);
		CHECK_UINT(seen.states[i].usage, 100 + i);
		CHECK_UINT(seen.states[i].oom_kills, 200 + i);
		CHECK_UINT(seen.states[i].processes, 300 + i);
		CHECK_UINT(seen.states[i].flags, RSS_CONTAINER_STATE_FREEZER);
		CHECK_UINT(seen.states[i].refaults, 400 + i);
	}
}

TEST(each_state_is_read)
{
	expect_three(unit_, SIZE);
}

TEST(a_later_kernel_sends_more)
{
	expect_three(unit_, SIZE + 24);
}

/* A bad message is refused as a whole. */
static int parse(struct nlmsghdr *header)
{
	struct seen seen = { 0 };
	int r = rss_states_parse(header, see, &seen);

	return seen.count ? (int)seen.count : r;
}

/* Then the control files are read: a missing counter is never reported as 0. */
TEST(an_incomplete_message_is_refused)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *nothing = empty_message();
	cleanup_(nlmsg_free_ptr) struct nl_msg *small = message_with(2, SIZE - 8);
	cleanup_(nlmsg_free_ptr) struct nl_msg *no_size = empty_message();
	cleanup_(nlmsg_free_ptr) struct nl_msg *half = empty_message();
	cleanup_(nlmsg_free_ptr) struct nl_msg *zero = empty_message();
	char states[2 * SIZE] = { 0 };

	nla_put(no_size, RSS_CONTAINER_A_STATES, SIZE, states);
	nla_put_u32(half, RSS_CONTAINER_A_STATE_SIZE, SIZE);
	nla_put(half, RSS_CONTAINER_A_STATES, SIZE + SIZE / 2, states);
	nla_put_u32(zero, RSS_CONTAINER_A_STATE_SIZE, 0);
	nla_put(zero, RSS_CONTAINER_A_STATES, SIZE, states);
	CHECK_INT(parse(nlmsg_hdr(nothing)), -EBADMSG);
	CHECK_INT(parse(nlmsg_hdr(small)), -EBADMSG);
	CHECK_INT(parse(nlmsg_hdr(no_size)), -EBADMSG);
	CHECK_INT(parse(nlmsg_hdr(half)), -EBADMSG);
	CHECK_INT(parse(nlmsg_hdr(zero)), -EBADMSG);
}

TEST(a_truncated_message_is_refused)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_with(2, SIZE);
	struct nlmsghdr *header = nlmsg_hdr(m);
	uint32_t length = header->nlmsg_len;

	for (header->nlmsg_len = 0; header->nlmsg_len < length; header->nlmsg_len++)
		CHECK_INT(parse(header), -EBADMSG);
}

TEST(an_event_is_no_state)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = message_with(1, SIZE);

	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(m)))->cmd = RSS_CONTAINER_CMD_EVENT;
	CHECK_INT(parse(nlmsg_hdr(m)), -EBADMSG);
}

TEST_MAIN({ "rss-states: each state is read", each_state_is_read },
	  { "rss-states: a later kernel may append fields", a_later_kernel_sends_more },
	  { "rss-states: an incomplete message is refused", an_incomplete_message_is_refused },
	  { "rss-states: a truncated message is refused", a_truncated_message_is_refused },
	  { "rss-states: an event is not a state", an_event_is_no_state })
