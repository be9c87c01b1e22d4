/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads /dev/kmsg: see kmsg.h. */
#include "host/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <systemd/sd-event.h>

/* The kernel's PRINTK_MESSAGE_MAX. Reading a longer record fails with EINVAL; it is skipped. */
#define RECORD_MAX 8192
/* Limit per wakeup, so that a flood of lines does not block the event loop. */
#define RECORDS_AT_ONCE 256

struct kmsg {
	int fd;
	sd_event_source *source;
	kmsg_oom_fn fn;
	void *userdata;
	struct kmsg_parser parser;
	char record[RECORD_MAX + 1];
};

static int on_kmsg(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct kmsg *kmsg = userdata;

	for (int i = 0; i < RECORDS_AT_ONCE; i++) {
		ssize_t n = read(fd, kmsg->record, RECORD_MAX);
		struct kmsg_oom oom;

		if (n < 0) {
			/* EPIPE: records were overwritten before they were read. Continue with the next. */
			if (errno == EPIPE || errno == EINTR || errno == EINVAL)
				continue;
			return errno == EAGAIN ? 0 : -errno;
		}
		if (n == 0)
			return 0;
		kmsg->record[n] = '\0';
		if (kmsg_parse_line(&kmsg->parser, kmsg->record, &oom))
			kmsg->fn(&oom, kmsg->userdata);
	}
	return 0;
}

int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret)
{
	cleanup_(kmsg_free_ptr) struct kmsg *kmsg = calloc(1, sizeof(*kmsg));
	int r;

	if (!kmsg)
		return -ENOMEM;
	kmsg->fn = fn;
	kmsg->userdata = userdata;
	kmsg->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg->fd < 0)
		return -errno;
	if (lseek(kmsg->fd, 0, SEEK_END) < 0)
		return -errno;
	r = sd_event_add_io(event, &kmsg->source, kmsg->fd, EPOLLIN, on_kmsg, kmsg);
	if (r < 0)
		return r;
	*ret = take_ptr(kmsg);
	return 0;
}

struct kmsg *kmsg_free(struct kmsg *kmsg)
{
	if (!kmsg)
		return NULL;
	kmsg->source = sd_event_source_disable_unref(kmsg->source);
	if (kmsg->fd >= 0)
		close(kmsg->fd);
	free(kmsg);
	return NULL;
}
