/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Converts errors of libnl to errno values, for all users of libnl in rssd. */
#ifndef RSSD_NETLINK_H
#define RSSD_NETLINK_H

/* Returns the negative errno for a negative NLE_* of libnl; -EIO for errors it does not know. */
int netlink_errno(int error);

#endif
