// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OOM kills out of the kernel's log. The lines of one kill come in the order in
 * which the kernel holds its OOM lock, so a kill belongs to the report before it:
 *
 *	hog invoked oom-killer: gfp_mask=...		a new report
 *	Task in /rssd/a killed as a result of limit of /rssd	(before 5.0)
 *	memory: usage 20480kB, limit 20480kB, failcnt 7
 *	[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
 *	[      7]     0     7    12363     5532          93000        0             0 hog
 *	oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/rssd,task_memcg=/rssd/a,task=hog,pid=7,uid=0
 *	Memory cgroup out of memory: Killed process 7 (hog) total-vm:...
 *	Tasks in /rssd/a are going to be killed due to memory.oom.group set
 *	Memory cgroup out of memory: Killed process 8 (hog) total-vm:...
 *
 * Names of tasks and cgroups may hold any of the marks that separate them, so
 * lines are taken apart from their ends.
 */
#include "host/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>

/* A record is never longer (PRINTK_MESSAGE_MAX); a longer one would read as EINVAL and be gone. */
#define RECORD_MAX 8192
/* Per wakeup, so that a flood of lines leaves room for others in the loop. */
#define RECORDS_AT_ONCE 256
/* A whole cgroup is killed in one go; what comes later has lost its own report. */
#define GROUP_KILL_USEC 5000000
/* TASK_COMM_LEN, without the NUL */
#define COMM_MAX 15

struct span {
	const char *at;
	size_t length;
};

static struct span span_of(const char *at, const char *end)
{
	return (struct span){ at, end - at };
}

/* The last @mark in @s, or NULL. */
static const char *find_last(struct span s, const char *mark)
{
	size_t length = strlen(mark);

	for (size_t i = s.length + 1; i-- > 0;)
		if (i + length <= s.length && !memcmp(s.at + i, mark, length))
			return s.at + i;
	return NULL;
}

static const char *find_first(struct span s, const char *mark)
{
	return memmem(s.at, s.length, mark, strlen(mark));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One byte of what /dev/kmsg escaped as \x0a; how many characters of @s it took. */
static size_t unescape(struct span s, char *ret)
{
	if (s.length >= 4 && s.at[0] == '\\' && s.at[1] == 'x') {
		int high = hex_digit(s.at[2]), low = hex_digit(s.at[3]);

		if (high >= 0 && low >= 0 && (high || low)) {
			*ret = (char)(high << 4 | low);
			return 4;
		}
	}
	*ret = s.at[0];
	return 1;
}

static void copy(char *to, size_t room, struct span s)
{
	size_t n = 0;

	while (s.length && n < room - 1) {
		size_t took = unescape(s, &to[n++]);

		s.at += took;
		s.length -= took;
	}
	to[n] = '\0';
}

static size_t unescaped_length(struct span s)
{
	size_t n = 0;
	char byte;

	while (s.length) {
		size_t took = unescape(s, &byte);

		s.at += took;
		s.length -= took;
		n++;
	}
	return n;
}

/* The number that @s begins with; UINT64_MAX where there is none. *ret_end is behind it. */
static uint64_t number(struct span s, const char **ret_end)
{
	uint64_t value = 0;
	bool fits = true;
	size_t i;

	for (i = 0; i < s.length && s.at[i] >= '0' && s.at[i] <= '9'; i++)
		fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
		       !__builtin_add_overflow(value, (uint64_t)(s.at[i] - '0'), &value);
	if (ret_end)
		*ret_end = s.at + i;
	return i && fits ? value : UINT64_MAX;
}

static void forget(struct kmsg_oom *oom)
{
	*oom = (struct kmsg_oom){ .uid = KMSG_UID_ABSENT,
				  .usage = UINT64_MAX,
				  .limit = UINT64_MAX };
}

static void start_over(struct kmsg_parser *parser)
{
	forget(&parser->open);
	parser->has_header = false;
	parser->begun = true;
}

/* "20480kB" behind @mark, as bytes. */
static uint64_t kilobytes(struct span s, const char *mark)
{
	const char *at = find_first(s, mark), *end;
	uint64_t value;

	if (!at)
		return UINT64_MAX;
	at += strlen(mark);
	value = number(span_of(at, s.at + s.length), &end);
	if (value > UINT64_MAX / 1024 || s.at + s.length - end < 2 || memcmp(end, "kB", 2))
		return UINT64_MAX;
	return value * 1024;
}

/*
 * "...,oom_memcg=/a,task_memcg=/a/b,task=hog,pid=7,uid=0", or ",global_oom"
 * for the first of them. The comm is at most COMM_MAX long, so of several
 * ",task=" the first that leaves no more than that is the true one.
 */
static void parse_header(struct kmsg_parser *parser, struct span s)
{
	const char *end = s.at + s.length, *mark, *task = NULL;
	struct kmsg_oom *open = &parser->open;
	uint64_t value;

	parser->has_header = true;
	open->memcg = !!find_first(s, "constraint=CONSTRAINT_MEMCG,");
	mark = find_last(s, ",uid=");
	if (mark) {
		value = number(span_of(mark + 5, end), NULL);
		open->uid = value < UINT32_MAX ? (uid_t)value : KMSG_UID_ABSENT;
		end = mark;
	}
	mark = find_last(span_of(s.at, end), ",pid=");
	if (!mark)
		return;
	end = mark;
	for (struct span rest = span_of(s.at, end); (mark = find_first(rest, ",task="));
	     rest = span_of(mark + 1, end)) {
		task = mark;
		if (unescaped_length(span_of(mark + 6, end)) <= COMM_MAX)
			break;
	}
	if (!task)
		return;
	copy(open->comm, sizeof(open->comm), span_of(task + 6, end));
	mark = find_last(span_of(s.at, task), ",task_memcg=");
	if (!mark)
		return;
	copy(open->victim_cgroup, sizeof(open->victim_cgroup), span_of(mark + 12, task));
	end = mark;
	mark = find_last(span_of(s.at, end), ",oom_memcg=");
	if (mark)
		copy(open->limit_owner, sizeof(open->limit_owner), span_of(mark + 11, end));
}

/* "Task in /a/b killed as a result of limit of /a", before 5.0 */
static void parse_old_header(struct kmsg_parser *parser, struct span s)
{
	static const char because[] = " killed as a result of limit of ";
	const char *mark = find_last(s, because);

	if (!mark)
		return;
	parser->has_header = true;
	parser->open.memcg = true;
	copy(parser->open.victim_cgroup, sizeof(parser->open.victim_cgroup), span_of(s.at, mark));
	mark += strlen(because);
	copy(parser->open.limit_owner, sizeof(parser->open.limit_owner),
	     span_of(mark, s.at + s.length));
}

/* "7 (hog) total-vm:49452kB, ..., UID:0 pgtables:92kB oom_score_adj:0" */
static bool parse_kill(struct kmsg_parser *parser, struct span s, uint64_t when, bool memcg,
		       struct kmsg_oom *ret)
{
	const char *end = s.at + s.length, *name, *mark;
	uint64_t pid = number(s, &name);

	if (pid == 0 || pid > INT32_MAX || end - name < 2 || memcmp(name, " (", 2))
		return false;
	name += 2;
	mark = find_last(span_of(name, end), ") total-vm:");
	if (!mark)
		return false;
	if (!parser->has_header && parser->has_group &&
	    when < parser->group_since + GROUP_KILL_USEC) {
		/* Being a member, the first victim is killed and told once more. */
		if ((pid_t)pid == parser->group_first)
			return false;
		parser->open = parser->last;
		parser->open.uid = KMSG_UID_ABSENT;
	}
	parser->open.memcg |= memcg;
	parser->open.pid = (pid_t)pid;
	copy(parser->open.comm, sizeof(parser->open.comm), span_of(name, mark));
	mark = find_last(span_of(mark, end), " UID:");
	if (mark) {
		uint64_t uid = number(span_of(mark + 5, end), NULL);

		if (uid < UINT32_MAX)
			parser->open.uid = (uid_t)uid;
	}
	*ret = parser->last = parser->open;
	start_over(parser);
	return true;
}

/* "/rssd/a are going to be killed due to memory.oom.group set": more kills of this report. */
static void parse_group(struct kmsg_parser *parser, struct span s, uint64_t when)
{
	const char *end = find_last(s, " are going to be killed due to memory.oom.group set");

	if (!end)
		return;
	parser->has_group = true;
	parser->group_since = when;
	parser->group_first = parser->last.pid;
	copy(parser->last.victim_cgroup, sizeof(parser->last.victim_cgroup), span_of(s.at, end));
}

static bool skip(struct span *s, const char *prefix)
{
	size_t length = strlen(prefix);

	if (s->length < length || memcmp(s->at, prefix, length))
		return false;
	s->at += length;
	s->length -= length;
	return true;
}

/* The columns between the pid and the name; there are more of them with each kernel. */
static void parse_task_columns(struct kmsg_parser *parser, struct span s)
{
	unsigned int columns = 0;
	const char *end = find_last(s, " name");

	if (!end)
		return;
	for (const char *at = s.at; at < end; at++)
		columns += *at != ' ' && (at + 1 == end || at[1] == ' ');
	parser->task_columns = columns;
}

/* "   7]     0     7    12363     5532      93        0             0 hog" */
static void parse_task(struct kmsg_parser *parser, struct span s)
{
	struct oom_process process = { 0 };
	const char *at = s.at + strspn(s.at, " "), *end = s.at + s.length;
	uint64_t pid = number(span_of(at, end), &at), values[4] = { 0 };

	if (pid == 0 || pid > INT32_MAX || at == end || *at != ']' || parser->task_columns < 4)
		return;
	at++;
	for (unsigned int i = 0; i < parser->task_columns; i++) {
		at += strspn(at, " ");
		if (at >= end)
			return;
		if (i < ARRAY_SIZE(values))
			values[i] = number(span_of(at, end), NULL);
		at += strcspn(at, " ");
	}
	if (at >= end || values[3] > UINT64_MAX >> 16)
		return;
	process.pid = (pid_t)pid;
	process.uid = values[0] < UINT32_MAX ? (uid_t)values[0] : KMSG_UID_ABSENT;
	process.resident = values[3] * (uint64_t)sysconf(_SC_PAGESIZE);
	copy(process.command, sizeof(process.command), span_of(at + 1, end));
	oom_processes_add(&parser->open.processes, &process);
}

static bool parse_text(struct kmsg_parser *parser, struct span s, uint64_t when,
		       struct kmsg_oom *ret)
{
	bool memcg;

	if (skip(&s, "oom-kill:")) {
		parse_header(parser, s);
	} else if (skip(&s, "memory:")) {
		parser->open.usage = kilobytes(s, " usage ");
		parser->open.limit = kilobytes(s, ", limit ");
	} else if (skip(&s, "[  pid  ]") || skip(&s, "[ pid ]")) {
		parse_task_columns(parser, s);
	} else if (skip(&s, "[")) {
		parse_task(parser, s);
	} else if (skip(&s, "Task in ")) {
		parse_old_header(parser, s);
	} else if (skip(&s, "Tasks in ")) {
		parse_group(parser, s, when);
	} else if (skip(&s, "Killed process ")) {
		return parse_kill(parser, s, when, false, ret);
	} else if ((memcg = skip(&s, "Memory cgroup out of memory")) || skip(&s, "Out of memory")) {
		/* Between the two: nothing, or " (oom_kill_allocating_task)". */
		const char *kill = find_first(s, ": Killed process ");

		if (kill && (kill == s.at || *s.at == ' '))
			return parse_kill(parser, span_of(kill + 17, s.at + s.length), when, memcg,
					  ret);
	} else if (find_first(s, " invoked oom-killer: gfp_mask=")) {
		start_over(parser);
		parser->has_group = false;
	} else if (skip(&s, "OOM victim ")) {
		/* "... is already exiting. Skip killing the task": no kill ends this report. */
		start_over(parser);
	}
	return false;
}

bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret)
{
	/* Behind the first newline come the device's own fields. */
	const char *end = strchrnul(line, '\n'), *at, *text = memchr(line, ';', end - line);
	uint64_t priority, when = 0;

	if (!text)
		return false;
	priority = number(span_of(line, text), &at);
	/* Facility 0 is the kernel; what user space writes to the device gets another. */
	if (priority > 7 || *at != ',')
		return false;
	(void)number(span_of(at + 1, text), &at);
	if (*at == ',')
		when = number(span_of(at + 1, text), NULL);
	if (!parser->begun)
		start_over(parser);
	return parse_text(parser, span_of(text + 1, end), when, ret);
}

struct kmsg {
	int fd;
	sd_event_source *source;
	kmsg_oom_fn fn;
	void *userdata;
	struct kmsg_parser parser;
	char record[RECORD_MAX + 1];
};

static int on_kmsg(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct kmsg *kmsg = userdata;

	for (int i = 0; i < RECORDS_AT_ONCE; i++) {
		ssize_t n = read(fd, kmsg->record, RECORD_MAX);
		struct kmsg_oom oom;

		if (n < 0) {
			/* EPIPE: older records were overwritten before we came; the next are there. */
			if (errno == EPIPE || errno == EINTR || errno == EINVAL)
				continue;
			return errno == EAGAIN ? 0 : -errno;
		}
		if (n == 0)
			return 0;
		kmsg->record[n] = '\0';
		if (kmsg_parse_line(&kmsg->parser, kmsg->record, &oom))
			kmsg->fn(&oom, kmsg->userdata);
	}
	return 0;
}

int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret)
{
	cleanup_(kmsg_free_ptr) struct kmsg *kmsg = calloc(1, sizeof(*kmsg));
	int r;

	if (!kmsg)
		return -ENOMEM;
	kmsg->fn = fn;
	kmsg->userdata = userdata;
	kmsg->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg->fd < 0)
		return -errno;
	if (lseek(kmsg->fd, 0, SEEK_END) < 0)
		return -errno;
	r = sd_event_add_io(event, &kmsg->source, kmsg->fd, EPOLLIN, on_kmsg, kmsg);
	if (r < 0)
		return r;
	*ret = take_ptr(kmsg);
	return 0;
}

struct kmsg *kmsg_free(struct kmsg *kmsg)
{
	if (!kmsg)
		return NULL;
	kmsg->source = sd_event_source_disable_unref(kmsg->source);
	if (kmsg->fd >= 0)
		close(kmsg->fd);
	free(kmsg);
	return NULL;
}
