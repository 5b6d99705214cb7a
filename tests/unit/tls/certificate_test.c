/* certificate_test.c - reading certificates, and what can be wrong with them. */
#include "support.h"

#include "base/clock.h"
#include "tls/self.h"

#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY = 86400 };

static EVP_PKEY *ec, *other;
static X509 *leaf, *authority;
static char why[CERTIFICATE_WHY];

static int setup(void **state)
{
	(void)state;
	support_begin();
	ec = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	authority = support_certificate(
	    &(struct order){ .name = "authority", .key = other, .end_s = 100 * DAY });
	leaf = support_certificate(&(struct order){ .name = "leaf",
	    .key = ec,
	    .issuer = authority,
	    .issuer_key = other,
	    .begin_s = -DAY,
	    .end_s = 10 * DAY + 60 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	X509_free(leaf);
	X509_free(authority);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other);
	support_end();
	return 0;
}

static int reads(const char *file, const char *key_file)
{
	struct certificate c;
	int rc = certificate_read(&c, file, key_file, why);
	certificate_fini(&c);
	return rc;
}

static void test_read(void **state)
{
	(void)state;
	struct certificate c;
	const char *file =
	    support_file("chain", &(struct pem){ .first = leaf, .second = authority });
	const char *key = support_file("key", &(struct pem){ .key = ec });
	assert_int_equal(certificate_read(&c, file, key, why), OK);
	assert_int_equal(X509_cmp(c.leaf, leaf), 0);
	assert_int_equal(sk_X509_num(c.chain), 1);
	assert_true(certificate_chain_in_order(&c));
	assert_false(certificate_weak(&c, why));
	certificate_fini(&c);
	const char *both = support_file("both", &(struct pem){ .first = leaf, .key = ec });
	assert_int_equal(reads(both, both), OK);
}

static void test_chain_out_of_order(void **state)
{
	(void)state;
	struct certificate c;
	X509 *stranger =
	    support_certificate(&(struct order){ .name = "stranger", .key = other, .end_s = DAY });
	const char *file =
	    support_file("chain", &(struct pem){ .first = leaf, .second = stranger, .key = ec });
	assert_int_equal(certificate_read(&c, file, file, why), OK);
	assert_false(certificate_chain_in_order(&c));
	certificate_fini(&c);
	X509_free(stranger);
}

static void test_refusals(void **state)
{
	(void)state;
	const char *good = support_file("good", &(struct pem){ .first = leaf });
	const char *key = support_file("key", &(struct pem){ .key = ec });
	const char *wrong = support_file("wrong", &(struct pem){ .key = other });
	assert_int_equal(reads(good, wrong), ERR_DENIED);
	assert_non_null(strstr(why, "is not that of the certificate"));
	assert_int_equal(reads(good, good), ERR_SYNTAX);
	assert_non_null(strstr(why, "has no private key"));
	assert_int_equal(reads(key, key), ERR_SYNTAX);
	assert_non_null(strstr(why, "has no certificate"));
	assert_int_equal(reads("/nonexistent/file", key), ERR_IO);
	assert_non_null(strstr(why, "cannot read certificate '/nonexistent/file': No such file"));
	assert_int_equal(reads(good, "/nonexistent/file"), ERR_IO);
	assert_non_null(strstr(why, "cannot read key"));
	const char *damaged = support_file("damaged",
	    &(struct pem){
		.text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" });
	assert_int_equal(reads(damaged, key), ERR_SYNTAX);
	assert_non_null(strstr(why, "is damaged"));
}

static bool weak(EVP_PKEY *key, const EVP_MD *digest)
{
	struct certificate c = { .key = key };
	c.leaf = support_certificate(
	    &(struct order){ .name = "x", .key = key, .digest = digest, .end_s = DAY });
	bool answer = certificate_weak(&c, why);
	X509_free(c.leaf);
	return answer;
}

static void test_weak(void **state)
{
	(void)state;
	EVP_PKEY *small = EVP_RSA_gen(1024), *large = EVP_RSA_gen(2048),
		 *p192 = EVP_EC_gen("P-192");
	assert_true(weak(small, NULL));
	assert_non_null(strstr(why, "1024 bits"));
	assert_false(weak(large, NULL));
	assert_true(weak(large, EVP_sha1()));
	assert_non_null(strstr(why, "SHA-1"));
	assert_true(weak(p192, NULL));
	assert_non_null(strstr(why, "192 bits"));
	assert_false(weak(ec, NULL));
	EVP_PKEY_free(small);
	EVP_PKEY_free(large);
	EVP_PKEY_free(p192);
}

static void test_dates(void **state)
{
	(void)state;
	int64_t now = (int64_t)(clock_wall_ms() / 1000);
	assert_in_range(certificate_ends_in(leaf, now), 10 * DAY, 10 * DAY + 60);
	assert_true(certificate_ends_in(leaf, now + 11 * DAY) < 0);
	assert_true(certificate_begins_in(leaf, now) < 0);
	assert_true(certificate_begins_in(leaf, now - 2 * DAY) > 0);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool covered;
	} rows[] = {
		{ "example.org", true },
		{ "EXAMPLE.org", true },
		{ "www.example.org", false },
		{ "*.example.org", false },
		{ "a.wild.test", true },
		{ "*.wild.test", true },
		{ "a.b.wild.test", false },
		{ "wild.test", false },
		{ "192.0.2.1", true },
		{ "192.0.2.2", false },
		{ "[2001:db8::1]", true },
		{ "[2001:db8:0::1]", true },
		{ "[2001:db8::2]", false },
		{ "[]", false },
		{ "localhost", true },
		{ "127.0.0.1", true },
	};
	static const char *const names[] = { "example.org", "*.wild.test", "192.0.2.1",
		"2001:db8::1", NULL };
	struct certificate c;
	assert_int_equal(self_certificate_make(&c, names), OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (certificate_names(c.leaf, rows[i].name) != rows[i].covered)
			fail_msg("%s", rows[i].name);
	}
	certificate_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_chain_out_of_order),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
