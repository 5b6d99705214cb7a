/* fault_test.c - errors of OpenSSL in words. */
#include "tls/fault.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(fault_words(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_HTTP_REQUEST)),
	    "the peer speaks plain HTTP");
	assert_string_equal(fault_words(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNSUPPORTED_PROTOCOL)),
	    "the client's TLS is older than tls.min_version allows");
	/* The same number in another library means something else. */
	assert_string_not_equal(fault_words(ERR_PACK(ERR_LIB_X509, 0, SSL_R_HTTP_REQUEST)),
	    "the peer speaks plain HTTP");
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
	assert_string_equal(
	    fault_words(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_BAD_EXTENSION)), "bad extension");
	assert_string_equal(fault_words(0), "the peer broke the rules of TLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
