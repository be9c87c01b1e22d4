/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the kernel's rss controller: parsing, and dispatch to subscribers. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "host/rss-events.h"
#include "unit.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

/* A message of the kernel as it would come in. */
static struct nl_msg *begin(uint32_t kind, uint64_t id, uint64_t sequence)
{
	struct nl_msg *m = nlmsg_alloc();

	if (!m || !genlmsg_put(m, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_EVENT, 1))
		abort();
	nla_put_u32(m, RSS_CONTAINER_A_KIND, kind);
	nla_put_u64(m, RSS_CONTAINER_A_ID, id);
	nla_put_u64(m, RSS_CONTAINER_A_SEQ, sequence);
	return m;
}

TEST(a_kill_is_read)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m =
		begin(RSS_CONTAINER_EVENT_OOM_KILL, 1ULL << 33, 9);
	struct rss_message message;

	nla_put_u64(m, RSS_CONTAINER_A_COUNT, 3);
	nla_put_u64(m, RSS_CONTAINER_A_USAGE, 4096);
	nla_put_u64(m, RSS_CONTAINER_A_LIMIT, UINT64_MAX);
	nla_put_u32(m, RSS_CONTAINER_A_PID, 4242);
	nla_put_string(m, RSS_CONTAINER_A_COMM, "hog");
	CHECK_INT(rss_message_parse(nlmsg_hdr(m), &message), 0);
	CHECK_INT(message.kind, RSS_CONTAINER_EVENT_OOM_KILL);
	CHECK_UINT(message.id, 1ULL << 33);
	CHECK_UINT(message.sequence, 9);
	CHECK_UINT(message.count, 3);
	CHECK_UINT(message.usage, 4096);
	CHECK_UINT(message.limit, UINT64_MAX);
	CHECK_INT(message.pid, 4242);
	CHECK_STR(message.comm, "hog");
}

TEST(a_reclaim_is_read)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = begin(RSS_CONTAINER_EVENT_RECLAIM, 7, 1);
	struct rss_message message;

	nla_put_u32(m, RSS_CONTAINER_A_CAUSE, RSS_CONTAINER_CAUSE_LIMIT);
	nla_put_u64(m, RSS_CONTAINER_A_BYTES, 131072);
	/* Of a later kernel. */
	nla_put_u64(m, RSS_CONTAINER_A_MAX + 5, 1);
	CHECK_INT(rss_message_parse(nlmsg_hdr(m), &message), 0);
	CHECK_UINT(message.bytes, 131072);
	CHECK_UINT(message.pid, 0);
	CHECK_STR(message.comm, "");
}

TEST(a_long_name_is_cut)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = begin(RSS_CONTAINER_EVENT_OOM_KILL, 7, 1);
	struct rss_message message;

	nla_put_string(m, RSS_CONTAINER_A_COMM, "a-name-that-is-longer-than-any");
	CHECK_INT(rss_message_parse(nlmsg_hdr(m), &message), 0);
	CHECK_STR(message.comm, "a-name-that-is-");
}

TEST(rubbish_is_refused)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *good = begin(RSS_CONTAINER_EVENT_LIMIT, 7, 1);
	cleanup_(nlmsg_free_ptr) struct nl_msg *bare = nlmsg_alloc(), *other = nlmsg_alloc();
	struct rss_message message;
	struct nlmsghdr *header = nlmsg_hdr(good);
	uint32_t length = header->nlmsg_len;

	/* Cut anywhere it is no message; cut in the attributes something is missing. */
	for (header->nlmsg_len = 0; header->nlmsg_len < length; header->nlmsg_len++)
		CHECK_INT(rss_message_parse(header, &message), -EBADMSG);
	header->nlmsg_len = length;
	CHECK_INT(rss_message_parse(header, &message), 0);
	CHECK(genlmsg_put(bare, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_EVENT, 1));
	CHECK_INT(rss_message_parse(nlmsg_hdr(bare), &message), -EBADMSG);
	CHECK(genlmsg_put(other, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_GET, 1));
	CHECK_INT(rss_message_parse(nlmsg_hdr(other), &message), -EBADMSG);
}

TEST(a_number_of_the_wrong_size_is_refused)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = nlmsg_alloc();
	struct rss_message message;

	CHECK(genlmsg_put(m, 0, 0, 30, 0, 0, RSS_CONTAINER_CMD_EVENT, 1));
	nla_put_u32(m, RSS_CONTAINER_A_KIND, RSS_CONTAINER_EVENT_LIMIT);
	nla_put_u32(m, RSS_CONTAINER_A_ID, 7);
	nla_put_u64(m, RSS_CONTAINER_A_SEQ, 1);
	CHECK_INT(rss_message_parse(nlmsg_hdr(m), &message), -EBADMSG);
}

TEST(a_kind_of_a_later_kernel_still_counts)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *m = begin(RSS_CONTAINER_EVENT_MAX + 1, 7, 12);
	struct rss_message message = { 0 };

	CHECK_INT(rss_message_parse(nlmsg_hdr(m), &message), -ENOTSUP);
	CHECK_UINT(message.id, 7);
	CHECK_UINT(message.sequence, 12);
}

/* --- dispatch to subscribers ----------------------------------------------------------- */

struct heard {
	int messages, losses;
	uint64_t last, lost;
};

static void hear(const struct rss_message *message, uint64_t lost, void *userdata)
{
	struct heard *heard = userdata;

	if (message) {
		heard->messages++;
		heard->last = message->sequence;
	} else {
		heard->losses++;
		heard->lost += lost;
	}
}

static void arrive(struct rss_events *events, uint64_t id, uint64_t sequence)
{
	struct rss_message message = {
		.kind = RSS_CONTAINER_EVENT_LIMIT,
		.id = id,
		.sequence = sequence,
	};

	rss_events_dispatch(events, &message);
}

TEST(gaps_are_losses)
{
	cleanup_(rss_events_free_ptr) struct rss_events *events = rss_events_new_without_kernel();
	struct heard heard = { 0 };
	struct rss_listener listener = { .fn = hear, .userdata = &heard };

	CHECK_INT(rss_events_listen(events, &listener, 7), 0);
	arrive(events, 7, 1);
	arrive(events, 7, 2);
	arrive(events, 8, 1);
	CHECK_INT(heard.messages, 2);
	CHECK_INT(heard.losses, 0);
	arrive(events, 7, 6);
	CHECK_INT(heard.messages, 3);
	CHECK_INT(heard.losses, 1);
	CHECK_UINT(heard.lost, 3);
	/* An event that was reported as lost is dropped when it arrives. */
	arrive(events, 7, 4);
	arrive(events, 7, 6);
	CHECK_INT(heard.messages, 3);
	arrive(events, 7, 7);
	CHECK_INT(heard.losses, 1);
	rss_events_forget(events, &listener);
	rss_events_forget(events, &listener);
	arrive(events, 7, 8);
	CHECK_INT(heard.messages, 4);
}

TEST(an_unknown_kind_is_not_a_gap)
{
	cleanup_(rss_events_free_ptr) struct rss_events *events = rss_events_new_without_kernel();
	struct heard heard = { 0 };
	struct rss_listener listener = { .fn = hear, .userdata = &heard };
	struct rss_message later = { .kind = RSS_CONTAINER_EVENT_MAX + 1, .id = 7, .sequence = 1 };

	CHECK_INT(rss_events_listen(events, &listener, 7), 0);
	rss_events_dispatch(events, &later);
	arrive(events, 7, 2);
	CHECK_INT(heard.messages, 1);
	CHECK_INT(heard.losses, 0);
	rss_events_forget(events, &listener);
}

TEST(many_containers_are_distinguished)
{
	enum { MANY = 1000 };
	cleanup_(rss_events_free_ptr) struct rss_events *events = rss_events_new_without_kernel();
	static struct heard heard[MANY];
	static struct rss_listener listeners[MANY];

	for (int i = 0; i < MANY; i++) {
		listeners[i] = (struct rss_listener){ .fn = hear, .userdata = &heard[i] };
		CHECK_INT(rss_events_listen(events, &listeners[i], (uint64_t)i * 3 + 1), 0);
	}
	for (int i = 0; i < MANY; i += 2)
		rss_events_forget(events, &listeners[i]);
	for (int i = 0; i < MANY; i++)
		arrive(events, (uint64_t)i * 3 + 1, 1);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(heard[i].messages, i % 2);
}

TEST_MAIN({ "rss events: a kill is read", a_kill_is_read },
	  { "rss events: a reclaim is read", a_reclaim_is_read },
	  { "rss events: a long name is truncated", a_long_name_is_cut },
	  { "rss events: malformed messages are refused", rubbish_is_refused },
	  { "rss events: a number of the wrong size is refused",
	    a_number_of_the_wrong_size_is_refused },
	  { "rss events: an unknown kind has a number", a_kind_of_a_later_kernel_still_counts },
	  { "rss events: gaps are losses", gaps_are_losses },
	  { "rss events: an unknown kind is not a gap", an_unknown_kind_is_not_a_gap },
	  { "rss events: each container gets its own", many_containers_are_distinguished })
