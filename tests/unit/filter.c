/*
 * filter.c - CMOCKA_TEST_FILTER='*digit*' chooses cases by their names. In every test program:
 * cmocka has such a filter, but does not ask for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

void unit_filter(void); /* the name by which the linker is made to take this file */

__attribute__((constructor)) void unit_filter(void)
{
	cmocka_set_test_filter(getenv("CMOCKA_TEST_FILTER"));
}
