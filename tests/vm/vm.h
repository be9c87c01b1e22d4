/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test program that is PID 1 of the virtual machine.
 *
 * A case is a function that runs in a process of its own: it returns when all
 * is well, and leaves by fail() or skip() otherwise.  What it started, made or
 * mounted is taken down by init.c afterwards, which then demands that nothing
 * is left charged.
 */
#ifndef VM_H
#define VM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "text.h"

#define PAGE	4096UL
#define HUGE	(2UL << 20)
#define MB	(1UL << 20)
/* A disk that writes so many bytes a second, see run.sh. */
#define SLOW_DISK	"/dev/vdc"
#define SLOW_DISK_RATE	16384
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* Which hierarchy the controller is in, and which LRU ages the pages. */
struct world {
	const char *name;
	bool v2;
	bool lru_gen;
};
extern struct world world;

enum { ONCE = 1, WITHOUT_RSS = 2, ON_REQUEST = 4, LEAVES_CHARGES = 8 };

struct vm_case {
	const char *name;
	void (*run)(void);
	unsigned int seconds;	/* until it counts as hung; 0: the default */
	unsigned int (*more)(void);	/* seconds to add to that, if not NULL */
	unsigned int flags;
};

extern const struct vm_case charge_cases[], owner_cases[], file_cases[],
	reclaim_cases[], background_cases[], oom_cases[], event_cases[],
	race_cases[], input_cases[], fault_cases[], stress_cases[],
	trace_cases[], log_cases[], mm_cases[], reserve_cases[],
	large_cases[], lists_cases[], low_cases[];

/* verdict.c: how a case ends */
void verdict_init(void);
void fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)
#define EXPECT(cond, ...) \
	do { if (!(cond)) FAIL(#cond ": " __VA_ARGS__); } while (0)
#define EXPECT_EQ(a, b) \
	do { \
		long a_ = (a), b_ = (b); \
		if (a_ != b_) FAIL(#a " is %ld, not " #b " (%ld)", a_, b_); \
	} while (0)
/* |a - b| <= slack */
#define EXPECT_NEAR(a, b, slack) \
	do { \
		long a_ = (a), b_ = (b), s_ = (slack); \
		if (a_ - b_ > s_ || b_ - a_ > s_) \
			FAIL(#a " is %ld, not within %ld of " #b " (%ld)", \
			     a_, s_, b_); \
	} while (0)
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
double now(void);
/* Polls until cond or until seconds have passed; true if cond came. */
#define UNTIL(seconds, cond) ({ \
	double end_ = now() + (seconds); \
	bool c_; \
	while (!(c_ = (cond)) && now() < end_) \
		pause_ms(10); \
	c_; })
void pause_ms(unsigned int ms);
const char *verdict_why(void);
void verdict_clear(void);

/* box.c: containers */
enum box_file {
	BOX_USAGE, BOX_LIMIT, BOX_WMARK_HIGH, BOX_WMARK_LOW, BOX_LOW, BOX_PEAK, BOX_RECLAIM,
	BOX_EVENTS, BOX_EVENTS_LOCAL, BOX_STAT, BOX_NUMA_STAT, BOX_OOM_GROUP, BOX_FAILCNT, BOX_RECLAIMED,
	BOX_FILES
};
#define BOX_MAX	LONG_MAX
bool world_enter(const char **why);	/* mount; false: why not */
void world_leave(void);
const char *box_root(void);
void box_make(const char *name);
int mkdir_box(const char *name);	/* 0 or -errno */
int box_remove(const char *name);	/* 0 or -errno */
int box_remove_all(void);		/* how many would not go */
const char *box_path(const char *name, const char *file);
const char *box_file(const char *name, enum box_file file);
const char *box_file_name(enum box_file file, bool v2); /* NULL: none */
long box_get(const char *name, enum box_file file);
int box_put(const char *name, enum box_file file, long value);
long box_usage(const char *name);	/* bytes */
long box_pages(const char *name);	/* mapped pages charged, exact */
long box_event(const char *name, const char *key);
long box_event_local(const char *name, const char *key);	/* without descendants */
long box_stat(const char *name, const char *key);
long box_node_pages(const char *name, int node);	/* on the lists of a node */
int box_attach(const char *name, pid_t pid);	/* NULL: out of every box */
int box_attach_thread(const char *name, pid_t tid);	/* v1 only */
long box_slack(int tasks);		/* bytes a limit may be passed by */
long box_slack_huge(int tasks);		/* with huge pages and migration */
long slab_active(const char *cache);	/* -ENOENT: no such cache */
long cgroup_dying(void);

/* actor.c: a process that executes the commands of a case */
typedef long (*actor_fn)(long, long, long, long);
struct actor {
	pid_t pid;
	int to, from;
	bool gone;
	int status;
};
struct actor *actor_new(const char *box);	/* NULL: outside */
void actor_send(struct actor *a, actor_fn fn, long x, long y, long z, long w);
bool actor_reply(struct actor *a, long *ret, int seconds); /* false: gone */
long actor_do_(struct actor *a, actor_fn fn, long x, long y, long z, long w);
#define actor_do(a, fn, ...) ACTOR_DO_(a, fn, ##__VA_ARGS__, 0, 0, 0, 0)
#define ACTOR_DO_(a, fn, x, y, z, w, ...) \
	actor_do_(a, (actor_fn)(fn), (long)(x), (long)(y), (long)(z), (long)(w))
bool actor_gone(struct actor *a, int seconds);	/* died by itself */
enum sharer { SHARER_THREAD, SHARER_CHILD };	/* CLONE_VM without CLONE_THREAD */
pid_t actor_share(struct actor *a, enum sharer as);	/* its tid */
enum leave { LEAVE_THREAD, LEAVE_PROCESS, LEAVE_EXEC };
/* The main thread exits, the process exits or execs; @sharer runs the steps. */
void actor_leave(struct actor *a, enum leave how, pid_t sharer);
void actor_end(struct actor *a);

/* work.c: what actors do; all return -errno on failure */
enum { ANON, SHARED_ANON };
long work_map(long bytes, long kind);		/* -> address */
long work_map_huge(long bytes);			/* aligned, MADV_HUGEPAGE */
long work_map_file(const char *path, long bytes, long shared);
long work_unmap(long addr, long bytes);
long work_write(long addr, long bytes, long seed);	/* a word a page */
long work_check(long addr, long bytes, long seed);	/* pages that differ */
long work_read(long addr, long bytes);
long work_read_for(long addr, long bytes, long ms);	/* again and again */
long work_flush_tlb(long addr, long bytes);	/* pages that were written */
long work_advise(long addr, long bytes, long advice);
long work_lock(long addr, long bytes);
long work_unlock(long addr, long bytes);
long work_resident(long addr, long bytes);	/* pages, by mincore */
long work_present(long addr, long bytes);	/* pages, by pagemap */
long work_bind(long addr, long bytes, long node);
long work_prefer_node(long node);		/* -1: default policy */
long work_move(long addr, long bytes, long node);
long work_move_all(long addr, long bytes, long node);	/* shared ones, too */
long work_node_of(long addr);
long work_on_node(long addr, long bytes, long node);	/* pages that are there */
long work_run_on(long cpu);	/* and nowhere else */
long work_fork(void);		/* a child that sleeps; its pid */
long work_kill(long pid);	/* and reap */
long work_write_file(const char *path, long bytes);
long work_read_file(const char *path);
/* Its fsync() writes all of a device, so what shall wait is written afterwards. */
long work_keep_disk_busy(const char *path, long bytes);
long work_start_writeback(const char *path, long bytes);
long work_map_hugetlb(long bytes);
long work_map_device(const char *path, long offset, long bytes);
long work_userfault(long addr, long bytes);	/* -> userfaultfd */
long work_swapon(const char *dev);
long work_swapoff(const char *dev);

#endif
