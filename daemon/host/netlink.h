/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the users of libnl have in common: its errors as everybody else's. */
#ifndef RSSD_NETLINK_H
#define RSSD_NETLINK_H

/* The negative errno for a negative NLE_* that a call of libnl returned; -EIO for odd ones. */
int netlink_errno(int error);

#endif
