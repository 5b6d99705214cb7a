/* self_test.c - the certificate made on the spot: kept, and made anew when it has to be. */
#include "support.h"

#include "tls/self.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char state_directory[PATH_MAX];

static int setup(void **state)
{
	(void)state;
	snprintf(state_directory, sizeof(state_directory), "%s/a/b", support_begin());
	setenv("STATE_DIRECTORY", state_directory, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_end();
	return 0;
}

static X509 *take(const char *const *names, char path[PATH_MAX])
{
	struct certificate c;
	char why[CERTIFICATE_WHY];
	assert_int_equal(self_certificate(&c, names, path, why), OK);
	assert_int_equal(X509_check_private_key(c.leaf, c.key), 1);
	X509 *leaf = c.leaf;
	X509_up_ref(leaf);
	certificate_fini(&c);
	return leaf;
}

static void test_kept(void **state)
{
	(void)state;
	static const char *const one[] = { "a.test", NULL };
	static const char *const two[] = { "a.test", "b.test", NULL };
	char path[PATH_MAX], file[PATH_MAX + 16];
	struct stat st;
	X509 *first = take(one, path);
	snprintf(file, sizeof(file), "%s/self.pem", state_directory);
	assert_string_equal(path, file);
	assert_true(certificate_names(first, "localhost") && certificate_names(first, "[::1]"));
	assert_true(certificate_names(first, "a.test"));
	snprintf(file, sizeof(file), "%s/self.key", state_directory);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	X509 *again = take(one, path);
	assert_int_equal(X509_cmp(first, again), 0);
	X509 *more = take(two, path); /* a name that it lacks */
	assert_int_not_equal(X509_cmp(first, more), 0);
	X509 *fewer = take(one, path);
	assert_int_equal(X509_cmp(more, fewer), 0);
	X509_free(first);
	X509_free(again);
	X509_free(more);
	X509_free(fewer);
}

static void test_cannot_be_kept(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	char path[PATH_MAX];
	setenv("STATE_DIRECTORY", "/dev/null/nowhere", 1);
	X509 *x = take(none, path);
	assert_string_equal(path, "");
	X509_free(x);
	setenv("STATE_DIRECTORY", state_directory, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_cannot_be_kept),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
