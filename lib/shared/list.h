/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists whose links are embedded in their members. A list and a link that are
 * all zeroes are empty, so calloc() is enough. Removing a member needs neither
 * the list nor a walk, and a member that is on no list may be removed: a
 * destructor just calls list_remove().
 */
#ifndef RSS_LIST_H
#define RSS_LIST_H

#include <assert.h>
#include <stddef.h>

struct list_link {
	struct list_link *next, **at; /* at: the pointer to this link; NULL on no list */
};

struct list {
	struct list_link *first;
};

#define list_entry(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Calls the body with each member as @entry. The body may remove and free @entry, no other. */
#define list_for_each_entry(entry, list, member)                                                 \
	for (struct list_link *entry##_link = (list)->first,                                     \
			      *entry##_next = entry##_link ? entry##_link->next : NULL;          \
	     entry##_link && ((entry) = list_entry(entry##_link, __typeof__(*(entry)), member)); \
	     entry##_link = entry##_next, entry##_next = entry##_link ? entry##_link->next : NULL)

/* Puts @link, which is on no list, before the others. */
static inline void list_add(struct list *list, struct list_link *link)
{
	assert(!link->at);
	*link = (struct list_link){ .next = list->first, .at = &list->first };
	if (list->first)
		list->first->at = &link->next;
	list->first = link;
}

/* Puts @link after all others. Walks the list: for short ones. */
static inline void list_append(struct list *list, struct list_link *link)
{
	struct list_link **at = &list->first;

	assert(!link->at);
	while (*at)
		at = &(*at)->next;
	*link = (struct list_link){ .at = at };
	*at = link;
}

/* Takes @link off its list, if it is on one. */
static inline void list_remove(struct list_link *link)
{
	if (!link->at)
		return;
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	*link = (struct list_link){ 0 };
}

#endif
