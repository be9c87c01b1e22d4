/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl doctor: problems of rssd and their solutions. rssd reports the findings;
 * if it cannot be reached, rssctl checks the known reasons.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connect.h"
#include "librss/rss.h"
#include "verb.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"
#include "view/terminal.h"

struct findings {
	struct rss_finding *rows;
	size_t count;
};

static void findings_done(struct findings *findings)
{
	findings->rows = rss_findings_free(findings->rows, findings->count);
}

static const char *severity_style(const char *severity)
{
	if (!strcmp(severity, "error"))
		return STYLE_RED;
	if (!strcmp(severity, "warning"))
		return STYLE_YELLOW;
	return strcmp(severity, "ok") ? NULL : STYLE_GREEN;
}

/* With less room for a sentence the subjects are left out. */
#define SENTENCE_MIN 20

struct layout {
	bool subjects; /* a column for them */
	size_t width;  /* of a sentence; unlimited without a terminal */
};

static struct layout choose_layout(const struct rss_finding rows[], size_t count)
{
	size_t severity = strlen("SEVERITY") + 2, subjects = strlen("SUBJECT");
	size_t width = (size_t)terminal_columns();

	for (size_t i = 0; i < count; i++)
		if (strlen(rows[i].subject) > subjects)
			subjects = strlen(rows[i].subject);
	subjects += 2;
	if (width == 0)
		return (struct layout){ true, (size_t)-1 };
	if (width >= severity + subjects + SENTENCE_MIN)
		return (struct layout){ true, width - severity - subjects };
	return (struct layout){ false,
				width > severity + SENTENCE_MIN ? width - severity : SENTENCE_MIN };
}

/* The bytes of @text that go on one line: up to the last blank that fits. */
static size_t line_length(const char *text, size_t width)
{
	size_t length = strlen(text), end = width;

	if (length <= width)
		return length;
	while (end && text[end] != ' ')
		end--;
	return end ?: width;
}

/* The columns before the sentence. */
static int add_empty(struct table *table, const struct layout *layout)
{
	int r = table_add(table, "");

	return r < 0 || !layout->subjects ? r : table_add(table, "");
}

/* Adds a sentence to the last column, on several rows if it is too long for one. */
static int add_sentence(struct table *table, const char *text, const struct layout *layout,
			const char *indent)
{
	for (bool first = true;; first = false) {
		size_t length = line_length(text, layout->width - strlen(indent));
		int r = first ? 0 : add_empty(table, layout);

		if (r >= 0)
			r = table_addf(table, "%s%.*s", first ? "" : indent, (int)length, text);
		text += length;
		while (*text == ' ')
			text++;
		if (r < 0 || !*text)
			return r;
	}
}

/* The advice goes on a row of its own below the finding. */
static int add_finding(struct table *table, const struct rss_finding *finding,
		       const struct layout *layout, bool colour)
{
	cleanup_free char *advice = NULL;
	int r = table_add(table, finding->severity);

	if (colour)
		table_style(table, severity_style(finding->severity));
	if (r >= 0 && layout->subjects)
		r = table_add(table, finding->subject);
	r = r < 0 ? r : add_sentence(table, finding->text, layout, "");
	if (r < 0 || !*finding->advice)
		return r;
	if (asprintf(&advice, "-> %s", finding->advice) < 0)
		return -ENOMEM;
	r = add_empty(table, layout);
	return r < 0 ? r : add_sentence(table, advice, layout, "   ");
}

static int print_findings_table(struct cli *cli, const struct rss_finding rows[], size_t count)
{
	static const char *const with[] = { "SEVERITY", "SUBJECT", "FINDING" };
	static const char *const without[] = { "SEVERITY", "FINDING" };
	const struct layout layout = choose_layout(rows, count);
	cleanup_table struct table *table = layout.subjects
						    ? table_new(ARRAY_SIZE(with), with)
						    : table_new(ARRAY_SIZE(without), without);
	int r = 0;

	for (size_t i = 0; table && i < count && r >= 0; i++)
		r = add_finding(table, &rows[i], &layout, cli->out.colour);
	return print_table(&cli->out, table, r, false);
}

static int print_findings_json(const struct cli *cli, const struct rss_finding rows[], size_t count)
{
	cleanup_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < count; i++) {
		struct json_object *object = json_object_new_object();

		json_add_text(object, "severity", rows[i].severity);
		json_add_text(object, "subject", rows[i].subject);
		json_add_text(object, "text", rows[i].text);
		json_add_text(object, "advice", *rows[i].advice ? rows[i].advice : NULL);
		json_object_array_add(array, object);
	}
	return print_json(&cli->out, array);
}

static int print_findings(struct cli *cli, const struct rss_finding rows[], size_t count)
{
	return cli->out.json ? print_findings_json(cli, rows, count)
			     : print_findings_table(cli, rows, count);
}

/* --- without rssd ---------------------------------------------------------- */

/* Returns true if a bus listens on the socket @path. */
static bool bus_answers(const char *path)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	strcpy(address.sun_path, path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static struct rss_finding check_bus(void)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (address)
		return (struct rss_finding){ "note", "bus",
					     "DBUS_SYSTEM_BUS_ADDRESS is set: rssctl uses that bus",
					     "Unset it to reach the system's own bus" };
	if (bus_answers("/run/dbus/system_bus_socket") ||
	    bus_answers("/var/run/dbus/system_bus_socket"))
		return (struct rss_finding){ "ok", "bus", "the system bus answers", "" };
	return (struct rss_finding){ "error", "bus", "there is no system bus",
				     "Start one: systemctl start dbus, or service dbus start" };
}

/* A line of /proc/cgroups: name, hierarchy, number of groups, enabled. */
static int memory_controller_state(void)
{
	cleanup_fclose FILE *file = fopen("/proc/cgroups", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char name[64];
		int hierarchy, groups, enabled;

		if (sscanf(line, "%63s %d %d %d", name, &hierarchy, &groups, &enabled) == 4 &&
		    (!strcmp(name, "memory") || !strcmp(name, "rss")) && enabled)
			return 1;
	}
	/* Newer kernels may have the controller without this file. */
	return file ? 0 : -1;
}

static struct rss_finding check_controller(void)
{
	switch (memory_controller_state()) {
	case 0:
		return (struct rss_finding){
			"error", "controller",
			"this kernel has no memory controller, or it is disabled",
			"Boot with cgroup_enable=memory"
		};
	case 1:
		return (struct rss_finding){ "ok", "controller", "this kernel can limit memory",
					     "" };
	default:
		return (struct rss_finding){ "note", "controller", "/proc/cgroups cannot be read",
					     "" };
	}
}

static struct rss_finding check_user(void)
{
	if (geteuid() == 0)
		return (struct rss_finding){ "ok", "user", "you are root", "" };
	return (struct rss_finding){ "note", "user",
				     "you are not root: polkit decides what you may change",
				     "Run rssctl as root, or see SECURITY in rssd(8)" };
}

/* @error: why rss_open() failed. */
static struct rss_finding check_rssd(int error)
{
	switch (error) {
	case -EACCES:
		return (struct rss_finding){ "error", "rssd",
					     "the bus does not permit you to call rssd",
					     "Run rssctl as root, for example with sudo" };
	case -ETIME:
		return (struct rss_finding){
			"error", "rssd", "rssd is running and does not answer",
			"See systemctl status rssd; systemctl restart rssd keeps all containers"
		};
	default:
		return (struct rss_finding){ "error", "rssd",
					     "rssd cannot be reached on the system bus",
					     "Start it: systemctl start rssd, or rssd as root" };
	}
}

/* @error: why rss_open() failed. */
static int diagnose_locally(struct cli *cli, int error)
{
	const struct rss_finding findings[] = {
		check_rssd(error),
		check_bus(),
		check_controller(),
		check_user(),
	};
	int status = print_findings(cli, findings, ARRAY_SIZE(findings));

	return status ?: error == -EACCES ? STATUS_DENIED : STATUS_UNREACHABLE;
}

/* ---------------------------------------------------------------------------- */

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(findings_done) struct findings findings = { 0 };
	int status, r = cli->host ? 0 : rss_open(&cli->client);

	if (r < 0)
		return diagnose_locally(cli, r);
	status = cli->host ? connect_daemon(cli) : STATUS_DONE;
	if (status != STATUS_DONE)
		return status;
	r = rss_diagnose(cli->client, &findings.rows, &findings.count);
	if (r < 0)
		return fail_call(cli, r);
	status = print_findings(cli, findings.rows, findings.count);
	for (size_t i = 0; i < findings.count && status == STATUS_DONE; i++)
		if (!strcmp(findings.rows[i].severity, "error"))
			status = STATUS_FAILED;
	return status;
}

DEFINE_VERB(doctor) = {
	.name = "doctor",
	.order = 230,
	.synopsis = "",
	.summary = "Find problems of rssd on this machine",
	.description =
		"The status is 1 if one of the findings is an error, and 6 if rssd cannot be reached;\n"
		"then rssctl checks the known reasons.",
	.run = run,
};
