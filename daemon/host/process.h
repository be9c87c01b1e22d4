/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc tells of a process, and the pidfd that names it without a race.
 * A pid alone may be somebody else by now; pid and start time together never are.
 */
#ifndef RSSD_PROCESS_H
#define RSSD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	pid_t parent;
	pid_t group;   /* the process group, and the session: pids of an ancestor or its own, */
	pid_t session; /* which are not reused as long as one of the group or session lives */
	uid_t uid;     /* real */
	char state;    /* of its main thread, as in /proc/PID/stat: R S D T Z X... */
	bool ended;    /* no thread lives; the main thread may be a zombie while others live */
	bool kernel_thread;
	uint64_t start;	   /* clock ticks since boot */
	uint64_t resident; /* bytes */
	char command[64];  /* UTF-8 without control characters */
};

/* Everything but the uid: 0, or -ESRCH. */
int process_read(pid_t pid, struct process *ret);

/* The uid: 0, or -ESRCH. */
int process_read_uid(pid_t pid, uid_t *ret);

/*
 * Whose process it is to move about: the uid that is its real, effective and
 * saved one, or root's where they differ, as in a setuid program.
 */
int process_read_owner(pid_t pid, uid_t *ret);

/*
 * The path of the program that it runs, to be freed; without the kernel's
 * " (deleted)" where the file was replaced. -ESRCH, -EACCES.
 */
int process_read_executable(pid_t pid, char **ret);

/* The text of /proc/PID/cgroup, of a thread that lives; to be freed. 0, or -ESRCH. */
int process_read_cgroups(pid_t pid, char **ret);

/* oom_score_adj: 0, or -ESRCH. */
int process_read_oom_score_adj(pid_t pid, int *ret);

/* Reads the text of a /proc/PID/stat: pure. -EBADMSG where it is none. */
int process_parse_stat(const char *text, struct process *ret);

/* pidfd_open(2): a new descriptor, -ESRCH, or -EINVAL for a thread that leads no group. */
int process_open(pid_t pid);

/* The pid of a pidfd: -ESRCH if it has been waited for, -EBADF if it is no pidfd. */
int process_pid_of(int pidfd, pid_t *ret);

/* Returns true if no thread of it lives. Waits up to @msec milliseconds for that. */
bool process_ended(int pidfd, int msec);

/* pidfd_send_signal(2): 0 or a negative errno. */
int process_signal(int pidfd, int signal);

/* All processes of the machine, once: *ret to be freed, sorted by pid; uid is not filled. */
int process_list(struct process **ret, size_t *ret_count);

#endif
