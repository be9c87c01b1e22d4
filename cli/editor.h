/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's editor. */
#ifndef RSSCTL_EDITOR_H
#define RSSCTL_EDITOR_H

/*
 * Runs $VISUAL, $EDITOR, editor, nano or vi on a file, and waits for its end. Returns the status:
 * STATUS_FAILED, after printing why, also if the editor failed.
 */
int editor_run(const char *path);

#endif
