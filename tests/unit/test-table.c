/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table printer, byte by byte. */
#include <errno.h>
#include <locale.h>

#include "shared/cleanup.h"
#include "shared/text.h"
#include "unit.h"
#include "view/table.h"

static char *print(const struct table *table, bool legend)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (table_print(table, out, legend) < 0)
		fputs("failed", out);
	fclose(out);
	return text;
}

static struct table *two_columns(void)
{
	static const char *const columns[] = { "NAME", ">USAGE" };

	return table_new(ARRAY_SIZE(columns), columns);
}

TEST(columns_line_up)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL, *bare = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "web/worker1"), 0);
	CHECK_INT(table_addf(table, "%d.0M", 512), 0);
	CHECK_INT(table_add(table, "a"), 0);
	CHECK_INT(table_add(table, NULL), 0);
	CHECK_UINT(table_rows(table), 2);
	text = print(table, true);
	CHECK_STR(text, "NAME          USAGE\n"
			"web/worker1  512.0M\n"
			"a                 -\n");
	bare = print(table, false);
	CHECK_STR(bare, "web/worker1  512.0M\n"
			"a                 -\n");
}

TEST(nothing_is_a_legend)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL, *bare = NULL;

	CHECK(table);
	CHECK_UINT(table_rows(table), 0);
	text = print(table, true);
	CHECK_STR(text, "NAME  USAGE\n");
	bare = print(table, false);
	CHECK_STR(bare, "");
}

TEST(no_blanks_at_the_end)
{
	static const char *const columns[] = { "PID", "COMMAND" };
	cleanup_(table_free_ptr) struct table *table = table_new(ARRAY_SIZE(columns), columns);
	cleanup_free char *text = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "1"), 0);
	CHECK_INT(table_add(table, "x"), 0);
	CHECK_INT(table_add(table, "12345"), 0);
	CHECK_INT(table_add(table, "longer"), 0);
	text = print(table, true);
	CHECK_STR(text, "PID    COMMAND\n"
			"1      x\n"
			"12345  longer\n");
}

TEST(control_characters_are_hidden)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "a\x1b[2Jb\nc\td\x7f"), 0);
	CHECK_INT(table_add(table, "\xff\xc0\xaf\xc2\x9b\xed\xa0\x80"), 0);
	text = print(table, false);
	CHECK_STR(text, "a?[2Jb?c?d?  ???????\n");
}

TEST(utf8_counts_as_seen)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "gr\xc3\xb6\xc3\x9f"
				   "er"),
		  0);
	CHECK_INT(table_add(table, "1"), 0);
	CHECK_INT(table_add(table, "kleiner"), 0);
	CHECK_INT(table_add(table, "22"), 0);
	text = print(table, false);
	CHECK_STR(text, "gr\xc3\xb6\xc3\x9f"
			"er       1\n"
			"kleiner     22\n");
}

TEST(many_rows)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();

	CHECK(table);
	for (int i = 0; i < 20000; i++)
		CHECK_INT(table_addf(table, "%d", i), 0);
	CHECK_UINT(table_rows(table), 10000);
}

TEST(tables_fit)
{
	static const char *const columns[] = { "<NAME", ">USAGE", "WHAT" };
	cleanup_(table_free_ptr) struct table *table = table_new(ARRAY_SIZE(columns), columns);
	cleanup_free char *whole = NULL, *cut = NULL, *ascii = NULL, *narrow = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "a/rather/long/name"), 0);
	CHECK_INT(table_add(table, "1.0M"), 0);
	CHECK_INT(table_add(table, "killed 4711 (hog) of it"), 0);
	table_style(table, "31");
	CHECK_INT(table_add(table, "web"), 0);
	CHECK_INT(table_add(table, "12345678901.0M"), 0);
	CHECK_INT(table_add(table, "ééééééééééééééé"), 0);
	table_fit(table, 1000, true);
	whole = print(table, true);
	CHECK(whole && !strstr(whole, "…"));
	table_fit(table, 0, true);
	/* The widest column is cut first, figures never. */
	table_fit(table, 40, true);
	cut = print(table, true);
	CHECK_STR(cut, "NAME                  USAGE  WHAT\n"
		       "…/long/name            1.0M  \033[31mkilled 471…\033[0m\n"
		       "web          12345678901.0M  éééééééééé…\n");
	table_fit(table, 38, false);
	ascii = print(table, false);
	CHECK_STR(ascii, "~long/name            1.0M  \033[31mkilled 47~\033[0m\n"
			 "web         12345678901.0M  ééééééééé~\n");
	/* No column becomes narrower than the minimum, and figures that do not fit are left out. */
	table_fit(table, 18, false);
	narrow = print(table, true);
	CHECK_STR(narrow, "NAME      WHAT\n"
			  "~ng/name  \033[31mkilled ~\033[0m\n"
			  "web       ééééééé~\n");
}

TEST(texts_are_measured)
{
	CHECK_UINT(text_prefix("abc", 2), 2);
	CHECK_UINT(text_prefix("abc", 9), 3);
	CHECK_UINT(text_prefix("", 1), 0);
	CHECK_UINT(text_prefix("éa", 1), 2);
	CHECK_UINT(text_suffix("abc", 2), 1);
	CHECK_UINT(text_suffix("abc", 9), 0);
	CHECK_UINT(text_suffix("abc", 0), 3);
	CHECK_UINT(text_suffix("aéb", 2), 1);
	CHECK_UINT(text_suffix("aéb", 1), 3);
	/* A character of two columns is not split. */
	if (!setlocale(LC_ALL, "C.UTF-8"))
		SKIP("there is no locale C.UTF-8");
	CHECK_UINT(text_prefix("漢字", 3), 3);
	CHECK_UINT(text_suffix("漢字", 3), 3);
}

TEST(long_cells)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL;
	char expected[2 * 500 + 4];

	CHECK(table);
	CHECK_INT(table_addf(table, "%0500d", 1), 0);
	CHECK_INT(table_addf(table, "%0500d", 2), 0);
	(void)snprintf(expected, sizeof(expected), "%0500d  %0500d\n", 1, 2);
	text = print(table, false);
	CHECK_STR(text, expected);
}

TEST(styles_take_no_room)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL;

	CHECK(table);
	/* Without a cell there is nothing to style. */
	table_style(table, "31");
	CHECK_INT(table_add(table, "abcdefghijklmnop"), 0);
	table_style(table, "1;38;2;255;255;255;48;2;100;100;100");
	CHECK_INT(table_add(table, "1"), 0);
	table_style(table, NULL);
	CHECK_INT(table_add(table, "b"), 0);
	CHECK_INT(table_add(table, "22"), 0);
	table_style(table, "31");
	text = print(table, false);
	CHECK_STR(text, "\033[1;38;2;255;255;255;48;2;100;100;100mabcdefghijklmnop\033[0m      1\n"
			"b                    \033[31m22\033[0m\n");
}

TEST(a_row_that_is_not_full_ends_its_line)
{
	cleanup_(table_free_ptr) struct table *table = two_columns();
	cleanup_free char *text = NULL;

	CHECK(table);
	CHECK_INT(table_add(table, "a"), 0);
	text = print(table, false);
	CHECK(text && strncmp(text, "a ", 2) == 0 && text[strlen(text) - 1] == '\n');
}

TEST_MAIN({ "columns line up", columns_line_up },
	  { "an empty table is its legend", nothing_is_a_legend },
	  { "a line ends without blanks", no_blanks_at_the_end },
	  { "control characters are replaced", control_characters_are_hidden },
	  { "letters beyond ASCII count once", utf8_counts_as_seen },
	  { "a table of 10000 rows", many_rows }, { "tables fit into a terminal", tables_fit },
	  { "texts are measured in columns", texts_are_measured },
	  { "long cells are complete", long_cells }, { "styles take no room", styles_take_no_room },
	  { "a row that is not full ends its line", a_row_that_is_not_full_ends_its_line })
