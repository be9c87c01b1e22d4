/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * polkit FILE: a polkit for a private bus. It replies as the first word of FILE
 * says at the time of the call: yes, no, challenge, nonsense, never (no reply), or
 * hold (yes, after SIGUSR1). With "own WORD" the word is for manage-own, and the
 * others are not allowed. It prints each call: "ACTION CONTAINER VERB FLAGS".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define HELD_MAX 256

static const char *file;
static sd_bus_message *held[HELD_MAX];
static size_t held_count;

static const char *read_mood(char *mood, size_t size)
{
	FILE *f = fopen(file, "re");

	mood[0] = '\0';
	if (f) {
		if (fgets(mood, (int)size, f))
			mood[strcspn(mood, "\n")] = '\0';
		fclose(f);
	}
	return mood;
}

static int answer(sd_bus_message *question, int yes, int challenge)
{
	return sd_bus_reply_method_return(question, "(bba{ss})", yes, challenge, 0);
}

static int check(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *kind, *key, *name, *action, *container, *verb, *cancel;
	uint32_t flags;
	const char *mood;
	char line[32];
	int r = sd_bus_message_read(m, "(sa{sv})sa{ss}us", &kind, 1, &key, "s", &name, &action, 2,
				    &key, &container, &key, &verb, &flags, &cancel);

	if (r < 0)
		return r;
	printf("%s %s %s %u\n", action, *container ? container : "-", verb, flags);
	fflush(stdout);
	mood = read_mood(line, sizeof(line));
	if (!strncmp(line, "own ", strlen("own ")))
		mood = strcmp(action, "org.rssd1.manage-own") ? "no" : line + strlen("own ");
	if (!strcmp(mood, "hold") && held_count < HELD_MAX)
		held[held_count++] = sd_bus_message_ref(m);
	else if (!strcmp(mood, "nonsense"))
		return sd_bus_reply_method_return(m, "s", "perhaps");
	else if (strcmp(mood, "never"))
		return answer(m, !strcmp(mood, "yes"), !strcmp(mood, "challenge"));
	return 1;
}

static int let_go(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	while (held_count > 0) {
		sd_bus_message *m = held[--held_count];

		(void)answer(m, 1, 0);
		sd_bus_message_unref(m);
	}
	return 0;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int main(int argc, char *argv[])
{
	sd_event *event = NULL;
	sd_bus *bus = NULL;
	sigset_t ours;
	int r;

	if (argc != 2) {
		fputs("polkit FILE\n", stderr);
		return 2;
	}
	file = argv[1];
	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR1);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGUSR1, let_go, NULL);
	if (r >= 0)
		r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
					     "org.freedesktop.PolicyKit1.Authority", vtable, NULL);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0);
	if (r >= 0)
		r = sd_event_loop(event);
	sd_bus_flush_close_unref(bus);
	sd_event_unref(event);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
