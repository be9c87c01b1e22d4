/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists whose links are embedded in their members. */
#include "shared/list.h"
#include "unit.h"

struct letter {
	char name;
	struct list_link link;
};

/* The names in the order of the list. */
static void read_names(const struct list *list, char ret[8])
{
	const struct letter *letter;
	size_t n = 0;

	list_for_each_entry(letter, list, link)
		ret[n++] = letter->name;
	ret[n] = '\0';
}

TEST(adds)
{
	struct letter a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };
	struct list list = { 0 };
	char names[8];

	read_names(&list, names);
	CHECK_STR(names, "");
	list_append(&list, &b.link);
	list_append(&list, &c.link);
	list_add(&list, &a.link);
	read_names(&list, names);
	CHECK_STR(names, "abc");
}

TEST(removes)
{
	struct letter a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };
	struct list list = { 0 };
	char names[8];

	list_append(&list, &a.link);
	list_append(&list, &b.link);
	list_append(&list, &c.link);
	list_remove(&b.link);
	list_remove(&b.link);
	read_names(&list, names);
	CHECK_STR(names, "ac");
	list_remove(&c.link);
	list_append(&list, &b.link);
	list_remove(&a.link);
	read_names(&list, names);
	CHECK_STR(names, "b");
	list_remove(&b.link);
	CHECK(!list.first);
}

TEST(removes_in_a_loop)
{
	struct letter letters[] = { { .name = 'a' },
				    { .name = 'b' },
				    { .name = 'c' },
				    { .name = 'd' } },
		      *letter;
	struct list list = { 0 };
	char names[8];

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		list_append(&list, &letters[i].link);
	list_for_each_entry(letter, &list, link) {
		if (letter->name == 'b' || letter->name == 'd') {
			list_remove(&letter->link);
			memset(letter, 0xff, sizeof(*letter));
		}
	}
	read_names(&list, names);
	CHECK_STR(names, "ac");
}

TEST_MAIN({ "members are added before and after the others", adds },
	  { "a member is removed from any place, even twice", removes },
	  { "the body of a loop removes its member", removes_in_a_loop })
