/* redis_url_test.c - what the key `store` may say. */
#include "middleware/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *text;
	const char *result; /* host port user password database, or the path; NULL: refused */
	const char *name;
} vectors[] = {
	{ "redis://example.org", "example.org 6379 - - 0", "redis://example.org/0" },
	{ "redis://127.0.0.1:6380/", "127.0.0.1 6380 - - 0", "redis://127.0.0.1:6380/0" },
	{ "redis://[2001:db8::1]/3", "2001:db8::1 6379 - - 3", "redis://[2001:db8::1]/3" },
	{ "redis://[::1]:6380", "::1 6380 - - 0", "redis://[::1]:6380/0" },
	{ "redis://:pw@h", "h 6379 - pw 0", "redis://h/0" },
	{ "redis://me:a%40b%2fc@h:1/15", "h 1 me a@b/c 15", "redis://h:1/15" },
	{ "redis://:a@b:c@h", "h 6379 - a@b:c 0", "redis://h/0" },
	{ "redis://:@h", "h 6379 -  0", "redis://h/0" },
	{ "unix:/run/redis.sock", "/run/redis.sock", "unix:/run/redis.sock" },
	{ "unix:///run/redis.sock", "/run/redis.sock", "unix:/run/redis.sock" },
	{ "", NULL, NULL },
	{ "redis", NULL, NULL },
	{ "redis://", NULL, NULL },
	{ "rediss://h", NULL, NULL },
	{ "http://h", NULL, NULL },
	{ "redis://h:0", NULL, NULL },
	{ "redis://h:65536", NULL, NULL },
	{ "redis://h:", NULL, NULL },
	{ "redis://h:x", NULL, NULL },
	{ "redis://h/x", NULL, NULL },
	{ "redis://h/-1", NULL, NULL },
	{ "redis://[::1", NULL, NULL },
	{ "redis://[]", NULL, NULL },
	{ "redis://[::1]6379", NULL, NULL },
	{ "redis://pw@h", NULL, NULL },
	{ "redis://:%4@h", NULL, NULL },
	{ "redis://:%zz@h", NULL, NULL },
	{ "redis://:%00@h", NULL, NULL },
	{ "unix:", NULL, NULL },
	{ "unix:run/redis.sock", NULL, NULL },
	{ "unix:/"
	  "123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
	  "123456789/123456789/1234567",
	    NULL, NULL },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct arena a = { 0 };
		struct redis_url u;
		const char *why = NULL;
		char text[256];
		int rc = redis_url_parse(vectors[i].text, &a, &u, &why);
		if (!vectors[i].result) {
			if (rc != ERR_SYNTAX)
				fail_msg("%s is taken", vectors[i].text);
			assert_non_null(strstr(why, "(expected "));
			arena_fini(&a);
			continue;
		}
		if (rc != OK)
			fail_msg("%s: %s", vectors[i].text, why);
		if (u.path)
			snprintf(text, sizeof(text), "%s", u.path);
		else
			snprintf(text, sizeof(text), "%s %u %s %s %u", u.host, u.port,
			    u.user ? u.user : "-", u.password ? u.password : "-", u.database);
		assert_string_equal(text, vectors[i].result);
		assert_string_equal(u.name, vectors[i].name);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
