/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses OOM kills from the kernel's log. The kernel prints the lines of one OOM
 * while it holds its OOM lock, so a kill belongs to the report before it:
 *
 *	hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
 *	Task in /rssd/a killed as a result of limit of /rssd	(before 5.0)
 *	memory: usage 20480kB, limit 20480kB, failcnt 7
 *	[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
 *	[      7]     0     7    12363     5532          93000        0             0 hog
 *	oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),...,oom_memcg=/rssd,
 *		task_memcg=/rssd/a,task=hog,pid=7,uid=0		(one line)
 *	Memory cgroup out of memory: Killed process 7 (hog) total-vm:4kB, anon-rss:4kB,
 *		file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0	(one line)
 *	Tasks in /rssd/a are going to be killed due to memory.oom.group set
 *	Memory cgroup out of memory: Killed process 8 (hog) total-vm:...
 *
 * Names may contain the separators. A user chooses the names of tasks, and of cgroups below one
 * that is delegated, but not the path of the delegated one: see split_paths(). The parser stores
 * nothing from a line until the whole line has matched.
 */
#include "host/kmsg-parser.h"

#include <string.h>
#include <unistd.h>

#include "host/span.h"
#include "shared/cleanup.h"

/* A whole cgroup is killed within this time; a later kill without a header is of another OOM. */
#define GROUP_KILL_USEC 5000000
#define COMM_MAX	15 /* TASK_COMM_LEN, without the NUL */
#define COLUMNS_MIN	7  /* as in 4.19; later kernels have more */

static bool is_signed(struct span s)
{
	return span_parse_signed(s, &(int64_t){ 0 });
}

static bool take_pid(struct span *s, pid_t *ret)
{
	uint64_t value;

	if (!span_take_number(s, &value) || value == 0 || value > INT32_MAX)
		return false;
	*ret = (pid_t)value;
	return true;
}

/* --- names: /dev/kmsg escapes some of their bytes as \x0a ---------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static char take_byte(struct span *s)
{
	size_t took = 1;
	char byte = s->at[0];

	if (s->length >= 4 && s->at[0] == '\\' && s->at[1] == 'x') {
		int high = hex_digit(s->at[2]), low = hex_digit(s->at[3]);

		if (high >= 0 && low >= 0 && (high || low)) {
			byte = (char)(high << 4 | low);
			took = 4;
		}
	}
	s->at += took;
	s->length -= took;
	return byte;
}

/* Truncates a name that does not fit. */
static void copy_name(char *to, size_t room, struct span s)
{
	size_t n = 0;

	while (s.length && n < room - 1)
		to[n++] = take_byte(&s);
	to[n] = '\0';
}

/* Returns true if @s is no longer than a task name can be. */
static bool is_comm(struct span s)
{
	size_t n = 0;

	for (; s.length && n <= COMM_MAX; n++)
		(void)take_byte(&s);
	return n <= COMM_MAX;
}

static bool is_path(struct span s)
{
	return s.length > 0 && s.at[0] == '/';
}

/* Returns true if @path is the cgroup @top or below it. */
static bool is_in_subtree(struct span path, struct span top)
{
	(void)span_skip_back(&top, "/");
	return path.length >= top.length && !memcmp(path.at, top.at, top.length) &&
	       (path.length == top.length || path.at[top.length] == '/');
}

/* --- a report ------------------------------------------------------------------------------ */

static void start_over(struct kmsg_parser *parser)
{
	parser->open = (struct kmsg_oom){
		.uid = KMSG_UID_ABSENT,
		.usage = UINT64_MAX,
		.limit = UINT64_MAX,
	};
	parser->has_header = false;
	parser->begun = true;
}

/* "hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
static bool is_start(struct span s)
{
	static const char mark[] = " invoked oom-killer: gfp_mask=0x";
	const char *at = memmem(s.at, s.length, mark, strlen(mark));
	struct span order, score;

	return at && is_comm(span_of(s.at, at)) &&
	       span_split_last(s, ", oom_score_adj=", &s, &score) && is_signed(score) &&
	       span_split_last(s, " order=", &s, &order) && is_signed(order);
}

/* Skips "Memory cgroup out of memory: " and the like, which kernels before 5.0 do not print. */
static void skip_message(struct span *s, bool *ret_memcg)
{
	struct span rest = *s;
	bool memcg = span_skip(&rest, "Memory cgroup out of memory");

	*ret_memcg = false;
	if (!memcg && !span_skip(&rest, "Out of memory (oom_kill_allocating_task)") &&
	    !span_skip(&rest, "Out of memory"))
		return;
	if (!span_skip(&rest, ": "))
		return;
	*ret_memcg = memcg;
	*s = rest;
}

/* "OOM victim 7 (hog) is already exiting. Skip killing the task": the report ends without a kill. */
static bool is_end_without_kill(struct span s)
{
	bool memcg;
	pid_t pid;

	skip_message(&s, &memcg);
	return span_skip(&s, "OOM victim ") && take_pid(&s, &pid) && span_skip(&s, " (") &&
	       span_skip_back(&s, ") is already exiting. Skip killing the task") && is_comm(s);
}

/* "usage 20480kB, limit 20480kB, failcnt 7" */
static void parse_usage(struct kmsg_parser *parser, struct span s)
{
	uint64_t usage, limit, failures;

	if (!span_take_number(&s, &usage) || !span_skip(&s, "kB, limit ") ||
	    !span_take_number(&s, &limit) || !span_skip(&s, "kB, failcnt ") ||
	    !span_take_number(&s, &failures) || s.length > 0 || usage > UINT64_MAX / 1024 ||
	    limit > UINT64_MAX / 1024)
		return;
	parser->open.usage = usage * 1024;
	parser->open.limit = limit * 1024;
}

/*
 * Splits "task_memcg=/a/b,task=hog" before the task name. The name is at most COMM_MAX
 * bytes, so the separator is the first ",task=" with no more than that after it.
 */
static bool split_task(struct span s, struct span *ret_before, struct span *ret_task)
{
	static const char mark[] = ",task=";

	for (const char *at; (at = memmem(s.at, s.length, mark, strlen(mark)));
	     s = span_of(at + 1, s.at + s.length)) {
		struct span task = span_of(at + strlen(mark), s.at + s.length);

		if (!is_comm(task))
			continue;
		ret_before->length = (size_t)(at - ret_before->at);
		*ret_task = task;
		return true;
	}
	return false;
}

/* Finds the next path after @mark, from @*s on, and removes what precedes it. */
static bool skip_to_path(struct span *s, const char *mark)
{
	const char *at;

	while ((at = memmem(s->at, s->length, mark, strlen(mark)))) {
		*s = span_of(at + strlen(mark), s->at + s->length);
		if (is_path(*s))
			return true;
	}
	return false;
}

/*
 * Splits two cgroup paths at @mark, of which @limit_first says the order. The names of both may
 * contain @mark, but the victim is in the subtree of the cgroup whose limit was hit, and a wrong
 * split separates them.
 */
static bool split_paths(struct span s, const char *mark, bool limit_first, struct span *ret_limit,
			struct span *ret_victim)
{
	struct span rest = s;

	while (skip_to_path(&rest, mark)) {
		struct span first = span_of(s.at, rest.at - strlen(mark));
		struct span limit = limit_first ? first : rest;
		struct span victim = limit_first ? rest : first;

		if (!is_path(first) || !is_in_subtree(victim, limit))
			continue;
		*ret_limit = limit;
		*ret_victim = victim;
		return true;
	}
	return false;
}

/*
 * "MEMCG,nodemask=(null),...,oom_memcg=/a,task_memcg=/a/b,task=hog,pid=7,uid=0", or
 * ",global_oom" instead of oom_memcg. Of the names before the paths, that of a cpuset may have
 * been chosen by a user; it has no slash.
 */
static void parse_header(struct kmsg_parser *parser, struct span s)
{
	struct span before, owner = { 0 }, victim, task, pid, uid;
	struct kmsg_oom *open = &parser->open;
	bool memcg = span_skip(&s, "MEMCG,nodemask=");
	int64_t uid_value, pid_value;

	if (!memcg && !span_skip(&s, "NONE,nodemask=") && !span_skip(&s, "CPUSET,nodemask=") &&
	    !span_skip(&s, "MEMORY_POLICY,nodemask="))
		return;
	if (!skip_to_path(&s, memcg ? ",oom_memcg=" : ",global_oom,task_memcg="))
		return;
	before = s;
	if (!span_split_last(before, ",uid=", &before, &uid) ||
	    !span_parse_signed(uid, &uid_value) ||
	    !span_split_last(before, ",pid=", &before, &pid) ||
	    !span_parse_signed(pid, &pid_value) || !split_task(before, &before, &task))
		return;
	victim = before;
	if (memcg ? !split_paths(before, ",task_memcg=", true, &owner, &victim) : !is_path(victim))
		return;
	parser->has_header = true;
	open->memcg = memcg;
	/* The kernel prints it as an int. */
	open->uid = uid_value >= INT32_MIN && uid_value < UINT32_MAX ? (uid_t)uid_value
								     : KMSG_UID_ABSENT;
	copy_name(open->comm, sizeof(open->comm), task);
	copy_name(open->victim_cgroup, sizeof(open->victim_cgroup), victim);
	copy_name(open->limit_owner, sizeof(open->limit_owner), owner);
}

/* "/a/b killed as a result of limit of /a", before 5.0 */
static void parse_old_header(struct kmsg_parser *parser, struct span s)
{
	struct span victim, owner;

	if (!split_paths(s, " killed as a result of limit of ", false, &owner, &victim))
		return;
	parser->has_header = true;
	parser->open.memcg = true;
	copy_name(parser->open.victim_cgroup, sizeof(parser->open.victim_cgroup), victim);
	copy_name(parser->open.limit_owner, sizeof(parser->open.limit_owner), owner);
}

/* --- the list of tasks ---------------------------------------------------------------------- */

/* "  pid  ]   uid  tgid total_vm      rss ... name": counts the columns between pid and name. */
static bool parse_task_columns(struct kmsg_parser *parser, struct span s)
{
	unsigned int columns = COLUMNS_MIN - 1;

	if ((!span_skip(&s, "  pid  ]") && !span_skip(&s, " pid ]")) ||
	    !span_skip(&s, "   uid  tgid total_vm      rss ") ||
	    !span_skip_back(&s, " swapents oom_score_adj name"))
		return false;
	for (size_t i = 0; i < s.length; i++)
		columns += s.at[i] != ' ' && (i == 0 || s.at[i - 1] == ' ');
	parser->task_columns = columns;
	return true;
}

/* Removes one column, a number; a minus sign is skipped. */
static bool take_column(struct span *s, uint64_t *ret)
{
	if (!span_skip_spaces(s))
		return false;
	(void)span_skip(s, "-");
	return span_take_number(s, ret);
}

/* "      7]     0     7    12363     5532      93        0             0 hog" */
static void parse_task(struct kmsg_parser *parser, struct span s)
{
	struct oom_process process = { 0 };
	uint64_t values[4] = { 0 }, value;

	if (parser->task_columns < COLUMNS_MIN)
		return;
	(void)span_skip_spaces(&s);
	if (!take_pid(&s, &process.pid) || !span_skip(&s, "]"))
		return;
	for (unsigned int i = 0; i < parser->task_columns; i++) {
		if (!take_column(&s, &value))
			return;
		if (i < ARRAY_SIZE(values))
			values[i] = value;
	}
	if (!span_skip(&s, " ") || !is_comm(s) || values[3] > UINT64_MAX >> 16)
		return;
	process.uid = values[0] < UINT32_MAX ? (uid_t)values[0] : KMSG_UID_ABSENT;
	process.resident = values[3] * (uint64_t)sysconf(_SC_PAGESIZE);
	copy_name(process.command, sizeof(process.command), s);
	oom_processes_add(&parser->open.processes, &process);
}

/* --- kills ----------------------------------------------------------------------------------- */

/*
 * "4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB", and since 5.5
 * ", UID:0 pgtables:4kB oom_score_adj:0", of which some kernels print only a part.
 */
static bool parse_sizes(struct span s, uid_t *ret_uid)
{
	uint64_t value, uid = UINT64_MAX;

	if (!span_take_number(&s, &value) || !span_skip(&s, "kB, anon-rss:") ||
	    !span_take_number(&s, &value) || !span_skip(&s, "kB, file-rss:") ||
	    !span_take_number(&s, &value) || !span_skip(&s, "kB, shmem-rss:") ||
	    !span_take_number(&s, &value) || !span_skip(&s, "kB"))
		return false;
	if (span_skip(&s, ", UID:") && !span_take_number(&s, &uid))
		return false;
	if (span_skip(&s, " pgtables:")) {
		if (!span_take_number(&s, &value))
			return false;
		(void)span_skip(&s, "kB");
	}
	if (span_skip(&s, " oom_score_adj:")) {
		if (!is_signed(s))
			return false;
		s.length = 0;
	}
	*ret_uid = uid < UINT32_MAX ? (uid_t)uid : KMSG_UID_ABSENT;
	return s.length == 0;
}

/* "7 (hog) total-vm:49452kB, ..." */
static bool parse_kill(struct kmsg_parser *parser, struct span s, uint64_t when, bool memcg,
		       struct kmsg_oom *ret)
{
	uid_t uid;
	pid_t pid;
	struct span sizes;

	if (!take_pid(&s, &pid) || !span_skip(&s, " (") ||
	    !span_split_last(s, ") total-vm:", &s, &sizes) || !is_comm(s) ||
	    !parse_sizes(sizes, &uid))
		return false;
	if (!parser->has_header && parser->has_group &&
	    when < parser->group_since + GROUP_KILL_USEC) {
		/* The first victim is a member of the cgroup, so the kernel reports it again. */
		if (pid == parser->group_first)
			return false;
		parser->open = parser->last;
		parser->open.uid = KMSG_UID_ABSENT;
	}
	parser->open.memcg |= memcg;
	parser->open.pid = pid;
	copy_name(parser->open.comm, sizeof(parser->open.comm), s);
	if (uid != KMSG_UID_ABSENT)
		parser->open.uid = uid;
	*ret = parser->last = parser->open;
	start_over(parser);
	return true;
}

/* "/rssd/a are going to be killed due to memory.oom.group set": more kills follow. */
static void parse_group(struct kmsg_parser *parser, struct span s, uint64_t when)
{
	struct kmsg_oom *last = &parser->last;
	char group[sizeof(last->victim_cgroup)];
	size_t length;

	if (!span_skip_back(&s, " are going to be killed due to memory.oom.group set") ||
	    !is_path(s))
		return;
	copy_name(group, sizeof(group), s);
	length = strlen(group);
	/* Ignore a cgroup that the first victim is not in. */
	if (*last->victim_cgroup && (strncmp(group, last->victim_cgroup, length) != 0 ||
				     !strchr("/", last->victim_cgroup[length])))
		return;
	parser->has_group = true;
	parser->group_since = when;
	parser->group_first = last->pid;
	memcpy(last->victim_cgroup, group, sizeof(group));
}

/* --- a line ---------------------------------------------------------------------------------- */

static bool parse_text(struct kmsg_parser *parser, struct span s, uint64_t when,
		       struct kmsg_oom *ret)
{
	bool memcg;

	if (is_start(s)) {
		start_over(parser);
		parser->has_group = false;
	} else if (is_end_without_kill(s)) {
		start_over(parser);
	} else if (span_skip(&s, "oom-kill:constraint=CONSTRAINT_")) {
		parse_header(parser, s);
	} else if (span_skip(&s, "memory: usage ")) {
		parse_usage(parser, s);
	} else if (span_skip(&s, "[")) {
		if (!parse_task_columns(parser, s))
			parse_task(parser, s);
	} else if (span_skip(&s, "Task in ")) {
		parse_old_header(parser, s);
	} else if (span_skip(&s, "Tasks in ")) {
		parse_group(parser, s, when);
	} else {
		skip_message(&s, &memcg);
		if (span_skip(&s, "Killed process "))
			return parse_kill(parser, s, when, memcg, ret);
	}
	return false;
}

bool kmsg_parse_line(struct kmsg_parser *parser, const char *line, struct kmsg_oom *ret)
{
	/* Lines after the first are the device's key=value fields. */
	struct span all = span_of(line, strchrnul(line, '\n')), s;
	const char *text = memchr(all.at, ';', all.length);
	uint64_t priority, sequence, when = 0;

	if (!text)
		return false;
	s = span_of(line, text);
	/* Facility 0 is the kernel; lines that user space writes have another one. */
	if (!span_take_number(&s, &priority) || priority > 7 || !span_skip(&s, ",") ||
	    !span_take_number(&s, &sequence) || !span_skip(&s, ",") || !span_take_number(&s, &when))
		return false;
	if (!parser->begun)
		start_over(parser);
	return parse_text(parser, span_of(text + 1, all.at + all.length), when, ret);
}
