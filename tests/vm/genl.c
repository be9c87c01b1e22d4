// SPDX-License-Identifier: GPL-2.0
/* Generic netlink by hand: requests, one family, and its events. */
#include "genl.h"
#include "vm.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NLA_NEXT(a)	((struct nlattr *)((char *)(a) + NLA_ALIGN((a)->nla_len)))
#define NLA_DATA(a)	((void *)((char *)(a) + NLA_HDRLEN))

static bool overflow;

struct message {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char room[256];
};

bool genl_lost(void)
{
	bool was = overflow;

	overflow = false;
	return was;
}

int genl_open(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int size = 1 << 20;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	return fd;
}

static void message_start(struct message *m, uint16_t type, uint8_t cmd, uint8_t version)
{
	memset(m, 0, sizeof(*m));
	m->n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	m->n.nlmsg_type = type;
	m->n.nlmsg_flags = NLM_F_REQUEST;
	m->n.nlmsg_seq = 1;
	m->g.cmd = cmd;
	m->g.version = version;
}

static void message_put(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)((char *)m + NLMSG_ALIGN(m->n.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy(NLA_DATA(a), data, len);
	m->n.nlmsg_len = NLMSG_ALIGN(m->n.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* Length received, 0 when nothing came in time, -errno. */
static int receive(int fd, void *buf, size_t size, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	n = recv(fd, buf, size, 0);
	if (n < 0 && errno == ENOBUFS)
		overflow = true;
	return n < 0 ? -errno : n;
}

static int answer(int fd, struct message *m, char *buf, size_t size)
{
	struct nlmsghdr *n = (struct nlmsghdr *)buf;
	int len;

	if (send(fd, m, m->n.nlmsg_len, 0) < 0)
		return -errno;
	len = receive(fd, buf, size, 5000);
	if (len <= 0)
		return len ? len : -ETIMEDOUT;
	if (n->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(n))->error;
	return len;
}

#define FOR_EACH_ATTR(a, start, end) \
	for (a = (struct nlattr *)(start); \
	     (char *)a + sizeof(*a) <= (char *)(end) && a->nla_len >= sizeof(*a); \
	     a = NLA_NEXT(a))

int genl_family(int fd, uint16_t *ret_family, uint32_t *ret_group)
{
	char buf[8192] __attribute__((aligned(8)));
	struct nlattr *a, *g, *f;
	struct message m;
	int len;

	*ret_group = 0;
	message_start(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	message_put(&m, CTRL_ATTR_FAMILY_NAME, RSS_CONTAINER_GENL_NAME,
		    sizeof(RSS_CONTAINER_GENL_NAME));
	len = answer(fd, &m, buf, sizeof(buf));
	if (len < 0)
		return len;
	FOR_EACH_ATTR(a, buf + NLMSG_HDRLEN + GENL_HDRLEN, buf + len) {
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			*ret_family = *(uint16_t *)NLA_DATA(a);
		if ((a->nla_type & NLA_TYPE_MASK) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		FOR_EACH_ATTR(g, NLA_DATA(a), (char *)a + a->nla_len) {
			uint32_t id = 0;
			bool ours = false;

			FOR_EACH_ATTR(f, NLA_DATA(g), (char *)g + g->nla_len) {
				if (f->nla_type == CTRL_ATTR_MCAST_GRP_ID)
					id = *(uint32_t *)NLA_DATA(f);
				if (f->nla_type == CTRL_ATTR_MCAST_GRP_NAME)
					ours = !strcmp(NLA_DATA(f), RSS_CONTAINER_GENL_GROUP);
			}
			if (ours)
				*ret_group = id;
		}
	}
	return *ret_group ? 0 : -ENOENT;
}

int genl_join(int fd, uint32_t group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ? -errno : 0;
}

int genl_listen(void)
{
	uint32_t group;
	uint16_t family;
	int fd = genl_open(), err;

	EXPECT(fd >= 0, "no netlink: %s", strerror(-fd));
	err = genl_family(fd, &family, &group);
	EXPECT(!err, "no family %s: %s", RSS_CONTAINER_GENL_NAME, strerror(-err));
	err = genl_join(fd, group);
	EXPECT(!err, "cannot join: %s", strerror(-err));
	return fd;
}

static void counts_parse(uint64_t ret[], struct nlattr *counts)
{
	struct nlattr *a;

	FOR_EACH_ATTR(a, NLA_DATA(counts), (char *)counts + counts->nla_len)
		if (a->nla_type <= RSS_CONTAINER_EVENT_MAX)
			ret[a->nla_type] = *(uint64_t *)NLA_DATA(a);
}

static void event_parse(struct event *e, char *buf, int len)
{
	struct nlattr *a;

	memset(e, 0, sizeof(*e));
	FOR_EACH_ATTR(a, buf + NLMSG_HDRLEN + GENL_HDRLEN, buf + len) {
		uint64_t v = a->nla_len >= NLA_HDRLEN + 8 ? *(uint64_t *)NLA_DATA(a) : 0;
		uint32_t w = a->nla_len >= NLA_HDRLEN + 4 ? *(uint32_t *)NLA_DATA(a) : 0;

		if ((a->nla_type & NLA_TYPE_MASK) < 32)
			e->has |= 1U << (a->nla_type & NLA_TYPE_MASK);
		switch (a->nla_type & NLA_TYPE_MASK) {
		case RSS_CONTAINER_A_KIND:	e->kind = w; break;
		case RSS_CONTAINER_A_CAUSE:	e->cause = w; break;
		case RSS_CONTAINER_A_PID:	e->pid = w; break;
		case RSS_CONTAINER_A_ID:	e->id = v; break;
		case RSS_CONTAINER_A_SEQ:	e->seq = v; break;
		case RSS_CONTAINER_A_COUNT:	e->count = v; break;
		case RSS_CONTAINER_A_USAGE:	e->usage = v; break;
		case RSS_CONTAINER_A_LIMIT:	e->limit = v; break;
		case RSS_CONTAINER_A_SCANNED:	e->scanned = v; break;
		case RSS_CONTAINER_A_FREED:	e->freed = v; break;
		case RSS_CONTAINER_A_BYTES:	e->bytes = v; break;
		case RSS_CONTAINER_A_USEC:	e->usec = v; break;
		case RSS_CONTAINER_A_PEAK:	e->peak = v; break;
		case RSS_CONTAINER_A_PROCESSES:	e->processes = w; break;
		case RSS_CONTAINER_A_COUNTS:	counts_parse(e->counts, a); break;
		case RSS_CONTAINER_A_COUNTS_LOCAL:
			counts_parse(e->counts_local, a);
			break;
		case RSS_CONTAINER_A_COMM:
			strncpy(e->comm, NLA_DATA(a), sizeof(e->comm) - 1);
			break;
		}
	}
}

int genl_get(int fd, uint16_t family, const uint64_t *id, struct event *ret)
{
	char buf[1024] __attribute__((aligned(8)));
	struct message m;
	int len;

	message_start(&m, family, RSS_CONTAINER_CMD_GET, RSS_CONTAINER_GENL_VERSION);
	if (id)
		message_put(&m, RSS_CONTAINER_A_ID, id, sizeof(*id));
	len = answer(fd, &m, buf, sizeof(buf));
	if (len < 0)
		return len;
	event_parse(ret, buf, len);
	return 0;
}

int genl_dump_begin(int fd, uint16_t family)
{
	struct message m;

	message_start(&m, family, RSS_CONTAINER_CMD_GET, RSS_CONTAINER_GENL_VERSION);
	m.n.nlmsg_flags |= NLM_F_DUMP;
	return send(fd, &m, m.n.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The containers of one message, as far as @max; how many it has, or -errno. */
static int states_parse(struct nlmsghdr *n, struct rss_container_state *ret, int max)
{
	struct nlattr *a, *states = NULL;
	uint32_t size = 0;
	int i, count;

	FOR_EACH_ATTR(a, (char *)n + NLMSG_HDRLEN + GENL_HDRLEN, (char *)n + n->nlmsg_len) {
		if (a->nla_type == RSS_CONTAINER_A_STATE_SIZE)
			size = *(uint32_t *)NLA_DATA(a);
		if (a->nla_type == RSS_CONTAINER_A_STATES)
			states = a;
	}
	if (!states || size != sizeof(*ret) || (states->nla_len - NLA_HDRLEN) % size)
		return -EBADMSG;
	count = (states->nla_len - NLA_HDRLEN) / size;
	for (i = 0; i < count && i < max; i++)
		memcpy(&ret[i], (char *)NLA_DATA(states) + i * size, size);
	return count;
}

int genl_dump(int fd, uint16_t family, struct rss_container_state *ret, int max)
{
	static char buf[64 * 1024] __attribute__((aligned(8)));
	struct nlmsghdr *n;
	int err = genl_dump_begin(fd, family), found = 0;
	unsigned int len;

	while (!err) {
		err = receive(fd, buf, sizeof(buf), 5000);
		if (err <= 0)
			return err ? err : -ETIMEDOUT;
		len = err;
		err = 0;
		for (n = (struct nlmsghdr *)buf; NLMSG_OK(n, len); n = NLMSG_NEXT(n, len)) {
			if (n->nlmsg_type == NLMSG_DONE)
				return found;
			if (n->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(n))->error;
			err = states_parse(n, ret + found, max - found);
			if (err < 0)
				return err;
			found += err;
			err = 0;
		}
	}
	return err;
}

bool genl_next(int fd, struct event *ret, int ms)
{
	char buf[4096] __attribute__((aligned(8)));
	int len;

	do {
		len = receive(fd, buf, sizeof(buf), ms);
	} while (len == -ENOBUFS);
	if (len <= 0)
		return false;
	event_parse(ret, buf, len);
	return true;
}
