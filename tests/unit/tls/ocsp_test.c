/* ocsp_test.c - responses that are to be stapled: whose they are, and how long they are good. */
#include "support.h"

#include "base/clock.h"
#include "tls/ocsp_fetch.h"

#include <openssl/ocsp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 86400 };

static EVP_PKEY *key;
static X509 *authority, *leaf, *other;
static char why[STAPLE_WHY];

static X509 *issue(const char *name)
{
	X509 *x = support_certificate(&(struct order){
	    .name = name, .key = key, .issuer = authority, .issuer_key = key, .end_s = 10 * DAY });
	static long serial = 100;
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static int setup(void **state)
{
	(void)state;
	support_begin();
	key = EVP_EC_gen("P-256");
	authority = support_certificate(
	    &(struct order){ .name = "authority", .key = key, .end_s = 100 * DAY });
	leaf = issue("leaf");
	other = issue("other");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	X509_free(leaf);
	X509_free(other);
	X509_free(authority);
	EVP_PKEY_free(key);
	support_end();
	return 0;
}

static void add(OCSP_BASICRESP *basic, X509 *about, long begin_s, long end_s)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), about, authority);
	ASN1_TIME *this = X509_gmtime_adj(NULL, begin_s);
	ASN1_TIME *next = end_s ? X509_gmtime_adj(NULL, end_s) : NULL;
	assert_non_null(
	    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, this, next));
	ASN1_TIME_free(this);
	ASN1_TIME_free(next);
	OCSP_CERTID_free(id);
}

/* A file with a response about both, the one asked for last. */
static const char *response(long begin_s, long end_s)
{
	static char path[PATH_MAX];
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	add(basic, other, -DAY, DAY);
	add(basic, leaf, begin_s, end_s);
	assert_int_equal(OCSP_basic_sign(basic, authority, key, EVP_sha256(), NULL, 0), 1);
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	snprintf(path, sizeof(path), "%s", support_file("ocsp.der", &(struct pem){ .text = "" }));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	unsigned char *der = NULL;
	int len = i2d_OCSP_RESPONSE(r, &der);
	assert_int_equal(fwrite(der, 1, (size_t)len, f), len);
	OPENSSL_free(der);
	fclose(f);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	return path;
}

static void near(int64_t got_s, int64_t wanted_s)
{
	int64_t off = got_s - (int64_t)(clock_wall_ms() / 1000) - wanted_s;
	assert_true(off >= -30 && off <= 30);
}

static void test_times(void **state)
{
	struct staple s;
	(void)state;
	assert_int_equal(staple_read(&s, response(-2 * DAY, 6 * DAY), leaf, why), OK);
	near(s.expires_s, 6 * DAY);
	near(s.refresh_s, 2 * DAY);
	assert_ptr_equal(s.leaf, leaf);
	staple_fini(&s);
	assert_int_equal(staple_read(&s, response(-6 * DAY, 2 * DAY), leaf, why), OK);
	near(s.refresh_s, -2 * DAY);
	staple_fini(&s);
	/* Without an end it is good for a week. */
	assert_int_equal(staple_read(&s, response(0, 0), leaf, why), OK);
	near(s.expires_s, 7 * DAY);
	staple_fini(&s);
}

static void test_wrong(void **state)
{
	struct staple s;
	(void)state;
	assert_int_equal(staple_read(&s, response(-2 * DAY, -60), leaf, why), ERR_SYNTAX);
	assert_non_null(strstr(why, "is out of date"));
	assert_int_equal(staple_read(&s, response(-DAY, DAY), authority, why), ERR_SYNTAX);
	assert_non_null(strstr(why, "does not speak of the certificate"));
	assert_null(s.der);
	const char *text = support_file("text", &(struct pem){ .text = "text" });
	assert_int_equal(staple_read(&s, text, leaf, why), ERR_SYNTAX);
	assert_non_null(strstr(why, "is no OCSP response"));
	assert_int_equal(staple_read(&s, "/nowhere/ocsp.der", leaf, why), ERR_IO);
}

static void test_nobody_to_ask(void **state)
{
	struct certificate c = { .leaf = leaf, .chain = sk_X509_new_null() };
	struct staple s;
	(void)state;
	assert_false(ocsp_can_fetch(&c, why));
	assert_string_equal(why, "names no OCSP responder");
	assert_int_equal(ocsp_fetch(&c, &s, why), ERR_SYNTAX);
	sk_X509_free(c.chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_nobody_to_ask),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
