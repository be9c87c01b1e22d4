/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All containers by one request: see rss-states.h. */
#include "rss-states.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "cleanup.h"
#include "netlink.h"

/* The kernel fills what it is offered, up to this. */
#define DUMP_BUFFER (32 * 1024)

DEFINE_CLEANUP(struct nl_sock *, nl_socket_free);

/* All but FROZEN are in every message. */
static const struct nla_policy policy[RSS_CONTAINER_A_MAX + 1] = {
	[RSS_CONTAINER_A_ID] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_USAGE] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_PEAK] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_SCANNED] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_BYTES] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_PROCESSES] = { .type = NLA_U32 },
	[RSS_CONTAINER_A_COUNTS] = { .type = NLA_NESTED },
	[RSS_CONTAINER_A_FROZEN] = { .type = NLA_U32 },
};

static int parse_counts(struct nlattr *nested, struct rss_state *state)
{
	static const struct nla_policy counts[RSS_CONTAINER_EVENT_MAX + 1] = {
		[1 ... RSS_CONTAINER_EVENT_MAX] = { .type = NLA_U64 },
	};
	struct nlattr *attributes[RSS_CONTAINER_EVENT_MAX + 1];

	if (nla_parse_nested(attributes, RSS_CONTAINER_EVENT_MAX, nested,
			     (struct nla_policy *)counts) < 0)
		return -EBADMSG;
	for (int kind = 1; kind <= RSS_CONTAINER_EVENT_MAX; kind++) {
		if (!attributes[kind])
			return -EBADMSG;
		state->counts[kind] = nla_get_u64(attributes[kind]);
	}
	return 0;
}

int rss_state_parse(struct nlmsghdr *header, struct rss_state *ret)
{
	struct nlattr *attributes[RSS_CONTAINER_A_MAX + 1];
	struct rss_state state = { 0 };

	if (!genlmsg_valid_hdr(header, 0) ||
	    ((struct genlmsghdr *)nlmsg_data(header))->cmd != RSS_CONTAINER_CMD_GET ||
	    genlmsg_parse(header, 0, attributes, RSS_CONTAINER_A_MAX, (struct nla_policy *)policy) <
		    0)
		return -EBADMSG;
	for (int i = 0; i <= RSS_CONTAINER_A_MAX; i++) {
		if (policy[i].type != NLA_UNSPEC && i != RSS_CONTAINER_A_FROZEN && !attributes[i])
			return -EBADMSG;
	}
	state.id = nla_get_u64(attributes[RSS_CONTAINER_A_ID]);
	state.usage = nla_get_u64(attributes[RSS_CONTAINER_A_USAGE]);
	state.peak = nla_get_u64(attributes[RSS_CONTAINER_A_PEAK]);
	state.scanned = nla_get_u64(attributes[RSS_CONTAINER_A_SCANNED]);
	state.reclaimed = nla_get_u64(attributes[RSS_CONTAINER_A_BYTES]);
	state.processes = nla_get_u32(attributes[RSS_CONTAINER_A_PROCESSES]);
	if (attributes[RSS_CONTAINER_A_FROZEN]) {
		state.has_frozen = true;
		state.frozen = nla_get_u32(attributes[RSS_CONTAINER_A_FROZEN]);
	}
	if (parse_counts(attributes[RSS_CONTAINER_A_COUNTS], &state) < 0)
		return -EBADMSG;
	*ret = state;
	return 0;
}

struct dump {
	void (*fn)(const struct rss_state *state, void *userdata);
	void *userdata;
};

static int on_state(struct nl_msg *message, void *userdata)
{
	const struct dump *dump = userdata;
	struct rss_state state;

	if (rss_state_parse(nlmsg_hdr(message), &state) == 0)
		dump->fn(&state, dump->userdata);
	return NL_OK;
}

int rss_states_read(int family, void (*fn)(const struct rss_state *state, void *userdata),
		    void *userdata)
{
	cleanup_(nl_socket_free_ptr) struct nl_sock *socket = nl_socket_alloc();
	struct dump dump = { .fn = fn, .userdata = userdata };
	int r;

	if (!socket)
		return -ENOMEM;
	/* No message is longer, so none needs to be asked for its size first. */
	nl_socket_disable_msg_peek(socket);
	r = nl_socket_set_msg_buf_size(socket, DUMP_BUFFER);
	if (r >= 0)
		r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_state, &dump);
	if (r >= 0)
		r = genl_connect(socket);
	if (r >= 0)
		r = genl_send_simple(socket, family, RSS_CONTAINER_CMD_GET,
				     RSS_CONTAINER_GENL_VERSION, NLM_F_DUMP);
	if (r >= 0)
		r = nl_recvmsgs_default(socket);
	return r < 0 ? netlink_errno(r) : 0;
}
