/*
 * base64_test.c - one text, one meaning.
 */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_vectors(void **state)
{
	static const struct {
		const char *text;
		enum base64_form form;
		const char *bytes; /* NULL: refused */
	} rows[] = {
		/* RFC 4648 section 10 */
		{ "", BASE64_PADDED, "" },
		{ "Zg==", BASE64_PADDED, "f" },
		{ "Zm8=", BASE64_PADDED, "fo" },
		{ "Zm9v", BASE64_PADDED, "foo" },
		{ "Zm9vYg==", BASE64_PADDED, "foob" },
		{ "Zm9vYmFy", BASE64_PADDED, "foobar" },
		{ "", BASE64_URL, "" },
		{ "Zg", BASE64_URL, "f" },
		{ "Zm8", BASE64_URL, "fo" },
		{ "_-8", BASE64_URL, "\xff\xef" },
		{ "/+8=", BASE64_PADDED, "\xff\xef" },
		/* another alphabet, padding where none belongs or too little, bits left over */
		{ "_-8=", BASE64_PADDED, NULL },
		{ "/+8", BASE64_URL, NULL },
		{ "Zg", BASE64_PADDED, NULL },
		{ "Zg=", BASE64_PADDED, NULL },
		{ "Zg==", BASE64_URL, NULL },
		{ "====", BASE64_PADDED, NULL },
		{ "Z===", BASE64_PADDED, NULL },
		{ "Z", BASE64_URL, NULL },
		{ "Zh", BASE64_URL, NULL },
		{ "Zh==", BASE64_PADDED, NULL },
		{ "Zm9=", BASE64_PADDED, NULL },
		{ "Zg==Zg==", BASE64_PADDED, NULL },
		{ "Zm 9", BASE64_PADDED, NULL },
		{ "Zm9\n", BASE64_PADDED, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[16];
		ssize_t n = base64_decode(slice_str(rows[i].text), rows[i].form, out, sizeof(out));
		if (!rows[i].bytes) {
			assert_int_equal(n, ERR_SYNTAX);
			continue;
		}
		assert_int_equal(n, strlen(rows[i].bytes));
		assert_memory_equal(out, rows[i].bytes, (size_t)n);
	}
}

static void test_room(void **state)
{
	char out[3];
	(void)state;
	assert_int_equal(base64_decode(SLICE("Zm9v"), BASE64_PADDED, out, 3), 3);
	assert_int_equal(base64_decode(SLICE("Zm9v"), BASE64_PADDED, out, 2), ERR_FULL);
	assert_int_equal(base64_decode(SLICE("Zm8"), BASE64_URL, out, 2), 2);
	assert_int_equal(base64_decode(SLICE("Zm8"), BASE64_URL, out, 1), ERR_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
