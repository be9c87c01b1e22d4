/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A controller over the fake hierarchy with one group, for one test. */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "base/failure.h"
#include "cgroup/group.h"
#include "fake-hierarchy.h"

struct world {
	struct controller *controller;
	struct group *web;
	struct failure failure;
};

static void world_end(struct world *w)
{
	group_free(w->web);
	controller_free(w->controller);
	fake_end();
}

/* Declared first in a test, so that it is cleaned up last. */
#define WORLD __attribute__((cleanup(world_end))) struct world w = { 0 }

#endif
