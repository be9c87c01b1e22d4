/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process connector is a multicast group; each listener also sends a message
 * that makes the kernel send events. Membership and listening start and stop
 * together, because a member receives events that other listeners requested.
 *
 * The type of connector messages is NLMSG_DONE, which libnl treats as the end of
 * a dump. So they are processed in NL_CB_MSG_IN, before libnl checks the type.
 */
#include "host/process-events.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "host/netlink.h"

/* Holds about five thousand forks and their exits while the event loop is busy. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* Limit per wakeup, so that other event sources get their turn. */
#define MESSAGES_AT_ONCE 512
/* Many times the number of messages that the buffer holds. */
#define MESSAGES_MAX 100000

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

struct process_events {
	struct nl_sock *socket;
	sd_event_source *source;
	process_event_fn fn;
	void *userdata;
	bool listening, started;
};

/* Threads have no event: their pid differs from their thread group's. */
static int read_event(const struct proc_event *event, struct process_message *ret)
{
	/* The enum's name differs between versions of the kernel headers; its values do not. */
	switch ((unsigned int)event->what) {
	case PROC_EVENT_NONE:
		/* The reply to PROC_CN_MCAST_LISTEN. If refused, the caller must scan by itself. */
		ret->what = event->event_data.ack.err == 0 ? PROCESS_EVENTS_STARTED
							   : PROCESS_EVENTS_LOST;
		return 0;
	case PROC_EVENT_FORK:
		if (event->event_data.fork.child_pid != event->event_data.fork.child_tgid)
			return -ENOTSUP;
		ret->what = PROCESS_FORKED;
		ret->pid = event->event_data.fork.child_pid;
		ret->parent = event->event_data.fork.parent_tgid;
		break;
	case PROC_EVENT_EXEC:
		ret->what = PROCESS_EXECED;
		ret->pid = event->event_data.exec.process_tgid;
		break;
	case PROC_EVENT_UID:
		ret->what = PROCESS_CHANGED;
		ret->pid = event->event_data.id.process_tgid;
		break;
	case PROC_EVENT_COMM:
		if (event->event_data.comm.process_pid != event->event_data.comm.process_tgid)
			return -ENOTSUP;
		ret->what = PROCESS_CHANGED;
		ret->pid = event->event_data.comm.process_tgid;
		break;
	case PROC_EVENT_EXIT:
		if (event->event_data.exit.process_pid != event->event_data.exit.process_tgid)
			return -ENOTSUP;
		ret->what = PROCESS_EXITED;
		ret->pid = event->event_data.exit.process_pid;
		break;
	default:
		return -ENOTSUP;
	}
	/* A truncated message has zeros instead of its pids. */
	return ret->pid > 0 && ret->parent >= 0 ? 0 : -EBADMSG;
}

int process_message_parse(struct nlmsghdr *header, struct process_message *ret)
{
	struct cn_msg *connector = nlmsg_data(header);
	struct process_message message = { 0 };
	struct proc_event event = { 0 };
	size_t length = (size_t)nlmsg_datalen(header);
	int r;

	if (nlmsg_datalen(header) < (int)sizeof(*connector) || connector->id.idx != CN_IDX_PROC ||
	    connector->id.val != CN_VAL_PROC)
		return -EBADMSG;
	/* An older kernel's event is shorter. The event is not aligned, so it is copied. */
	length -= sizeof(*connector);
	if (length > connector->len)
		length = connector->len;
	if (length < offsetof(struct proc_event, event_data))
		return -EBADMSG;
	memcpy(&event, connector->data, length < sizeof(event) ? length : sizeof(event));
	r = read_event(&event, &message);
	if (r == 0)
		*ret = message;
	return r;
}

static int on_message(struct nl_msg *message, void *userdata)
{
	struct process_events *events = userdata;
	struct process_message parsed;

	if (process_message_parse(nlmsg_hdr(message), &parsed) < 0 || !events->listening)
		return NL_SKIP;
	if (parsed.pid == 0)
		events->started = parsed.what == PROCESS_EVENTS_STARTED;
	events->fn(parsed.what, parsed.pid, parsed.parent, events->userdata);
	return NL_SKIP;
}

/* Receives up to @most messages. Returns 1 if there may be more, 0, or a negative errno. */
static int receive(struct process_events *events, unsigned int most)
{
	for (unsigned int i = 0; i < most; i++) {
		int r = nl_recvmsgs_default(events->socket);

		if (r >= 0 || r == -NLE_INTR)
			continue;
		if (r == -NLE_AGAIN)
			return 0;
		/* libnl's error for ENOBUFS, and for ENOMEM here; messages are lost in both cases. */
		if (r == -NLE_NOMEM) {
			if (events->listening)
				events->fn(PROCESS_EVENTS_LOST, 0, 0, events->userdata);
			continue;
		}
		return netlink_errno(r);
	}
	return 1;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	int r = receive(userdata, MESSAGES_AT_ONCE);

	return r < 0 ? r : 0;
}

void process_events_drain(struct process_events *events)
{
	/* Bounded: if processes fork faster than this reads, it would never return. */
	if (receive(events, MESSAGES_MAX) < 0)
		events->fn(PROCESS_EVENTS_LOST, 0, 0, events->userdata);
}

static int send_operation(struct process_events *events, enum proc_cn_mcast_op op)
{
	cleanup_(nlmsg_free_ptr) struct nl_msg *message = nlmsg_alloc();
	struct cn_msg *connector;
	struct nlmsghdr *header;
	int r;

	if (!message)
		return -ENOMEM;
	header = nlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, NLMSG_DONE,
			   sizeof(*connector) + sizeof(op), 0);
	if (!header)
		return -ENOMEM;
	connector = nlmsg_data(header);
	*connector = (struct cn_msg){
		.id = { .idx = CN_IDX_PROC, .val = CN_VAL_PROC },
		.len = sizeof(op),
	};
	memcpy(connector->data, &op, sizeof(op));
	r = nl_send_auto(events->socket, message);
	return r < 0 ? netlink_errno(r) : 0;
}

int process_events_listen(struct process_events *events, bool on)
{
	int r;

	if (on == events->listening)
		return 0;
	if (on) {
		r = nl_socket_add_membership(events->socket, CN_IDX_PROC);
		if (r < 0)
			return netlink_errno(r);
		r = send_operation(events, PROC_CN_MCAST_LISTEN);
		if (r < 0)
			(void)nl_socket_drop_membership(events->socket, CN_IDX_PROC);
		else
			events->listening = true;
		return r;
	}
	/* Before 6.6 the kernel counts listeners, and counts one that sends no IGNORE for ever. */
	events->listening = events->started = false;
	r = send_operation(events, PROC_CN_MCAST_IGNORE);
	(void)nl_socket_drop_membership(events->socket, CN_IDX_PROC);
	return r;
}

bool process_events_started(const struct process_events *events)
{
	return events->started;
}

static int open_socket(struct process_events *events)
{
	int size = RECEIVE_BUFFER, r;

	events->socket = nl_socket_alloc();
	if (!events->socket)
		return -ENOMEM;
	nl_socket_disable_seq_check(events->socket);
	nl_socket_disable_auto_ack(events->socket);
	/* No message is longer than a page, so libnl need not peek at its size. */
	nl_socket_disable_msg_peek(events->socket);
	r = nl_socket_modify_cb(events->socket, NL_CB_MSG_IN, NL_CB_CUSTOM, on_message, events);
	if (r >= 0)
		r = nl_connect(events->socket, NETLINK_CONNECTOR);
	if (r >= 0)
		r = nl_socket_set_nonblocking(events->socket);
	/* Check the permission now instead of at the first process_events_listen(). */
	if (r >= 0)
		r = nl_socket_add_membership(events->socket, CN_IDX_PROC);
	if (r >= 0)
		r = nl_socket_drop_membership(events->socket, CN_IDX_PROC);
	if (r < 0)
		return netlink_errno(r);
	/* May fail: with a smaller buffer events are lost, and reported as lost, sooner. */
	(void)setsockopt(nl_socket_get_fd(events->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size));
	return 0;
}

int process_events_new(sd_event *event, process_event_fn fn, void *userdata,
		       struct process_events **ret)
{
	cleanup_(process_events_free_ptr) struct process_events *events =
		calloc(1, sizeof(*events));
	int r;

	if (!events)
		return -ENOMEM;
	events->fn = fn;
	events->userdata = userdata;
	r = open_socket(events);
	if (r < 0)
		return r;
	if (event)
		r = sd_event_add_io(event, &events->source, nl_socket_get_fd(events->socket),
				    EPOLLIN, on_readable, events);
	if (r < 0)
		return r;
	*ret = take_ptr(events);
	return 0;
}

struct process_events *process_events_free(struct process_events *events)
{
	if (!events)
		return NULL;
	events->source = sd_event_source_disable_unref(events->source);
	if (events->socket) {
		(void)process_events_listen(events, false);
		nl_socket_free(events->socket);
	}
	free(events);
	return NULL;
}
