/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of libnl: see netlink.h. */
#include "host/netlink.h"

#include <errno.h>
#include <netlink/errno.h>

/* Converts the errors that the libnl calls of rssd return. */
int netlink_errno(int error)
{
	switch (-error) {
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	case NLE_PROTO_MISMATCH:
		return -EPROTONOSUPPORT;
	default:
		return -EIO;
	}
}
