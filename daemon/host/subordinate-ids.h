/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the owner of a subordinate uid in /etc/subuid. A user can make calls under
 * each of the uids in its range, so they share one budget.
 *
 * Names are looked up in /etc/passwd only: a name service could block the event loop.
 */
#ifndef RSSD_SUBORDINATE_IDS_H
#define RSSD_SUBORDINATE_IDS_H

#include <stddef.h>
#include <sys/types.h>

/**
 * subordinate_owner() - the user that a uid belongs to
 * @subuid: the text of /etc/subuid, lines of "NAME-OR-UID:FIRST:COUNT"
 * @passwd: the text of /etc/passwd
 *
 * Pure. Ranges of root are ignored, so that no other uid gets root's budget.
 *
 * Return: the uid of the owner, or @uid itself if it is not a subordinate uid.
 */
uid_t subordinate_owner(uid_t uid, const char *subuid, const char *passwd);

/* The same with the files of this machine; returns @uid itself if they cannot be read. */
uid_t subordinate_owner_here(uid_t uid);

#endif
