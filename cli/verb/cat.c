/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl cat: print the files that declare containers. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "connect.h"
#include "declaration.h"
#include "verb.h"
#include "view/json.h"
#include "view/status.h"

static int add_declaration(struct json_object *array, const char *name,
			   const struct declaration *declaration)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "name", name);
	json_add_text(object, "path", declaration->path);
	json_add_value(object, "declaration", json_tokener_parse(declaration->text));
	json_object_array_add(array, object);
	return STATUS_DONE;
}

/* @array: NULL, or where it is added instead of printed */
static int print_declaration(struct cli *cli, const char *name, struct json_object *array)
{
	cleanup_(declaration_done) struct declaration declaration = { 0 };
	int status = declaration_find(cli, name, &declaration);
	size_t length;

	if (status != STATUS_DONE)
		return status;
	if (!declaration.text)
		return print_error(STATUS_NOT_FOUND,
				   "No file declares \"%s\"; rssctl edit %s writes one", name,
				   name);
	if (array)
		return add_declaration(array, name, &declaration);
	length = strlen(declaration.text);
	printf("# %s\n%s%s", declaration.path, declaration.text,
	       length && declaration.text[length - 1] == '\n' ? "" : "\n");
	return STATUS_DONE;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_json struct json_object *array = cli->out.json ? json_object_new_array() : NULL;
	int status = connect_daemon(cli), printed;

	if (status != STATUS_DONE)
		return status;
	for (size_t i = 0; i < args->n_operands; i++) {
		int one = print_declaration(cli, args->operands[i], array);

		status = status ?: one;
	}
	printed = cli->out.json ? print_json(&cli->out, array) : STATUS_DONE;
	return status ?: printed;
}

DEFINE_VERB(cat) = {
	.name = "cat",
	.order = 242,
	.synopsis = "NAME...",
	.summary = "Print the files that declare containers",
	.description = "A comment before each has its path; see rssd.container(5).",
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.local = true,
	.run = run,
};
