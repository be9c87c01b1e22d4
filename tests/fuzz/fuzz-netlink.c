/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink messages: any bytes are refused or read. The first byte chooses the parser and whether
 * the rest is the whole payload, or one built of attributes: type, length, and that many bytes.
 */
#include <linux/connector.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rss_container.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/process-events.h"
#include "host/rss-events.h"
#include "host/rss-states.h"
#include "shared/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAYLOAD_MAX 4096

/* Appends attributes that @data describes to @to. Returns how many bytes they have. */
static size_t put_attributes(char *to, const uint8_t *data, size_t size)
{
	size_t length = 0;

	while (size >= 2) {
		size_t value = data[1] < size - 2 ? data[1] : size - 2;
		struct nlattr attribute = {
			.nla_type = data[0] % (RSS_CONTAINER_A_MAX + 2),
			.nla_len = (uint16_t)(NLA_HDRLEN + value),
		};

		if (length + NLA_HDRLEN + NLA_ALIGN(value) > PAYLOAD_MAX - GENL_HDRLEN)
			break;
		memcpy(to + length, &attribute, NLA_HDRLEN);
		memcpy(to + length + NLA_HDRLEN, data + 2, value);
		length += NLA_HDRLEN + NLA_ALIGN(value);
		data += 2 + value;
		size -= 2 + value;
	}
	return length;
}

/* A message of exactly its size, so that ASan sees a read past the end. */
static struct nlmsghdr *make_message(uint8_t how, const uint8_t *data, size_t size)
{
	char payload[PAYLOAD_MAX] = { 0 };
	struct genlmsghdr *genl = (struct genlmsghdr *)payload;
	size_t length = size < PAYLOAD_MAX ? size : PAYLOAD_MAX;
	struct nlmsghdr *header;

	if (how & 8) {
		genl->cmd = how & 1 ? RSS_CONTAINER_CMD_EVENT : RSS_CONTAINER_CMD_GET;
		genl->version = RSS_CONTAINER_GENL_VERSION;
		length = GENL_HDRLEN + put_attributes(payload + GENL_HDRLEN, data, size);
	} else if (length) {
		memcpy(payload, data, length);
	}
	header = calloc(1, NLMSG_HDRLEN + length);
	if (!header)
		return NULL;
	memcpy((char *)header + NLMSG_HDRLEN, payload, length);
	header->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length);
	return header;
}

static void parse_process(struct nlmsghdr *header)
{
	struct process_message message;

	if (process_message_parse(header, &message) < 0)
		return;
	if (message.what == PROCESS_EVENTS_STARTED || message.what == PROCESS_EVENTS_LOST) {
		if (message.pid != 0)
			abort();
	} else if (message.pid <= 0 || message.parent < 0) {
		abort();
	}
}

static void parse_event(struct nlmsghdr *header)
{
	struct rss_message message;

	if (rss_message_parse(header, &message) == 0 &&
	    (!memchr(message.comm, 0, sizeof(message.comm)) || message.kind == 0 ||
	     message.kind > RSS_CONTAINER_EVENT_MAX))
		abort();
}

static void count_state(const struct rss_container_state *state, void *userdata)
{
	(*(size_t *)userdata)++;
}

static void parse_states(struct nlmsghdr *header)
{
	size_t count = 0;

	if (rss_states_parse(header, count_state, &count) < 0 && count > 0)
		abort();
	if (count * sizeof(struct rss_container_state) > header->nlmsg_len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free struct nlmsghdr *header = NULL;
	uint32_t length;

	if (size == 0)
		return 0;
	header = make_message(data[0], data + 1, size - 1);
	if (!header)
		return 0;
	/* The whole message, and one that claims less. */
	length = header->nlmsg_len;
	for (int i = 0; i < 2; i++) {
		parse_process(header);
		parse_event(header);
		parse_states(header);
		header->nlmsg_len = data[0] < length ? data[0] : length / 2;
	}
	return 0;
}
