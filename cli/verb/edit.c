/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl edit: change the file that declares a container. rssd checks the text before it is taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "declaration.h"
#include "editor.h"
#include "librss/rss.h"
#include "shared/file.h"
#include "shared/name.h"
#include "verb.h"
#include "view/status.h"

/* The text that is edited, in a file beside the declaration that rssd does not read. */
struct draft {
	char *path; /* NULL: there is none */
};

static void draft_done(struct draft *draft)
{
	if (draft->path)
		(void)unlink(draft->path);
	free(draft->path);
	draft->path = NULL;
}

static int fail_file(const char *what, const char *path)
{
	return print_error(status_from_errno(-errno), "Cannot %s \"%s\": %s", what, path,
			   strerror(errno));
}

/* As the file that it may replace, or readable by all. */
static int copy_owner(int fd, const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0)
		return errno == ENOENT ? fchmod(fd, 0644) : -1;
	return fchown(fd, file.st_uid, file.st_gid) < 0 ? -1 : fchmod(fd, file.st_mode & 07777);
}

static int write_draft(const struct draft *draft, const char *path, const char *text)
{
	cleanup_close int fd = open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	if (fd < 0)
		return fail_file("create", draft->path);
	if (copy_owner(fd, path) < 0)
		return fail_file("set the owner of", draft->path);
	if (write(fd, text, length) != (ssize_t)length)
		return fail_file("write", draft->path);
	return STATUS_DONE;
}

static int make_draft(const char *path, const char *text, struct draft *ret)
{
	const char *file = strrchr(path, '/') + 1;
	cleanup_(draft_done) struct draft draft = { 0 };
	int status;

	if (asprintf(&draft.path, "%.*s.%s.%d", (int)(file - path), path, file, (int)getpid()) <
	    0) {
		draft.path = NULL;
		return fail_memory();
	}
	status = write_draft(&draft, path, text);
	if (status == STATUS_DONE)
		ret->path = take_ptr(draft.path);
	return status;
}

/* Asks on a terminal whether to go on editing after an error. */
static bool edit_again(void)
{
	int answer, c;

	if (!isatty(STDIN_FILENO))
		return false;
	fputs("Edit again? [Y/n] ", stderr);
	answer = c = getchar();
	while (c != '\n' && c != EOF)
		c = getchar();
	return answer == '\n' || answer == 'y' || answer == 'Y';
}

/* Checks the draft. Returns the status; *ret: its text. */
static int check_draft(struct cli *cli, const struct draft *draft, const char *path,
		       const char *name, char **ret)
{
	cleanup_free char *text = NULL, *declared = NULL;
	int r = read_file_at(AT_FDCWD, draft->path, FILE_FOREIGN_MAX, &text, NULL);

	if (r < 0)
		return print_error(STATUS_FAILED, "Cannot read \"%s\": %s", draft->path,
				   strerror(-r));
	r = rss_check_declaration(cli->client, path, text, &declared);
	if (r < 0)
		return fail_call(cli, r);
	if (strcmp(declared, name))
		return print_error(STATUS_USAGE, "It declares \"%s\", not \"%s\"", declared, name);
	*ret = take_ptr(text);
	return STATUS_DONE;
}

/* Edits until the text is right. Returns STATUS_DONE with the new text. */
static int edit(struct cli *cli, const struct draft *draft, const char *path, const char *name,
		char **ret)
{
	int status;

	do {
		status = editor_run(draft->path);
		if (status != STATUS_DONE)
			return status;
		status = check_draft(cli, draft, path, name, ret);
	} while (status != STATUS_DONE && edit_again());
	return status;
}

/* The draft takes the place of the declaration, whole also after a crash. */
static int take_draft(struct draft *draft, const char *path)
{
	cleanup_close int fd = open(draft->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return fail_file("write", draft->path);
	if (rename(draft->path, path) < 0)
		return fail_file("replace", path);
	free(take_ptr(draft->path));
	return STATUS_DONE;
}

static int edit_declaration(struct cli *cli, const char *name)
{
	cleanup_(declaration_done) struct declaration declaration = { 0 };
	cleanup_(draft_done) struct draft draft = { 0 };
	cleanup_free char *template = NULL, *text = NULL, *target = NULL;
	int status = declaration_find(cli, name, &declaration);

	if (status != STATUS_DONE)
		return status;
	if (asprintf(&template, "{\n\t\"name\": \"%s\",\n\t\"limit\": \"infinity\"\n}\n", name) <
	    0) {
		template = NULL;
		return fail_memory();
	}
	/* A link stays one: the file that it leads to is edited. */
	target = realpath(declaration.path, NULL);
	status = make_draft(target ?: declaration.path, declaration.text ?: template, &draft);
	if (status == STATUS_DONE)
		status = edit(cli, &draft, declaration.path, name, &text);
	if (status != STATUS_DONE)
		return status;
	if (!strcmp(text, declaration.text ?: template)) {
		fprintf(stderr, "Nothing was changed\n");
		return STATUS_DONE;
	}
	status = take_draft(&draft, target ?: declaration.path);
	if (status != STATUS_DONE)
		return status;
	return end_call(cli, rss_reload(cli->client));
}

static int run(struct cli *cli, const struct args *args)
{
	const char *name = args->operands[0], *problem = name_problem(name);
	int status;

	if (problem)
		return print_error(STATUS_USAGE, "Invalid name \"%s\": it %s", name, problem);
	status = connect_daemon(cli);
	return status == STATUS_DONE ? edit_declaration(cli, name) : status;
}

DEFINE_VERB(edit) = {
	.name = "edit",
	.order = 243,
	.synopsis = "NAME",
	.summary = "Edit the file that declares a container",
	.description =
		"Runs $VISUAL, $EDITOR or editor on a copy. rssd checks it before it replaces the file,\n"
		"and then reads its declarations again. A container without a file gets one.",
	.min_operands = 1,
	.max_operands = 1,
	.changes = true,
	.local = true,
	.run = run,
};
