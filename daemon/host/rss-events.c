/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of the kernel's rss controller: see rss-events.h. */
#include "host/rss-events.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "host/netlink.h"

/* Holds about ten thousand messages while the event loop is busy. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* Limit per wakeup, so that other event sources get their turn. */
#define MESSAGES_AT_ONCE 1024
#define BUCKETS_FIRST	 64

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

struct rss_events {
	struct nl_sock *group;	  /* receives multicast messages */
	struct nl_sock *requests; /* sends requests; both are NULL without a kernel */
	int family;
	sd_event_source *source;
	uint64_t answer; /* the sequence number in the last reply */
	bool overrun;	 /* the receive buffer was full, so messages were lost */

	struct list *buckets; /* hash table by id; the size is a power of two */
	size_t n_buckets, count;
};

/* --- messages ------------------------------------------------------------------ */

static const struct nla_policy policy[RSS_CONTAINER_A_MAX + 1] = {
	[RSS_CONTAINER_A_KIND] = { .type = NLA_U32 },
	[RSS_CONTAINER_A_ID] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_SEQ] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_COUNT] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_USAGE] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_LIMIT] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_BYTES] = { .type = NLA_U64 },
	[RSS_CONTAINER_A_PID] = { .type = NLA_U32 },
	[RSS_CONTAINER_A_COMM] = { .type = NLA_STRING },
};

static uint64_t get_u64(struct nlattr *attributes[], int type)
{
	return attributes[type] ? nla_get_u64(attributes[type]) : 0;
}

int rss_message_parse(struct nlmsghdr *header, struct rss_message *ret)
{
	struct nlattr *attributes[RSS_CONTAINER_A_MAX + 1];
	struct rss_message message = { 0 };

	if (!genlmsg_valid_hdr(header, 0) ||
	    ((struct genlmsghdr *)nlmsg_data(header))->cmd != RSS_CONTAINER_CMD_EVENT ||
	    genlmsg_parse(header, 0, attributes, RSS_CONTAINER_A_MAX, (struct nla_policy *)policy) <
		    0)
		return -EBADMSG;
	if (!attributes[RSS_CONTAINER_A_KIND] || !attributes[RSS_CONTAINER_A_ID] ||
	    !attributes[RSS_CONTAINER_A_SEQ])
		return -EBADMSG;
	message.kind = nla_get_u32(attributes[RSS_CONTAINER_A_KIND]);
	message.id = nla_get_u64(attributes[RSS_CONTAINER_A_ID]);
	message.sequence = nla_get_u64(attributes[RSS_CONTAINER_A_SEQ]);
	message.count = get_u64(attributes, RSS_CONTAINER_A_COUNT);
	message.usage = get_u64(attributes, RSS_CONTAINER_A_USAGE);
	message.limit = get_u64(attributes, RSS_CONTAINER_A_LIMIT);
	message.bytes = get_u64(attributes, RSS_CONTAINER_A_BYTES);
	if (attributes[RSS_CONTAINER_A_PID])
		message.pid = (pid_t)nla_get_u32(attributes[RSS_CONTAINER_A_PID]);
	if (attributes[RSS_CONTAINER_A_COMM])
		(void)nla_strlcpy(message.comm, attributes[RSS_CONTAINER_A_COMM],
				  sizeof(message.comm));
	*ret = message;
	return message.kind > 0 && message.kind <= RSS_CONTAINER_EVENT_MAX ? 0 : -ENOTSUP;
}

/* --- listeners ----------------------------------------------------------------- */

static struct list *bucket_of(const struct rss_events *events, uint64_t id)
{
	/* Inode numbers in one directory are consecutive, so their low bits spread well. */
	return &events->buckets[id & (events->n_buckets - 1)];
}

static struct rss_listener *find(const struct rss_events *events, uint64_t id)
{
	struct rss_listener *listener;

	if (!events->n_buckets)
		return NULL;
	list_for_each_entry(listener, bucket_of(events, id), link) {
		if (listener->id == id)
			return listener;
	}
	return NULL;
}

static int make_room(struct rss_events *events)
{
	size_t old = events->n_buckets, more = old ? old * 2 : BUCKETS_FIRST;
	struct list *buckets, *before = events->buckets;

	if (events->count < old)
		return 0;
	buckets = calloc(more, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	events->buckets = buckets;
	events->n_buckets = more;
	for (size_t i = 0; i < old; i++) {
		struct rss_listener *listener;

		list_for_each_entry(listener, &before[i], link) {
			list_remove(&listener->link);
			list_add(bucket_of(events, listener->id), &listener->link);
		}
	}
	free(before);
	return 0;
}

static void report_lost(struct rss_listener *l, uint64_t sequence)
{
	uint64_t lost = sequence - l->sequence;

	l->sequence = sequence;
	l->fn(NULL, lost, l->userdata);
}

void rss_events_dispatch(struct rss_events *events, const struct rss_message *message)
{
	struct rss_listener *l = find(events, message->id);

	/* An unmanaged container, an event before rss_events_listen(), or already reported as lost. */
	if (!l || message->sequence <= l->sequence)
		return;
	if (message->sequence - 1 > l->sequence)
		report_lost(l, message->sequence - 1);
	l->sequence = message->sequence;
	if (message->kind > 0 && message->kind <= RSS_CONTAINER_EVENT_MAX)
		l->fn(message, 0, l->userdata);
}

/* --- requests ------------------------------------------------------------------ */

/* The kernel queues the reply before the send returns, so this does not block. */
static int read_sequence(struct rss_events *events, uint64_t id, uint64_t *ret)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *message = NULL;
	int r;

	if (!events->requests)
		return -ENOENT;
	message = nlmsg_alloc();
	if (!message ||
	    !genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, events->family, 0, 0,
			 RSS_CONTAINER_CMD_GET, RSS_CONTAINER_GENL_VERSION) ||
	    nla_put_u64(message, RSS_CONTAINER_A_ID, id) < 0)
		return -ENOMEM;
	events->answer = 0;
	r = nl_send_auto(events->requests, message);
	if (r >= 0)
		r = nl_recvmsgs_default(events->requests);
	if (r < 0)
		return netlink_errno(r);
	*ret = events->answer;
	return 0;
}

static int on_answer(struct nl_msg *message, void *userdata)
{
	struct nlattr *attributes[RSS_CONTAINER_A_MAX + 1];
	struct rss_events *events = userdata;

	if (genlmsg_parse(nlmsg_hdr(message), 0, attributes, RSS_CONTAINER_A_MAX,
			  (struct nla_policy *)policy) < 0 ||
	    !attributes[RSS_CONTAINER_A_SEQ])
		return NL_SKIP;
	events->answer = nla_get_u64(attributes[RSS_CONTAINER_A_SEQ]);
	return NL_OK;
}

/*
 * After an overrun, reports lost messages to each listener that has some. A listener that
 * lost its last message would otherwise not notice until its next one.
 */
static void find_lost(struct rss_events *events)
{
	uint64_t sequence;

	for (size_t i = 0; i < events->n_buckets; i++) {
		struct rss_listener *l;

		list_for_each_entry(l, &events->buckets[i], link) {
			if (read_sequence(events, l->id, &sequence) == 0 && sequence > l->sequence)
				report_lost(l, sequence);
		}
	}
}

int rss_events_listen(struct rss_events *events, struct rss_listener *listener, uint64_t id)
{
	int r;

	rss_events_forget(events, listener);
	r = make_room(events);
	if (r < 0)
		return r;
	listener->id = id;
	listener->sequence = 0;
	/* A directory without the controller (a leaf) has no number yet; it starts at 0. */
	r = read_sequence(events, id, &listener->sequence);
	if (r < 0 && r != -ENOENT)
		return r;
	list_add(bucket_of(events, id), &listener->link);
	events->count++;
	return 0;
}

void rss_events_forget(struct rss_events *events, struct rss_listener *listener)
{
	if (!listener->link.at)
		return;
	list_remove(&listener->link);
	events->count--;
}

/* --- receiving ----------------------------------------------------------------- */

static int on_message(struct nl_msg *message, void *userdata)
{
	struct rss_events *events = userdata;
	struct rss_message parsed;
	int r = rss_message_parse(nlmsg_hdr(message), &parsed);

	if (r == 0 || r == -ENOTSUP)
		rss_events_dispatch(events, &parsed);
	return NL_OK;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct rss_events *events = userdata;

	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		int r = nl_recvmsgs_default(events->group);

		if (r >= 0 || r == -NLE_INTR)
			continue;
		/* libnl's error for ENOBUFS, and for ENOMEM here; messages are lost in both cases. */
		if (r == -NLE_NOMEM) {
			events->overrun = true;
			continue;
		}
		if (r != -NLE_AGAIN)
			return netlink_errno(r);
		/* The buffer is empty now, so every message that is still missing is lost. */
		if (events->overrun) {
			events->overrun = false;
			find_lost(events);
		}
		return 0;
	}
	return 0;
}

int rss_events_family(const struct rss_events *events)
{
	return events->family;
}

int rss_events_attach(struct rss_events *events, sd_event *event)
{
	if (events->source || !events->group)
		return 0;
	return sd_event_add_io(event, &events->source, nl_socket_get_fd(events->group), EPOLLIN,
			       on_readable, events);
}

/* --- the family ---------------------------------------------------------------- */

static void free_cache(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

static void put_family(struct genl_family **family)
{
	genl_family_put(*family);
}

static int find_family(struct rss_events *events, const char **problem)
{
	cleanup_(free_cache) struct nl_cache *cache = NULL;
	cleanup_(put_family) struct genl_family *family = NULL;
	int r = genl_ctrl_alloc_cache(events->requests, &cache);

	*problem = "the kernel's generic netlink does not reply";
	if (r < 0)
		return netlink_errno(r);
	family = genl_ctrl_search_by_name(cache, RSS_CONTAINER_GENL_NAME);
	*problem = "there is no netlink family " RSS_CONTAINER_GENL_NAME
		   "; it exists only in the initial network namespace";
	if (!family)
		return -ENOENT;
	*problem = "the kernel has another version of the netlink family " RSS_CONTAINER_GENL_NAME
		   "; kernel and rssd must be of the same release";
	if (genl_family_get_version(family) != RSS_CONTAINER_GENL_VERSION)
		return -EPROTO;
	events->family = (int)genl_family_get_id(family);
	return 0;
}

static int join(struct rss_events *events, const char **problem)
{
	int group = genl_ctrl_resolve_grp(events->requests, RSS_CONTAINER_GENL_NAME,
					  RSS_CONTAINER_GENL_GROUP);
	int r;

	*problem = "the kernel's netlink family " RSS_CONTAINER_GENL_NAME
		   " has no group " RSS_CONTAINER_GENL_GROUP;
	if (group < 0)
		return netlink_errno(group);
	*problem = "joining the kernel's netlink group is not permitted; CAP_SYS_ADMIN is needed";
	r = nl_socket_add_membership(events->group, group);
	return r < 0 ? netlink_errno(r) : 0;
}

static int open_socket(struct rss_events *events, nl_recvmsg_msg_cb_t fn, struct nl_sock **ret)
{
	struct nl_sock *socket = nl_socket_alloc();
	int r;

	if (!socket)
		return -ENOMEM;
	*ret = socket;
	/* Multicast messages are not replies, so their sequence numbers match no request. */
	nl_socket_disable_seq_check(socket);
	nl_socket_disable_auto_ack(socket);
	r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, fn, events);
	if (r >= 0)
		r = genl_connect(socket);
	return r < 0 ? netlink_errno(r) : 0;
}

struct rss_events *rss_events_new_without_kernel(void)
{
	return calloc(1, sizeof(struct rss_events));
}

int rss_events_new(struct rss_events **ret, const char **problem)
{
	cleanup_(rss_events_free_ptr) struct rss_events *events = rss_events_new_without_kernel();
	int size = RECEIVE_BUFFER, r;

	*problem = "a netlink socket cannot be created";
	if (!events)
		return -ENOMEM;
	r = open_socket(events, on_answer, &events->requests);
	if (r == 0)
		r = open_socket(events, on_message, &events->group);
	if (r == 0)
		r = find_family(events, problem);
	if (r < 0)
		return r;
	/* Each event is far smaller than the buffer, so libnl need not peek at its size. */
	nl_socket_disable_msg_peek(events->group);
	/* May fail: with a smaller buffer events are lost, and reported as lost, sooner. */
	(void)setsockopt(nl_socket_get_fd(events->group), SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size));
	r = join(events, problem);
	if (r == 0)
		r = nl_socket_set_nonblocking(events->group) < 0 ? -EIO : 0;
	if (r < 0)
		return r;
	*ret = take_ptr(events);
	return 0;
}

struct rss_events *rss_events_free(struct rss_events *events)
{
	if (!events)
		return NULL;
	events->source = sd_event_source_disable_unref(events->source);
	nl_socket_free(events->group);
	nl_socket_free(events->requests);
	free(events->buckets);
	free(events);
	return NULL;
}
