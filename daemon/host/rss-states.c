/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads all containers with one request: see rss-states.h. */
#include "host/rss-states.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

#include "host/netlink.h"
#include "shared/cleanup.h"

/* The kernel fills the buffer that it is given, up to this size. */
#define DUMP_BUFFER (32 * 1024)

DEFINE_CLEANUP(struct nl_sock *, nl_socket_free);

int rss_states_parse(struct nlmsghdr *header, rss_state_fn fn, void *userdata)
{
	static const struct nla_policy policy[RSS_CONTAINER_A_MAX + 1] = {
		[RSS_CONTAINER_A_STATE_SIZE] = { .type = NLA_U32 },
	};
	struct nlattr *attributes[RSS_CONTAINER_A_MAX + 1];
	struct rss_container_state state;
	size_t size, length;
	const char *states;

	if (!genlmsg_valid_hdr(header, 0) ||
	    ((struct genlmsghdr *)nlmsg_data(header))->cmd != RSS_CONTAINER_CMD_GET ||
	    genlmsg_parse(header, 0, attributes, RSS_CONTAINER_A_MAX, (struct nla_policy *)policy) <
		    0 ||
	    !attributes[RSS_CONTAINER_A_STATE_SIZE] || !attributes[RSS_CONTAINER_A_STATES])
		return -EBADMSG;
	/* A newer kernel may append fields, so its states may be longer. */
	size = nla_get_u32(attributes[RSS_CONTAINER_A_STATE_SIZE]);
	length = (size_t)nla_len(attributes[RSS_CONTAINER_A_STATES]);
	if (size < sizeof(state) || length % size)
		return -EBADMSG;
	states = nla_data(attributes[RSS_CONTAINER_A_STATES]);
	for (size_t at = 0; at < length; at += size) {
		/* Netlink aligns attributes to four bytes, not eight, so copy the state. */
		memcpy(&state, states + at, sizeof(state));
		fn(&state, userdata);
	}
	return 0;
}

struct dump {
	rss_state_fn fn;
	void *userdata;
	int error;
};

static int on_message(struct nl_msg *message, void *userdata)
{
	struct dump *dump = userdata;
	int r = rss_states_parse(nlmsg_hdr(message), dump->fn, dump->userdata);

	if (r < 0)
		dump->error = r;
	return NL_OK;
}

int rss_states_read(int family, rss_state_fn fn, void *userdata)
{
	cleanup_(nl_socket_free_ptr) struct nl_sock *socket = nl_socket_alloc();
	struct dump dump = { .fn = fn, .userdata = userdata };
	int r;

	if (!socket)
		return -ENOMEM;
	/* No message is longer than the buffer, so libnl need not peek at its size. */
	nl_socket_disable_msg_peek(socket);
	r = nl_socket_set_msg_buf_size(socket, DUMP_BUFFER);
	if (r >= 0)
		r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, &dump);
	if (r >= 0)
		r = genl_connect(socket);
	if (r >= 0)
		r = genl_send_simple(socket, family, RSS_CONTAINER_CMD_GET,
				     RSS_CONTAINER_GENL_VERSION, NLM_F_DUMP);
	if (r >= 0)
		r = nl_recvmsgs_default(socket);
	return r < 0 ? netlink_errno(r) : dump.error;
}
