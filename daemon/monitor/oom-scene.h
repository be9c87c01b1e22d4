/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is in a container at the moment when its memory runs out. */
#ifndef RSSD_OOM_SCENE_H
#define RSSD_OOM_SCENE_H

struct container;
struct oom_scene;

/*
 * Looks now: counters since the OOM before, lists, swap, and the largest
 * processes of the container and those nested in it. Later OOMs count from here.
 */
void oom_scene_look(struct container *container, struct oom_scene *ret);

#endif
