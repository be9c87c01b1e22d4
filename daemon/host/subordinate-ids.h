/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose subordinate uid a uid is, by /etc/subuid. A user with a range of such
 * uids can call under each of them, so they share one budget.
 *
 * Names are looked up in /etc/passwd alone: a name service may block the loop.
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
 * Pure. Root owns no other uid here: nothing that a user can reach has root's budget.
 *
 * Return: the uid of the owner, or @uid itself if it is nobody's subordinate.
 */
uid_t subordinate_owner(uid_t uid, const char *subuid, const char *passwd);

/* The same with this machine's files; @uid itself if they cannot be read. */
uid_t subordinate_owner_here(uid_t uid);

#endif
