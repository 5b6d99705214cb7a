/*
 * password_test.c - hashes that other programs made, each by its right password and no other.
 */
#include "crypto/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static const struct {
	enum password_method method;
	const char *hash;
	const char *password;
} rows[] = {
	/* htpasswd */
	{ PASSWORD_BCRYPT, "$2y$04$db60fHa7wHol7VFmxRCw9..DEcfG8esSuikbj8vTmZ1LEI3c6xMxW",
	    "secret" },
	{ PASSWORD_APR1, "$apr1$YFTvTtcv$yQpXzxnXbdiCsbB8HpRqp/", "secret" },
	/* openssl passwd */
	{ PASSWORD_APR1, "$apr1$abcdefgh$Eqv4oIyMsS.tjfvQCJYY1/",
	    "a much longer password than sixteen bytes" },
	{ PASSWORD_APR1, "$apr1$12345678$sHuPAw7VA9xjRbJz7zKV7/", "" },
	{ PASSWORD_APR1, "$apr1$ab$jiiV6N7hIIuIoJbc1hxOE/", "secret" },
	{ PASSWORD_SHA512,
	    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN"
	    ".Pq.H91p5hVO1",
	    "secret" },
	{ PASSWORD_SHA256, "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA", "secret" },
	/* crypt(3) of Perl */
	{ PASSWORD_YESCRYPT, "$y$j75$saltsalt$0gBD67sgmJgRX3RZ6wHHO7sHimQEWGCWN85o4Twogh2",
	    "secret" },
	{ PASSWORD_SHA256,
	    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
	    "Hello world!" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const char *reason;
		char wrong[64];
		assert_int_equal(password_method(slice_str(rows[i].hash), &reason), rows[i].method);
		snprintf(wrong, sizeof(wrong), "%s.", rows[i].password);
		assert_true(password_matches(rows[i].password, rows[i].hash));
		assert_false(password_matches(wrong, rows[i].hash));
	}
}

static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const char *reason = NULL;
		char hash[PASSWORD_HASH_MAX];
		snprintf(hash, sizeof(hash), "%s", rows[i].hash);
		size_t len = strlen(hash);
		hash[len - 2] = hash[len - 2] == 'x' ? 'y' : 'x';
		assert_false(password_matches(rows[i].password, hash));
		hash[len - 1] = '\0';
		assert_int_equal(password_method(slice_str(hash), &reason), PASSWORD_UNKNOWN);
		assert_string_equal(reason, "the hash is cut or damaged");
		assert_false(password_matches(rows[i].password, hash));
	}
}

static void test_refused(void **state)
{
	static const char *const hashes[] = { "", "secret",
		"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "$1$saltsalt$qjXMvbEw8oaL.CzflDugo/",
		"rqXexS6ZhobKA", "*", "!", "$6$", "$apr1$", "$y$" };
	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		const char *reason = NULL;
		assert_int_equal(password_method(slice_str(hashes[i]), &reason), PASSWORD_UNKNOWN);
		assert_non_null(reason);
		assert_false(password_matches("secret", hashes[i]));
		assert_false(password_matches("", hashes[i]));
	}
}

static void test_made(void **state)
{
	char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
	char longest[PASSWORD_MAX + 2];
	const char *reason;
	(void)state;
	assert_int_equal(password_hash("swordfish \xc3\xa4", hash), OK);
	assert_int_equal(password_hash("swordfish \xc3\xa4", again), OK);
	assert_string_not_equal(hash, again);
	assert_in_range(
	    password_method(slice_str(hash), &reason), PASSWORD_YESCRYPT, PASSWORD_SHA512);
	assert_true(password_matches("swordfish \xc3\xa4", hash));
	assert_false(password_matches("swordfish", hash));
	assert_int_equal(password_hash("", hash), ERR_RANGE);
	memset(longest, 'x', sizeof(longest));
	longest[PASSWORD_MAX + 1] = '\0';
	assert_int_equal(password_hash(longest, hash), ERR_RANGE);
	assert_false(password_matches(longest, hash));
	longest[PASSWORD_MAX] = '\0';
	assert_int_equal(password_hash(longest, hash), OK);
	assert_true(password_matches(longest, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
