/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listing the OOMs of one container, or of all. */
#include <errno.h>
#include <stdlib.h>

#include "librss/client.h"
#include "librss/oom-dict.h"

struct ooms {
	struct rss_oom **list;
	size_t count, allocated;
};

static void ooms_done(struct ooms *ooms)
{
	ooms->list = rss_ooms_free(ooms->list, ooms->count);
}

static int read_ooms(sd_bus_message *reply, struct ooms *ooms)
{
	int r = sd_bus_message_enter_container(reply, 'a', "a{sv}");

	while (r >= 0 && (r = sd_bus_message_at_end(reply, false)) == 0) {
		struct rss_oom *oom = NULL;

		r = oom_dict_read(reply, &oom);
		if (r >= 0 && oom)
			r = array_reserve(&ooms->list, ooms->count, &ooms->allocated,
					  sizeof(struct rss_oom *));
		if (r < 0)
			oom_dict_free(oom);
		else if (oom)
			ooms->list[ooms->count++] = oom;
	}
	return r < 0 ? r : 0;
}

int rss_list_ooms(struct rss_client *client, const char *name, struct rss_oom ***ret,
		  size_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	cleanup_(ooms_done) struct ooms ooms = { 0 };
	int r;

	REQUIRE(client, ret && ret_count);
	r = client_method(client, NULL, "ListOOMs", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "s", name ?: "");
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = read_ooms(reply, &ooms);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(ooms.list);
	*ret_count = ooms.count;
	return 0;
}

struct rss_oom **rss_ooms_free(struct rss_oom **ooms, size_t count)
{
	for (size_t i = 0; ooms && i < count; i++)
		oom_dict_free(ooms[i]);
	free(ooms);
	return NULL;
}
