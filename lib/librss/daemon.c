/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls about rssd itself: version, diagnosis, metrics, reload. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/dict.h"

struct findings {
	struct rss_finding *rows;
	size_t count, allocated;
};

DEFINE_CLEANUP(struct rss_daemon_info *, rss_daemon_info_free);

#define FIELD(key, type, member)                                          \
	{                                                                 \
		key, type, offsetof(struct rss_daemon_info, member), NULL \
	}

static const struct dict_field info_fields[] = {
	FIELD("Version", "s", version),
	FIELD("Controller", "s", controller),
	FIELD("Features", "as", features),
	FIELD("ContainersDirectory", "s", containers_directory),
};

/* A property that is missing becomes empty, so that no member is NULL. */
static int fill_gaps(struct rss_daemon_info *info)
{
	if (!info->version)
		info->version = strdup("");
	if (!info->controller)
		info->controller = strdup("");
	if (!info->features)
		info->features = calloc(1, sizeof(*info->features));
	if (!info->containers_directory)
		info->containers_directory = strdup("");
	return info->version && info->controller && info->features && info->containers_directory
		       ? 0
		       : -ENOMEM;
}

int rss_daemon_info(struct rss_client *client, struct rss_daemon_info **ret)
{
	cleanup_(rss_daemon_info_free_ptr) struct rss_daemon_info *info = calloc(1, sizeof(*info));
	cleanup_message sd_bus_message *reply = NULL;
	int r;

	REQUIRE(client, ret);
	if (!info)
		return client_fail_message(client, -ENOMEM);
	r = client_properties(client, RSSD_PATH, RSSD_MANAGER, NULL, &reply);
	if (r < 0)
		return r;
	r = dict_read(reply, info_fields, ARRAY_SIZE(info_fields), info);
	if (r >= 0)
		r = fill_gaps(info);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(info);
	return 0;
}

struct rss_daemon_info *rss_daemon_info_free(struct rss_daemon_info *info)
{
	if (!info)
		return NULL;
	free((void *)info->version);
	free((void *)info->controller);
	free((void *)info->containers_directory);
	for (size_t i = 0; info->features && info->features[i]; i++)
		free((void *)info->features[i]);
	free(info->features);
	free(info);
	return NULL;
}

static void findings_done(struct findings *findings)
{
	findings->rows = rss_findings_free(findings->rows, findings->count);
}

static int read_findings(sd_bus_message *reply, struct findings *findings)
{
	const char *severity, *subject, *text, *advice;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(ssss)");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "(ssss)", &severity, &subject, &text, &advice)) >
	       0) {
		struct rss_finding *row;

		r = array_reserve(&findings->rows, findings->count, &findings->allocated,
				  sizeof(*findings->rows));
		if (r < 0)
			return r;
		row = &findings->rows[findings->count++];
		*row = (struct rss_finding){
			strdup(severity),
			strdup(subject),
			strdup(text),
			strdup(advice),
		};
		if (!row->severity || !row->subject || !row->text || !row->advice)
			return -ENOMEM;
	}
	return r;
}

/* Calls a method without arguments that returns findings. */
static int call_for_findings(struct rss_client *client, const char *method, uint64_t timeout,
			     struct rss_finding **ret, size_t *ret_count)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	cleanup_(findings_done) struct findings findings = { 0 };
	int r = client_method(client, NULL, method, &call);

	if (r < 0)
		return r;
	r = client_call(client, call, NULL, timeout, &reply);
	if (r < 0)
		return r;
	r = read_findings(reply, &findings);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(findings.rows);
	*ret_count = findings.count;
	return 0;
}

int rss_diagnose(struct rss_client *client, struct rss_finding **ret, size_t *ret_count)
{
	REQUIRE(client, ret && ret_count);
	return call_for_findings(client, "Diagnose", CALL_SHORT, ret, ret_count);
}

int rss_reload_findings(struct rss_client *client, struct rss_finding **ret, size_t *ret_count)
{
	REQUIRE(client, ret && ret_count);
	return call_for_findings(client, "Reload", CALL_FOR_EVER, ret, ret_count);
}

struct rss_finding *rss_findings_free(struct rss_finding *findings, size_t count)
{
	for (size_t i = 0; findings && i < count; i++) {
		free((void *)findings[i].severity);
		free((void *)findings[i].subject);
		free((void *)findings[i].text);
		free((void *)findings[i].advice);
	}
	free(findings);
	return NULL;
}

int rss_dump_metrics(struct rss_client *client, int *ret_fd)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int fd, r;

	REQUIRE(client, ret_fd);
	r = client_method(client, NULL, "DumpMetrics", &call);
	if (r < 0)
		return r;
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "h", &fd);
	if (r < 0)
		return client_fail_message(client, r);
	/* The message closes its own descriptor. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return client_fail(client, -EIO, "The metrics descriptor cannot be duplicated: %s",
				   strerror(errno));
	*ret_fd = fd;
	return 0;
}

int rss_check_declaration(struct rss_client *client, const char *file, const char *text, char **ret)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	const char *name = NULL;
	int r;

	REQUIRE(client, file && text && ret);
	r = client_method(client, NULL, "CheckDeclaration", &call);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "ss", file, text);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "s", &name);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = strdup(name);
	return *ret ? 0 : client_fail_message(client, -ENOMEM);
}

int rss_reload(struct rss_client *client)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	REQUIRE(client, true);
	r = client_method(client, NULL, "Reload", &call);
	return r < 0 ? r : client_call(client, call, NULL, CALL_FOR_EVER, NULL);
}
