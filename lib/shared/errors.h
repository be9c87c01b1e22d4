/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The errors of the API: one table of D-Bus names and errnos, used by rssd when
 * it replies and by librss when it reads the reply. Part of the ABI: rows are
 * added, never changed. org.rssd1(5) and librss(3) document the set.
 */
#ifndef RSS_ERRORS_H
#define RSS_ERRORS_H

#define RSS_ERROR_PREFIX "org.rssd1.Error."

/*       constant                     D-Bus name after the prefix   errno */
#define RSS_ERRORS(X)                                             \
	X(RSS_ERROR_NO_SUCH_CONTAINER, "NoSuchContainer", ENOENT) \
	X(RSS_ERROR_CONTAINER_EXISTS, "ContainerExists", EEXIST)  \
	X(RSS_ERROR_INVALID_NAME, "InvalidName", EINVAL)          \
	X(RSS_ERROR_INVALID_ARGUMENT, "InvalidArgument", EINVAL)  \
	X(RSS_ERROR_NO_SUCH_PROCESS, "NoSuchProcess", ESRCH)      \
	X(RSS_ERROR_NOT_EMPTY, "NotEmpty", ENOTEMPTY)             \
	X(RSS_ERROR_IN_PROGRESS, "InProgress", EINPROGRESS)       \
	X(RSS_ERROR_LIMIT_REFUSED, "LimitRefused", EBUSY)         \
	X(RSS_ERROR_TIMED_OUT, "TimedOut", ETIMEDOUT)             \
	X(RSS_ERROR_CANCELLED, "Cancelled", ECANCELED)            \
	X(RSS_ERROR_NOT_SUPPORTED, "NotSupported", EOPNOTSUPP)    \
	X(RSS_ERROR_TOO_MANY, "TooMany", EUSERS)                  \
	X(RSS_ERROR_ACCESS_DENIED, "AccessDenied", EACCES)        \
	X(RSS_ERROR_STATE_NOT_SAVED, "StateNotSaved", ENOSPC)     \
	X(RSS_ERROR_CONTROLLER_FAILED, "ControllerFailed", EIO)   \
	X(RSS_ERROR_CONFIG, "Configuration", EBADMSG)             \
	X(RSS_ERROR_HIERARCHY_GONE, "HierarchyGone", ENODEV)      \
	X(RSS_ERROR_IN_UNIT, "InUnit", EXDEV)                     \
	X(RSS_ERROR_NO_SUCH_UNIT, "NoSuchUnit", ENOENT)           \
	X(RSS_ERROR_SYSTEMD_FAILED, "SystemdFailed", EIO)

enum rss_error {
	RSS_ERROR_NONE,
#define X(constant, name, number) constant,
	RSS_ERRORS(X)
#undef X
};

/* The full D-Bus name, "org.rssd1.Error.NoSuchContainer". */
const char *rss_error_to_name(enum rss_error error);

/* The errno (positive) that librss returns, negated, for @error. */
int rss_error_to_errno(enum rss_error error);

/*
 * The errno (positive) for a D-Bus error @name: one of rssd, or one of the bus or
 * sd-bus (AccessDenied, UnknownObject, ServiceUnknown, NoReply...). EIO for an
 * unknown name.
 */
int rss_errno_from_name(const char *name);

#endif
