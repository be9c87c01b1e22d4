/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events when usage crosses a threshold, and when processes wait for memory. No kernel reports the
 * usage of all controllers, so it is checked once a second while a container has a threshold.
 * Pressure is a trigger of the kernel, in the loop.
 */
#ifndef RSSD_THRESHOLD_H
#define RSSD_THRESHOLD_H

struct manager;

/* Return: 0, or a negative errno. */
int threshold_open(struct manager *manager);
void threshold_close(struct manager *manager);

#endif
