/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of errors: names that callers match on, numbers that librss returns. */
#include <errno.h>

#include "shared/errors.h"
#include "unit.h"

TEST(both_directions)
{
#define X(constant, name, number)                                        \
	CHECK_STR(rss_error_to_name(constant), "org.rssd1.Error." name); \
	CHECK_INT(rss_error_to_errno(constant), number);                 \
	CHECK_INT(rss_errno_from_name("org.rssd1.Error." name), number);
	RSS_ERRORS(X)
#undef X
}

TEST(errors_of_the_bus)
{
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.AccessDenied"), EACCES);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.UnknownObject"), ENOENT);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.ServiceUnknown"), ENOTCONN);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.NameHasNoOwner"), ENOTCONN);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.NoReply"), ENOTCONN);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.Spawn.ExecFailed"), ENOTCONN);
	CHECK_INT(rss_errno_from_name("org.freedesktop.systemd1.NoSuchUnit"), ENOTCONN);
	CHECK_INT(rss_errno_from_name("org.freedesktop.DBus.Error.InvalidArgs"), EINVAL);
}

TEST(unknown_names)
{
	CHECK_INT(rss_errno_from_name("org.rssd1.Error.Nonsense"), EIO);
	CHECK_INT(rss_errno_from_name("org.rssd1.Error."), EIO);
	CHECK_INT(rss_errno_from_name(""), EIO);
	CHECK_INT(rss_errno_from_name(NULL), EIO);
	CHECK_STR(rss_error_to_name(RSS_ERROR_NONE), "");
	CHECK_INT(rss_error_to_errno(RSS_ERROR_NONE), 0);
	CHECK_STR(rss_error_to_name((enum rss_error)1000), "");
	CHECK_INT(rss_error_to_errno((enum rss_error)1000), EIO);
}

TEST_MAIN({ "every error has its name and number", both_directions },
	  { "errors of the bus are mapped", errors_of_the_bus },
	  { "an unknown error is an input/output error", unknown_names })
