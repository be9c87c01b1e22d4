/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State on disk: no partial writes, no deleted files, one owner. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/failure.h"
#include "cgroup/controller.h"
#include "fault.h"
#include "policy/record.h"
#include "shared/file.h"
#include "store/durable-file.h"
#include "store/state.h"
#include "store/transaction-log.h"
#include "unit.h"

struct found {
	char names[512];
	uint64_t limit; /* of the last */
	unsigned int aside;
	bool keep; /* the marks of creations */
};

static int on_found(struct record **record, void *userdata)
{
	struct found *found = userdata;
	size_t at = strlen(found->names);

	snprintf(found->names + at, sizeof(found->names) - at, "%s ", (*record)->name);
	found->limit = (*record)->settings.limit;
	return 0;
}

static void on_aside(const char *name, const char *reason, void *userdata)
{
	((struct found *)userdata)->aside++;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static char *make_directory(void)
{
	char path[] = "/tmp/rssd-unit.XXXXXX";

	return mkdtemp(path) ? strdup(path) : NULL;
}

static void remove_directory(char **path)
{
	if (*path)
		nftw(*path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(*path);
}

static int save(struct state *state, const char *name, uint64_t limit, struct state_write **ret)
{
	struct record record = { .name = (char *)name, .settings = settings_default() };

	record.settings.limit = limit;
	return state_prepare(state, &record, ret);
}

static int save_in_place(struct state *state, const char *name, uint64_t limit)
{
	struct state_write *write;
	int r = save(state, name, limit, &write);

	return r < 0 ? r : state_commit(write);
}

static int open_state(const char *directory, struct state **ret, struct failure *failure)
{
	cleanup_free char *runtime = NULL;

	if (asprintf(&runtime, "%s/run", directory) < 0)
		return -ENOMEM;
	return state_open(directory, runtime, ret, failure);
}

static int write_file(const char *directory, const char *file, const char *text)
{
	cleanup_free char *path = NULL;
	cleanup_fclose FILE *f = NULL;

	if (asprintf(&path, "%s/containers/%s", directory, file) < 0)
		return -ENOMEM;
	f = fopen(path, "w");
	return f && fputs(text, f) >= 0 ? 0 : -errno;
}

static bool exists(const char *directory, const char *file)
{
	cleanup_free char *path = NULL;

	return asprintf(&path, "%s/containers/%s", directory, file) > 0 && access(path, F_OK) == 0;
}

TEST(committed_is_found_and_aborted_is_not)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };
	struct state_write *write;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	CHECK_INT(save(state, "web", 8192, &write), 0);
	CHECK(!state_abort(write));
	CHECK_INT(save_in_place(state, "web/a", 12288), 0);
	CHECK_INT(state_forget(state, "web/a"), 1);
	CHECK_INT(state_sync(state), 0);
	CHECK_INT(state_forget(state, "web/a"), 0);
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "web ");
	CHECK_UINT(found.limit, 4096);
	CHECK_UINT(found.aside, 0);
}

/* A kill between prepare and commit leaves the old file, and a temporary one that is removed. */
TEST(a_crash_leaves_the_old_file)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	CHECK_INT(write_file(directory, ".new-web.json", "{ \"name\": \"we"), 0);
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_UINT(found.limit, 4096);
	CHECK(!exists(directory, ".new-web.json"));
}

TEST(bad_files_are_set_aside_and_others_load)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "good", 4096), 0);
	CHECK_INT(write_file(directory, "bad.json", "{ \"name\": \"bad\", "), 0);
	CHECK_INT(write_file(directory, "bad.json.bad", "older"), 0);
	CHECK_INT(write_file(directory, "liar.json", "{ \"name\": \"other\" }"), 0);
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "good ");
	CHECK_UINT(found.aside, 2);
	CHECK(!exists(directory, "bad.json") && !exists(directory, "liar.json"));
	CHECK(exists(directory, "bad.json.bad") && exists(directory, "bad.json.bad.1"));
	CHECK(exists(directory, "liar.json.bad"));
}

/* A link to a device that never ends, one to nothing, a pipe and a directory. */
TEST(what_is_no_file_is_set_aside)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };
	cleanup_close int files = -1;
	char path[PATH_MAX];

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "good", 4096), 0);
	(void)snprintf(path, sizeof(path), "%s/containers", directory);
	files = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(symlinkat("/dev/zero", files, "zero.json"), 0);
	CHECK_INT(symlinkat("nowhere", files, "link.json"), 0);
	CHECK_INT(mkfifoat(files, "pipe.json", 0600), 0);
	CHECK_INT(mkdirat(files, "directory.json", 0700), 0);
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "good ");
	CHECK_UINT(found.aside, 4);
	CHECK(!exists(directory, "zero.json") && !exists(directory, "pipe.json"));
	CHECK(exists(directory, "zero.json.bad") && exists(directory, "pipe.json.bad"));
}

/* Opens the state in a process of its own, which leaves its files open; returns its exit status. */
static int open_in_child(const char *directory, const char *message)
{
	struct state *state = NULL;
	struct failure failure = { 0 };
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int r = open_state(directory, &state, &failure);

		_exit(message ? r == 0 || !strstr(failure.text, message) : r < 0);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(one_owner_at_a_time)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	int pipe_fds[2], status;
	pid_t child;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(open_in_child(directory, "Another rssd"), 0);
	/* A child that rssd has forked holds its files, not the lock. */
	CHECK_INT(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0) {
		char end;

		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &end, 1) != 0);
	}
	state = state_free(state);
	CHECK_INT(open_in_child(directory, NULL), 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

TEST(a_full_disk_is_an_error_before_any_change)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct state_write *write = NULL;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	/* A directory of that name: the temporary file cannot be written, as on a full disk. */
	cleanup_free char *path = NULL;

	CHECK(asprintf(&path, "%s/containers/.new-web.json", directory) > 0);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK(save(state, "web", 4096, &write) < 0);
	CHECK(!write && !exists(directory, "web.json"));
}

TEST(sequence_starts_at_one_and_is_kept)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	uint64_t sequence = 0;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(state_read_sequence(state, &sequence), 0);
	CHECK_UINT(sequence, 1);
	CHECK_INT(state_write_sequence(state, UINT64_MAX - 1), 0);
	CHECK_INT(state_read_sequence(state, &sequence), 0);
	CHECK_UINT(sequence, UINT64_MAX - 1);
}

/* A transient container is in the directory that a boot empties, and its earlier file is removed. */
TEST(transient_is_kept_apart)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct record record = { .name = (char *)"job", .transient = true };
	struct failure failure = { 0 };
	struct found found = { 0 };
	struct state_write *write;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	record.settings.limit = 4096;
	CHECK_INT(state_prepare(state, &record, &write), 0);
	CHECK_INT(state_commit(write), 0);
	CHECK(!exists(directory, "job.json") && exists(directory, "../run/transient/job.json"));
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "job ");

	CHECK_INT(save_in_place(state, "job", 8192), 0);
	CHECK(exists(directory, "job.json") && !exists(directory, "../run/transient/job.json"));
	CHECK_INT(state_prepare(state, &record, &write), 0);
	CHECK_INT(state_commit(write), 0);
	CHECK(!exists(directory, "job.json") && exists(directory, "../run/transient/job.json"));
	/* After a kill in between, the file on disk counts. */
	CHECK_INT(write_file(directory, "job.json", "{ \"version\": 1, \"name\": \"job\" }"), 0);
	memset(&found, 0, sizeof(found));
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "job ");
	CHECK(!exists(directory, "../run/transient/job.json"));
	CHECK_INT(state_forget(state, "job"), 1);
}

/* Its containers would be taken over with the limits that the kernel has. */
TEST(transient_that_cannot_be_opened_now_fails_the_start)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct rlimit before, few;
	int free_fd, r;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	state = state_free(state);
	free_fd = dup(STDIN_FILENO);
	CHECK(free_fd >= 0 && close(free_fd) == 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
	/* Enough for the state directory, its containers and the lock. */
	few = (struct rlimit){ .rlim_cur = (rlim_t)free_fd + 3, .rlim_max = before.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = open_state(directory, &state, &failure);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK(r < 0);
	CHECK(strstr(failure.text, "run/transient"));
	CHECK_INT(open_state(directory, &state, &failure), 0);
}

/* The limit of the one container that a fresh start finds, or 0. */
static uint64_t limit_after_restart(struct state *state)
{
	struct found found = { 0 };
	struct failure failure = { 0 };

	return state_load(state, on_found, on_aside, &found, &failure) == 0 ? found.limit : 0;
}

TEST(a_failed_commit_changes_nothing)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct state_write *write;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	/* A new container: no file is left. */
	CHECK_INT(save(state, "web", 4096, &write), 0);
	fault_fsync = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(state_commit(write), -EIO);
	CHECK(!exists(directory, "web.json"));
	/* A container with a file: the file is unchanged. */
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	CHECK_INT(save(state, "web", 8192, &write), 0);
	fault_fsync = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(state_commit(write), -EIO);
	CHECK_INT(limit_after_restart(state), 4096);
	/* If not even the old file can be synced, the content of the disk is unknown. */
	CHECK_INT(save(state, "web", 8192, &write), 0);
	fault_fsync = (struct fault){ .count = 9, .error = EIO };
	CHECK_INT(state_commit(write), DURABLE_UNKNOWN);
	fault_fsync.count = 0;
	/* Without a descriptor for a rollback the commit does not begin. */
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	CHECK_INT(save(state, "web", 8192, &write), 0);
	fault_openat = (struct fault){ .count = 1, .error = EMFILE, .path = "web.json" };
	CHECK_INT(state_commit(write), -EMFILE);
	CHECK_INT(limit_after_restart(state), 4096);
	CHECK(!exists(directory, ".new-web.json"));
}

TEST(an_unreadable_file_is_kept)
{
	static const int errors[] = { EMFILE, ENFILE, EIO, ENOMEM };
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct found found = { 0 };

		failure.text[0] = '\0';
		fault_openat = (struct fault){ .count = 1, .error = errors[i], .path = "web.json" };
		CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), -errors[i]);
		CHECK_INT(found.aside, 0);
		CHECK(strstr(failure.text, "web.json"));
		CHECK(exists(directory, "web.json") && !exists(directory, "web.json.bad"));
	}
	CHECK_INT(limit_after_restart(state), 4096);
}

static bool on_creation(const char *name, void *userdata)
{
	struct found *found = userdata;
	size_t at = strlen(found->names);

	snprintf(found->names + at, sizeof(found->names) - at, "%s ", name);
	return !found->keep;
}

/* A listing that breaks off is no shorter state: containers would be forgotten. */
TEST(a_listing_that_fails_is_an_error)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(save_in_place(state, "web", 4096), 0);
	for (unsigned int after = 0; after < 3; after++) {
		failure.text[0] = '\0';
		fault_readdir = (struct fault){ .after = after, .count = 1, .error = EIO };
		CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), -EIO);
		CHECK(failure.text[0]);
	}
	fault_readdir = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(state_each_creation(state, on_creation, &found), -EIO);
	CHECK_INT(limit_after_restart(state), 4096);
}

TEST(a_transaction_log_ends)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	cleanup_(transaction_log_free_ptr) struct transaction_log *log = transaction_log_new(
									  TRANSACTION_REDO),
								  *read = NULL;
	cleanup_free char *kept = NULL;
	struct settings settings = settings_default();
	struct failure failure = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(transaction_log_add(log, "web", &settings, &settings), 0);
	/* Not readable now is not malformed. */
	CHECK_INT(transaction_log_write(state, log), 0);
	fault_openat = (struct fault){ .count = 1, .error = EMFILE, .path = "transaction.json" };
	CHECK_INT(transaction_log_read(state, &read, &failure), -EMFILE);
	CHECK(exists(directory, "../transaction.json"));
	/* If it cannot be removed, it says that it is done. */
	fault_unlinkat = (struct fault){ .count = 1, .error = EIO };
	CHECK_INT(transaction_log_end(state, log), 0);
	CHECK_INT(transaction_log_read(state, &read, &failure), 0);
	CHECK_INT(read->phase, TRANSACTION_DONE);
	/* If neither works, it fails. */
	log->phase = TRANSACTION_REDO;
	fault_unlinkat = (struct fault){ .count = 1, .error = EIO };
	fault_fsync = (struct fault){ .count = 9, .error = EIO };
	CHECK_INT(transaction_log_end(state, log), -EIO);
	CHECK_INT(log->phase, TRANSACTION_REDO);
	fault_fsync.count = 0;
	CHECK_INT(transaction_log_end(state, log), 0);
	CHECK(!exists(directory, "../transaction.json"));
	/* A malformed one is kept. */
	CHECK_INT(state_write_text(state, "transaction.json", "{"), 0);
	read = transaction_log_free(read);
	CHECK_INT(transaction_log_read(state, &read, &failure), -EBADMSG);
	CHECK_INT(transaction_log_set_aside(state, &kept), 0);
	CHECK_STR(kept, "transaction.json.bad");
}

TEST(creations_are_marked)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct failure failure = { 0 };
	struct found found = { 0 };

	CHECK_INT(open_state(directory, &state, &failure), 0);
	CHECK_INT(state_begin_creation(state, "web/one"), 0);
	CHECK_INT(state_begin_creation(state, "db"), 0);
	state_end_creation(state, "db");
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "");
	for (int i = 0; i < 2; i++) {
		found.names[0] = '\0';
		found.keep = i == 0;
		CHECK_INT(state_each_creation(state, on_creation, &found), 0);
		CHECK_STR(found.names, "web/one ");
	}
	found.names[0] = '\0';
	CHECK_INT(state_each_creation(state, on_creation, &found), 0);
	CHECK_STR(found.names, "");
}

/* Until its file is in place, a kill leaves the mark, with which the next start undoes the creation. */
TEST(the_mark_of_a_transient_container_becomes_its_file)
{
	cleanup_(remove_directory) char *directory = make_directory();
	cleanup_(state_free_ptr) struct state *state = NULL;
	struct record record = { .name = (char *)"job", .transient = true };
	struct failure failure = { 0 };
	struct found found = { 0 };
	struct state_write *write;

	CHECK_INT(open_state(directory, &state, &failure), 0);
	record.settings.limit = 4096;
	for (int committed = 0; committed < 2; committed++) {
		CHECK_INT(state_begin_creation(state, "job"), 0);
		CHECK_INT(state_prepare_new(state, &record, &write), 0);
		CHECK(!exists(directory, "../run/transient/job.json"));
		if (committed) {
			CHECK_INT(state_commit(write), 0);
		} else {
			state_abort(write);
			CHECK(exists(directory, "../run/transient/.creating-job.json"));
		}
	}
	CHECK(!exists(directory, "../run/transient/.creating-job.json"));
	CHECK_INT(state_load(state, on_found, on_aside, &found, &failure), 0);
	CHECK_STR(found.names, "job ");
}

TEST_MAIN({ "state: a committed file is found, an aborted one is not",
	    committed_is_found_and_aborted_is_not },
	  { "state: a crash leaves the old file", a_crash_leaves_the_old_file },
	  { "state: malformed files are set aside", bad_files_are_set_aside_and_others_load },
	  { "what is no file is set aside", what_is_no_file_is_set_aside },
	  { "state: a failed commit changes nothing", a_failed_commit_changes_nothing },
	  { "state: an unreadable file is kept", an_unreadable_file_is_kept },
	  { "state: a listing that fails is an error", a_listing_that_fails_is_an_error },
	  { "state: a finished transaction log is removed or marked", a_transaction_log_ends },
	  { "state: creations are marked", creations_are_marked },
	  { "state: the mark of a transient container becomes its file",
	    the_mark_of_a_transient_container_becomes_its_file },
	  { "state: one owner at a time", one_owner_at_a_time },
	  { "state: a full disk is reported before the change",
	    a_full_disk_is_an_error_before_any_change },
	  { "state: transient containers have their own directory", transient_is_kept_apart },
	  { "state: transient that cannot be opened now fails the start",
	    transient_that_cannot_be_opened_now_fails_the_start },
	  { "state: the event number is kept", sequence_starts_at_one_and_is_kept })
