/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protection of rssd's root directory: see root-protection.h. */
#include "container/root-protection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "container/manager.h"

#define PROTECTIONS (unsigned int)(SETTING_LOW | SETTING_MIN)

/* One write is for all changes of a turn of the loop. */
struct root_protection {
	struct manager *manager;
	sd_event_source *write;
	struct settings written;
};

static uint64_t sum_of(const struct manager *m, const struct setting *setting)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct container *c = m->containers[i];
		uint64_t value = setting_get(setting, &c->settings);

		if (!value || c->place || strchr(c->name, '/'))
			continue;
		if (value == LIMIT_INFINITY || __builtin_add_overflow(sum, value, &sum))
			return LIMIT_INFINITY;
	}
	return setting_canonical(setting, sum);
}

static int on_write(sd_event_source *source, void *userdata)
{
	struct root_protection *p = userdata;
	const struct controller *controller = p->manager->controller;

	for_each_setting(setting) {
		uint64_t sum;
		int r;

		if (!(setting->bit & PROTECTIONS & controller->settings))
			continue;
		sum = sum_of(p->manager, setting);
		if (sum == setting_get(setting, &p->written))
			continue;
		r = controller_write_root(controller, setting->bit, sum);
		if (r < 0)
			log_error("The containers are not protected by %s: %s/%s cannot be given "
				  "their sum: %s",
				  setting->key, controller->mount, controller->root, strerror(-r));
		else
			setting_put(setting, &p->written, sum);
	}
	return 0;
}

static void schedule(struct root_protection *p)
{
	(void)sd_event_source_set_enabled(p->write, SD_EVENT_ONESHOT);
}

static void on_container(struct container *c, void *userdata)
{
	const struct settings *set = container_set_last(c);

	if (c->settings.low || c->settings.min || set->low || set->min)
		schedule(userdata);
}

static void on_changed(struct container *c, unsigned int mask, void *userdata)
{
	if (mask & PROTECTIONS)
		schedule(userdata);
}

static const struct manager_listener listener = {
	.added = on_container,
	.taken_out = on_container,
	.changed = on_changed,
};

int root_protection_open(struct manager *m)
{
	struct root_protection *p;
	int r;

	if (!(m->controller->settings & PROTECTIONS))
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	m->root_protection = p;
	p->manager = m;
	/* Differs from every sum: another program, or rssd before its end, may have set it. */
	p->written.low = p->written.min = LIMIT_INFINITY - 1;
	r = sd_event_add_defer(m->event, &p->write, on_write, p);
	return r < 0 ? r : manager_listen(m, &listener, p);
}

void root_protection_close(struct manager *m)
{
	struct root_protection *p = m->root_protection;

	if (!p)
		return;
	manager_ignore(m, &listener, p);
	sd_event_source_disable_unref(p->write);
	free(p);
	m->root_protection = NULL;
}
