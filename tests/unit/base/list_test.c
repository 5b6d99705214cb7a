/* list_test.c - order, removal while walking, removing twice. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct item {
	char name;
	struct list node;
};

static void assert_order(struct list *head, const char *names)
{
	char forward[10] = "", backward[10] = "";
	size_t n = 0, len = strlen(names);
	LIST_EACH (node, head)
		forward[n++] = CONTAINER_OF(node, struct item, node)->name;
	assert_string_equal(forward, names);
	for (struct list *node = head->prev; node != head; node = node->prev)
		backward[--n] = CONTAINER_OF(node, struct item, node)->name;
	assert_int_equal(n, 0);
	assert_memory_equal(backward, names, len);
}

static void test_order(void **state)
{
	(void)state;
	struct list head;
	struct item a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' },
		    d = { .name = 'd' };
	list_init(&head);
	assert_true(list_empty(&head));
	assert_order(&head, "");
	list_append(&head, &b.node);
	list_append(&head, &d.node);
	list_prepend(&head, &a.node);
	list_insert(&d.node, &c.node);
	assert_false(list_empty(&head));
	assert_order(&head, "abcd");
}

static void test_remove(void **state)
{
	(void)state;
	struct list head;
	struct item items[4] = { { .name = 'a' }, { .name = 'b' }, { .name = 'c' },
		{ .name = 'd' } };
	list_init(&head);
	for (int i = 0; i < 4; i++)
		list_append(&head, &items[i].node);
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	assert_order(&head, "acd");
	assert_true(list_empty(&items[1].node));
	LIST_EACH_SAFE (node, &head)
		if (CONTAINER_OF(node, struct item, node)->name != 'c')
			list_remove(node);
	assert_order(&head, "c");
	list_append(&head, &items[1].node);
	assert_order(&head, "cb");
	LIST_EACH_SAFE (node, &head)
		list_remove(node);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
