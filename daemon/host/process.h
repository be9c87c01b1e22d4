/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a process from /proc, and opens a pidfd, which refers to it without a race.
 * A pid can be reused by another process; a pid and a start time together cannot.
 */
#ifndef RSSD_PROCESS_H
#define RSSD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	pid_t parent;
	pid_t group;   /* process group and session: its own pid or that of an ancestor; not */
	pid_t session; /* reused while the group or session has a process */
	uid_t uid;     /* real */
	char state;    /* of the main thread, as in /proc/PID/stat: R S D T Z X... */
	bool ended;    /* all threads have ended; the main thread alone may be a zombie earlier */
	bool exiting;  /* the exit of the main thread has begun, and may be over */
	bool kernel_thread;
	uint64_t start;	   /* clock ticks since boot */
	uint64_t resident; /* bytes */
	char command[64];  /* UTF-8 without control characters */
};

/* Reads everything except the uid. Return: 0, or -ESRCH. */
int process_read(pid_t pid, struct process *ret);

/* Reads the real uid. Return: 0, or -ESRCH. */
int process_read_uid(pid_t pid, uid_t *ret);

/*
 * Reads the uid that may move the process: its real, effective and saved uid if
 * they are equal, or else 0 (root), as for a setuid program.
 */
int process_read_owner(pid_t pid, uid_t *ret);

/*
 * Reads the path of the program, to be freed, without the " (deleted)" that the
 * kernel appends if the file was replaced. Return: 0, -ESRCH, -EACCES.
 */
int process_read_executable(pid_t pid, char **ret);

/* Finds a thread of a process: its tid in *ret. Return: 0, -ESRCH, or another negative errno. */
int process_find_thread(pid_t pid, bool (*matches)(const struct process *thread), pid_t *ret);

/* Reads /proc/PID/cgroup of a thread that has not ended; to be freed. Return: 0, or -ESRCH. */
int process_read_cgroups(pid_t pid, char **ret);
/* The same for a process that was just read. */
int process_read_cgroups_of(const struct process *process, char **ret);

/* Reads oom_score_adj. Return: 0, or -ESRCH. */
int process_read_oom_score_adj(pid_t pid, int *ret);

/* Parses the text of /proc/PID/stat. Pure. Return: 0, or -EBADMSG. */
int process_parse_stat(const char *text, struct process *ret);

/* pidfd_open(2): a new descriptor, -ESRCH, or -EINVAL for a thread that is not a group leader. */
int process_open(pid_t pid);

/* Finds the pid of a pidfd: -ESRCH if the process was reaped, -EBADF if it is no pidfd. */
int process_pid_of(int pidfd, pid_t *ret);

/* Waits up to @msec milliseconds. Returns true if all threads of the process have ended. */
bool process_ended(int pidfd, int msec);

/* pidfd_send_signal(2): 0 or a negative errno. */
int process_signal(int pidfd, int signal);

/* Lists all processes of the machine: *ret is to be freed, sorted by pid, without uids. */
int process_list(struct process **ret, size_t *ret_count);

#endif
