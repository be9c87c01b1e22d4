/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls every method of org.rssd1 with random arguments of the types that introspection
 * gives, descriptors included.
 *
 *   bus-fuzz SECONDS SEED
 *
 * Prints "N calls, N replies, N errors". It attaches and kills nothing but a child of
 * its own. Ends with 1 if rssd leaves the bus.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define SERVICE	    "org.rssd1"
#define MANAGER	    "/org/rssd1"
#define CONTAINER   "/org/rssd1/container/"
#define METHODS_MAX 128
#define PENDING_MAX 8
#define DEPTH_MAX   4

struct method {
	char interface[64], name[64], signature[64];
};

static struct method methods[METHODS_MAX];
static size_t n_methods;
static unsigned int calls, replies, errors, pending;
static int descriptors[5];
static size_t n_descriptors;

static const char *const strings[] = {
	"a",
	"b",
	"a/b",
	"a/b/c",
	"",
	"..",
	"a//b",
	"infinity",
	"512M",
	"reclaim",
	"force",
	"refuse",
	"/",
	"a b\n\x1b[31m",
	"\xc3\xa9t\xc3\xa9",
	"0",
	"-1",
	"99999999999999999999",
	"org.rssd1",
	"%n%s%d",
	"max",
	/* Rules that match no process. */
	"command=no-such-name",
	"user=4294967294 unit=no-such.service",
};

static const char *const keys[] = {
	"Limit",      "WatermarkHigh", "WatermarkLow", "OOMGroup", "Transient", "Declared",
	"mode",	      "timeout",       "progress",     "tree",	   "force",	"dry-run",
	"leave-unit", "nested",	       "Unknown",      "",	   "Join",
};

/*
 * What a u may be: AttachPIDs would attach any process of the machine, and the descendants of any, so
 * the only real process is the child.
 */
static uint32_t pids[] = { 0, 0, INT32_MAX, INT32_MAX + 1U, UINT32_MAX };

static unsigned int pick(unsigned int below)
{
	return (unsigned int)random() % below;
}

static uint64_t random_number(void)
{
	static const uint64_t special[] = { 0,		1,	    4095,      4096,   16 << 20,
					    1ULL << 40, UINT64_MAX, INT64_MAX, 1 << 30 };

	if (pick(2))
		return special[pick(sizeof(special) / sizeof(special[0]))];
	return (uint64_t)random() << pick(33);
}

/* --- introspection ------------------------------------------------------------------ */

/* Copies the value of @attribute of the element at @at; false if it has none. */
static bool read_attribute(const char *at, const char *attribute, char *ret, size_t size)
{
	const char *end = strchr(at, '>'), *value = strstr(at, attribute);
	size_t length;

	if (!end || !value || value > end)
		return false;
	value += strlen(attribute) + 2;
	length = strcspn(value, "\"");
	if (length >= size)
		return false;
	memcpy(ret, value, length);
	ret[length] = '\0';
	return true;
}

static void read_argument(struct method *method, const char *at)
{
	char direction[8] = "in", type[32] = "";

	(void)read_attribute(at, "direction", direction, sizeof(direction));
	if (strcmp(direction, "in") == 0 && read_attribute(at, "type", type, sizeof(type)))
		strncat(method->signature, type,
			sizeof(method->signature) - strlen(method->signature) - 1);
}

/* Reads the methods of the project's interfaces from the XML that sd-bus writes. */
static void read_methods(const char *xml)
{
	char interface[64] = "";
	struct method *method = NULL;

	for (const char *at = strchr(xml, '<'); at; at = strchr(at + 1, '<')) {
		if (strncmp(at, "<interface ", 11) == 0) {
			(void)read_attribute(at, "name", interface, sizeof(interface));
		} else if (strncmp(at, "<method ", 8) == 0 && n_methods < METHODS_MAX &&
			   strncmp(interface, SERVICE, strlen(SERVICE)) == 0) {
			method = &methods[n_methods++];
			strcpy(method->interface, interface);
			(void)read_attribute(at, "name", method->name, sizeof(method->name));
		} else if (strncmp(at, "</method", 8) == 0 || strncmp(at, "<signal ", 8) == 0) {
			method = NULL;
		} else if (method && strncmp(at, "<arg ", 5) == 0) {
			read_argument(method, at);
		}
	}
}

static int introspect(sd_bus *bus, const char *path)
{
	sd_bus_message *reply = NULL;
	const char *xml;
	int r = sd_bus_call_method(bus, SERVICE, path, "org.freedesktop.DBus.Introspectable",
				   "Introspect", NULL, &reply, "");

	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &xml);
	if (r >= 0)
		read_methods(xml);
	sd_bus_message_unref(reply);
	return r;
}

/* --- random arguments ----------------------------------------------------------------- */

/* The length of the first complete type of @signature. */
static size_t type_length(const char *signature)
{
	size_t length = 0;
	int depth = 0;

	while (signature[length] == 'a')
		length++;
	do {
		char c = signature[length++];

		depth += (c == '(' || c == '{') - (c == ')' || c == '}');
	} while (depth > 0);
	return length;
}

static int append_type(sd_bus_message *call, const char *type, size_t length, int depth);

static int append_all(sd_bus_message *call, const char *types, size_t length, int depth)
{
	int r = 0;

	for (size_t at = 0; at < length && r >= 0;) {
		size_t one = type_length(types + at);

		r = append_type(call, types + at, one, depth);
		at += one;
	}
	return r;
}

static int append_key_entry(sd_bus_message *call, const char *types, size_t length, int depth)
{
	const char *key = keys[pick(sizeof(keys) / sizeof(keys[0]))];
	int r = sd_bus_message_append_basic(call, 's', key);

	return r < 0 ? r : append_all(call, types + 1, length - 1, depth);
}

static int append_container(sd_bus_message *call, char kind, const char *contents, size_t length,
			    int depth)
{
	char text[64];
	int r;

	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, contents, length);
	text[length] = '\0';
	r = sd_bus_message_open_container(call, kind, text);
	if (r < 0)
		return r;
	if (kind == 'a') {
		for (unsigned int n = depth < DEPTH_MAX ? pick(4) : 0; n > 0 && r >= 0; n--)
			r = append_type(call, text, length, depth + 1);
	} else if (kind == 'e' && text[0] == 's') {
		r = append_key_entry(call, text, length, depth);
	} else {
		r = append_all(call, text, length, depth);
	}
	return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_basic(sd_bus_message *call, char type)
{
	uint64_t number = random_number();
	uint32_t small = (uint32_t)number;
	int flag = (int)pick(2);

	switch (type) {
	case 's':
		return sd_bus_message_append_basic(
			call, type, strings[pick(sizeof(strings) / sizeof(strings[0]))]);
	case 'o':
		return sd_bus_message_append_basic(call, type, MANAGER);
	case 'b':
		return sd_bus_message_append_basic(call, type, &flag);
	case 'h':
		return sd_bus_message_append_basic(call, type,
						   &descriptors[pick((unsigned int)n_descriptors)]);
	case 'u':
		return sd_bus_message_append_basic(call, type,
						   &pids[pick(sizeof(pids) / sizeof(pids[0]))]);
	case 'i':
		return sd_bus_message_append_basic(call, type, &small);
	case 't':
	case 'x':
		return sd_bus_message_append_basic(call, type, &number);
	default:
		return -EINVAL;
	}
}

static int append_type(sd_bus_message *call, const char *type, size_t length, int depth)
{
	static const char *const variants[] = { "s", "t", "u", "i", "b", "as", "a{sv}", "x" };

	switch (*type) {
	case 'a':
		return append_container(call, 'a', type + 1, length - 1, depth);
	case '(':
		return append_container(call, 'r', type + 1, length - 2, depth);
	case '{':
		return append_container(call, 'e', type + 1, length - 2, depth);
	case 'v': {
		const char *inner = variants[pick(depth < DEPTH_MAX ? 8 : 5)];

		return append_container(call, 'v', inner, strlen(inner), depth + 1);
	}
	default:
		return append_basic(call, *type);
	}
}

/* --- calls --------------------------------------------------------------------------------- */

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	pending--;
	replies++;
	errors += sd_bus_message_is_method_error(reply, NULL) > 0;
	return 0;
}

static const char *random_path(const struct method *method)
{
	static const char *const containers[] = { CONTAINER "a", CONTAINER "b", CONTAINER "a_2fb",
						  CONTAINER "none" };

	return strstr(method->interface, "Manager") ? MANAGER : containers[pick(4)];
}

static int call_one(sd_bus *bus)
{
	const struct method *method = &methods[pick((unsigned int)n_methods)];
	/* Now and then the arguments are those of another method. */
	const char *signature = pick(20) ? method->signature
					 : methods[pick((unsigned int)n_methods)].signature;
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, SERVICE, random_path(method),
					       method->interface, method->name);

	if (r >= 0)
		r = append_all(call, signature, strlen(signature), 0);
	if (r >= 0)
		r = sd_bus_call_async(bus, NULL, call, on_reply, NULL, 60ULL * 1000000);
	sd_bus_message_unref(call);
	if (r >= 0) {
		calls++;
		pending++;
	}
	return r;
}

static int fuzz(sd_bus *bus, unsigned int seconds)
{
	time_t end = time(NULL) + (time_t)seconds;
	int r = 0;

	while (r >= 0 && (time(NULL) < end || pending > 0)) {
		while (r >= 0 && pending < PENDING_MAX && time(NULL) < end)
			r = call_one(bus);
		if (r >= 0)
			r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, 1000000);
	}
	return r;
}

/* A child to attach and kill, and descriptors that are no pidfd. */
static pid_t open_descriptors(void)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	pids[0] = (uint32_t)child;
	descriptors[n_descriptors++] = (int)syscall(SYS_pidfd_open, child, 0);
	descriptors[n_descriptors++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	descriptors[n_descriptors++] = eventfd(0, EFD_CLOEXEC);
	descriptors[n_descriptors++] = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	descriptors[n_descriptors++] = open("/", O_PATH | O_CLOEXEC);
	return child;
}

int main(int argc, char *argv[])
{
	sd_bus *bus = NULL;
	pid_t child;
	int r;

	if (argc != 3) {
		fputs("bus-fuzz SECONDS SEED\n", stderr);
		return 2;
	}
	srandom((unsigned int)strtoul(argv[2], NULL, 10));
	child = open_descriptors();
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = introspect(bus, MANAGER);
	if (r >= 0)
		r = introspect(bus, CONTAINER "a");
	if (r >= 0 && n_methods == 0)
		r = -ENODATA;
	if (r >= 0)
		r = fuzz(bus, (unsigned int)strtoul(argv[1], NULL, 10));
	printf("%zu methods, %u calls, %u replies, %u errors\n", n_methods, calls, replies, errors);
	if (r < 0)
		fprintf(stderr, "bus-fuzz: %s\n", strerror(-r));
	kill(child, SIGKILL);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
