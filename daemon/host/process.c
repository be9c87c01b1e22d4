/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads processes from /proc and through pidfds: see process.h. */
#include "host/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/file.h"
#include "shared/array.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* From the kernel's include/linux/sched.h: flags in /proc/PID/stat. */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

static int read_proc(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* Positions of the fields in /proc/PID/stat, numbered as in proc(5). */
enum {
	STAT_PARENT = 4,
	STAT_GROUP = 5,
	STAT_SESSION = 6,
	STAT_FLAGS = 9,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_RSS = 24
};

/* Reads @count numbers separated by blanks. Cast a field that may be negative to int64_t. */
static int read_numbers(const char *text, size_t count, uint64_t ret[])
{
	for (size_t i = 0; i < count; i++) {
		char *end;

		ret[i] = strtoull(text, &end, 10);
		if (end == text)
			return -EBADMSG;
		text = end;
	}
	return 0;
}

int process_parse_stat(const char *text, struct process *ret)
{
	/* The command may contain spaces and parentheses: it ends at the last parenthesis. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	struct process p = { 0 };
	uint64_t fields[STAT_RSS + 1];
	size_t length;

	if (!open || !close || close < open || read_numbers(text, 1, fields) < 0 ||
	    close[1] != ' ' || !isalpha((unsigned char)close[2]) ||
	    read_numbers(close + 3, STAT_RSS - STAT_PARENT + 1, fields + STAT_PARENT) < 0)
		return -EBADMSG;
	p.pid = (pid_t)fields[0];
	p.state = close[2];
	p.parent = (pid_t)fields[STAT_PARENT];
	p.group = (pid_t)fields[STAT_GROUP];
	p.session = (pid_t)fields[STAT_SESSION];
	/* An ended main thread stays a zombie until the other threads have ended. */
	p.ended = p.state == 'X' || (p.state == 'Z' && fields[STAT_THREADS] <= 1);
	p.exiting = fields[STAT_FLAGS] & PF_EXITING;
	p.kernel_thread = fields[STAT_FLAGS] & PF_KTHREAD;
	p.start = fields[STAT_START];
	if ((int64_t)fields[STAT_RSS] > 0)
		p.resident = fields[STAT_RSS] * (uint64_t)sysconf(_SC_PAGESIZE);
	length = (size_t)(close - open - 1);
	if (length >= sizeof(p.command))
		length = sizeof(p.command) - 1;
	memcpy(p.command, open + 1, length);
	/* A process can set any bytes as its name; D-Bus accepts only UTF-8. */
	text_make_safe(p.command);
	*ret = p;
	return 0;
}

int process_read(pid_t pid, struct process *ret)
{
	char text[1024];
	int r = read_proc(pid, "stat", text, sizeof(text));

	return r < 0 ? r : process_parse_stat(text, ret);
}

int process_find_thread(pid_t pid, bool (*matches)(const struct process *thread), pid_t *ret)
{
	cleanup_(closedir_ptr) DIR *dir = NULL;
	struct dirent *entry;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		struct process thread;

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    process_read((pid_t)atol(entry->d_name), &thread) == 0 && matches(&thread)) {
			*ret = thread.pid;
			return 0;
		}
	}
	return errno ? -errno : -ESRCH;
}

static bool is_alive(const struct process *thread)
{
	return thread->state != 'Z' && thread->state != 'X';
}

int process_read_cgroups(pid_t pid, char **ret)
{
	struct process p;
	int r = process_read(pid, &p);

	return r < 0 ? r : process_read_cgroups_of(&p, ret);
}

int process_read_cgroups_of(const struct process *p, char **ret)
{
	pid_t pid = p->pid;
	char path[32];
	int r = 0;

	/* For an ended thread the kernel shows "/", or the cgroup it had when it ended. */
	if (p->state == 'Z' && !p->ended)
		r = process_find_thread(pid, is_alive, &pid);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	r = read_file_at(AT_FDCWD, path, FILE_OWN_MAX, ret, NULL);
	return r == -ENOENT ? -ESRCH : r;
}

/* Reads the real, effective and saved uid. */
static int read_uids(pid_t pid, uid_t ret[3])
{
	char text[4096];
	const char *line;
	unsigned int uids[3];
	int r = read_proc(pid, "status", text, sizeof(text));

	if (r < 0)
		return r;
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %u %u %u", &uids[0], &uids[1], &uids[2]) != 3)
		return -ESRCH;
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		ret[i] = uids[i];
	return 0;
}

int process_read_uid(pid_t pid, uid_t *ret)
{
	uid_t uids[3];
	int r = read_uids(pid, uids);

	if (r == 0)
		*ret = uids[0];
	return r;
}

int process_read_owner(pid_t pid, uid_t *ret)
{
	uid_t uids[3];
	int r = read_uids(pid, uids);

	if (r == 0)
		*ret = uids[0] == uids[1] && uids[0] == uids[2] ? uids[0] : 0;
	return r;
}

int process_read_executable(pid_t pid, char **ret)
{
	static const char deleted[] = " (deleted)";
	char path[64], text[PATH_MAX + sizeof(deleted)];
	size_t tail = sizeof(deleted) - 1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	text[n] = '\0';
	if ((size_t)n > tail && strcmp(text + n - tail, deleted) == 0)
		text[(size_t)n - tail] = '\0';
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int process_read_oom_score_adj(pid_t pid, int *ret)
{
	char text[32];
	int r = read_proc(pid, "oom_score_adj", text, sizeof(text));

	if (r < 0)
		return r;
	*ret = atoi(text);
	return 0;
}

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int process_pid_of(int pidfd, pid_t *ret)
{
	char path[64], text[1024];
	const char *line;
	cleanup_close int fd = -1;
	ssize_t n;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -EBADF;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	line = strstr(text, "\nPid:");
	if (!line || sscanf(line, "\nPid: %d", &pid) != 1)
		return -EBADF;
	/* -1: the process was reaped; 0: it has no pid in this pid namespace */
	if (pid <= 0)
		return -ESRCH;
	*ret = pid;
	return 0;
}

bool process_ended(int pidfd, int msec)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, msec) > 0;
}

int process_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int process_compare(const void *a, const void *b)
{
	const struct process *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

int process_list(struct process **ret, size_t *ret_count)
{
	cleanup_(closedir_ptr) DIR *dir = opendir("/proc");
	cleanup_free struct process *list = NULL;
	size_t count = 0, allocated = 0;
	struct dirent *entry;

	if (!dir)
		return -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		struct process p;
		int r;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = process_read((pid_t)atol(entry->d_name), &p);
		/* Without a process that cannot be read now, the list would be incomplete. */
		if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EIO || r == -EINTR)
			return r;
		if (r < 0)
			continue;
		if (array_reserve(&list, count, &allocated, sizeof(*list)) < 0)
			return -ENOMEM;
		list[count++] = p;
	}
	if (errno)
		return -errno;
	if (count)
		qsort(list, count, sizeof(*list), process_compare);
	*ret = take_ptr(list);
	*ret_count = count;
	return 0;
}
