/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of errors in both directions. Errors of the bus itself are mapped as
 * well, so that a caller sees one documented set.
 */
#include "shared/errors.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "shared/cleanup.h"

static const struct {
	const char *name;
	int number;
} errors[] = { [RSS_ERROR_NONE] = { "", 0 },
#define X(constant, name, number) [constant] = { RSS_ERROR_PREFIX name, number },
	       RSS_ERRORS(X)
#undef X
};

/* Errors of the bus, of sd-bus and of the activation of rssd. A '*' ends a prefix. */
static const struct {
	const char *name;
	int number;
} foreign[] = {
	{ "org.freedesktop.DBus.Error.AccessDenied", EACCES },
	{ "org.freedesktop.DBus.Error.AuthFailed", EACCES },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES },
	{ "org.freedesktop.DBus.Error.UnknownObject", ENOENT },
	{ "org.freedesktop.DBus.Error.UnknownMethod", EOPNOTSUPP },
	{ "org.freedesktop.DBus.Error.UnknownInterface", EOPNOTSUPP },
	{ "org.freedesktop.DBus.Error.UnknownProperty", EOPNOTSUPP },
	{ "org.freedesktop.DBus.Error.PropertyReadOnly", EOPNOTSUPP },
	{ "org.freedesktop.DBus.Error.InvalidArgs", EINVAL },
	{ "org.freedesktop.DBus.Error.InvalidSignature", EINVAL },
	{ "org.freedesktop.DBus.Error.InconsistentMessage", EINVAL },
	{ "org.freedesktop.DBus.Error.NoMemory", ENOMEM },
	{ "org.freedesktop.DBus.Error.LimitsExceeded", EUSERS },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", ENOTCONN },
	{ "org.freedesktop.DBus.Error.NameHasNoOwner", ENOTCONN },
	{ "org.freedesktop.DBus.Error.NoServer", ENOTCONN },
	{ "org.freedesktop.DBus.Error.Disconnected", ENOTCONN },
	{ "org.freedesktop.DBus.Error.NoReply", ENOTCONN },
	{ "org.freedesktop.DBus.Error.Timeout", ENOTCONN },
	{ "org.freedesktop.DBus.Error.TimedOut", ENOTCONN },
	{ "org.freedesktop.DBus.Error.Spawn.*", ENOTCONN },
	{ "org.freedesktop.systemd1.*", ENOTCONN },
	{ "System.Error.ECONNRESET", ENOTCONN },
	{ "System.Error.ENOTCONN", ENOTCONN },
	{ "System.Error.EPIPE", ENOTCONN },
	{ "System.Error.ESHUTDOWN", ENOTCONN },
};

const char *rss_error_to_name(enum rss_error error)
{
	return (size_t)error < ARRAY_SIZE(errors) ? errors[error].name : "";
}

int rss_error_to_errno(enum rss_error error)
{
	return (size_t)error < ARRAY_SIZE(errors) ? errors[error].number : EIO;
}

static int name_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (pattern[length - 1] == '*')
		return !strncmp(pattern, name, length - 1);
	return !strcmp(pattern, name);
}

int rss_errno_from_name(const char *name)
{
	if (!name)
		return EIO;
	for (size_t i = RSS_ERROR_NONE + 1; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (name_matches(foreign[i].name, name))
			return foreign[i].number;
	return EIO;
}
