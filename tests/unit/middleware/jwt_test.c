/*
 * jwt_test.c - tokens that are good, and all the ways in which they are not.
 */
#include "middleware/jwt.h"

#include "crypto/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1300819000 };

#define SECRET "0123456789abcdef0123456789abcdef"

static const struct config_strings nobody;
static struct jwt_rules rules = { .algorithms = ~0u, .audience = &nobody, .expires = true };
static EVP_PKEY *rsa, *ec, *other_ec;
static char rsa_pem[2048], ec_pem[2048];
static struct arena arena;
static struct jwt_claims claims;

/* ---- an issuer ---------------------------------------------------------------------------------
 */

static char *encode(const void *from, size_t len, char *to)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *bytes = from;
	unsigned bits = 0, have = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*to++ = digits[bits >> (have - 6) & 63];
	}
	if (have)
		*to++ = digits[bits << (6 - have) & 63];
	*to = '\0';
	return to;
}

/* r and s as they are, of the library's DER. */
static size_t raw_ecdsa(unsigned char *signature, size_t len)
{
	const unsigned char *der = signature;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
	ECDSA_SIG_free(sig);
	return 64;
}

static size_t sign_public(EVP_PKEY *key, const char *text, unsigned char *signature)
{
	size_t len = 512;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(
	    EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(ctx);
	return EVP_PKEY_is_a(key, "EC") ? raw_ecdsa(signature, len) : len;
}

/* With `key`, or with the secret. Borrowed until the eighth call after. */
static char *issue(const char *header, const char *payload, EVP_PKEY *key, const char *secret)
{
	static char rooms[8][4096];
	static unsigned next;
	unsigned char signature[512];
	unsigned mac_len = 32;
	char *token = rooms[next++ % 8];
	char *end = encode(header, strlen(header), token);
	*end++ = '.';
	end = encode(payload, strlen(payload), end);
	size_t len = 32;
	if (key)
		len = sign_public(key, token, signature);
	else
		HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)token,
		    strlen(token), signature, &mac_len);
	*end++ = '.';
	encode(signature, len, end);
	return token;
}

static char *hs256(const char *payload)
{
	return issue("{\"alg\":\"HS256\"}", payload, NULL, SECRET);
}

static void write_pem(EVP_PKEY *key, char *out, size_t room)
{
	BIO *to = BIO_new(BIO_s_mem());
	char *text;
	assert_int_equal(PEM_write_bio_PUBKEY(to, key), 1);
	long len = BIO_get_mem_data(to, &text);
	snprintf(out, room, "%.*s", (int)len, text);
	BIO_free(to);
}

static int make_keys(void **state)
{
	(void)state;
	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	other_ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	write_pem(rsa, rsa_pem, sizeof(rsa_pem));
	write_pem(ec, ec_pem, sizeof(ec_pem));
	return rsa && ec && other_ec ? 0 : -1;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other_ec);
	return 0;
}

/* ---- what is asked -----------------------------------------------------------------------------
 */

static const char *verify_at(const char *file, const char *token, int64_t now)
{
	const char *reason = NULL;
	struct jwt_keys *keys = jwt_keys_parse(slice_str(file), &reason);
	if (!keys)
		fail_msg("%s", reason);
	arena_fini(&arena);
	rules.keys = keys;
	reason = jwt_verify(slice_str(token), &rules, now, &arena, &claims);
	jwt_keys_free(&keys);
	return reason;
}

static const char *verify(const char *file, const char *token)
{
	return verify_at(file, token, NOW);
}

static void expect(const char *reason, const char *wanted)
{
	if (!reason || !strstr(reason, wanted))
		fail_msg("wanted: %s, got: %s", wanted, reason ? reason : "a good token");
}

static const char *claim(const char *name)
{
	static char text[256];
	for (unsigned i = 0; i < claims.count; i++) {
		if (!slice_eq(claims.list[i].name, slice_str(name)))
			continue;
		snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(claims.list[i].value));
		return text;
	}
	return NULL;
}

/* RFC 7515 appendix A.1 and A.3. */
#define JOE                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
static const char hs_key[] =
    "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
    "cgUuTwjAzZr1Z9CAow\"}";
static const char hs_token[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char es_key[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
			     "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE"
			     "U\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
static const char es_token[] =
    "eyJhbGciOiJFUzI1NiJ9." JOE
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static void test_vectors(void **state)
{
	(void)state;
	assert_null(verify(hs_key, hs_token));
	assert_string_equal(claim("iss"), "joe");
	assert_string_equal(claim("exp"), "1300819380");
	assert_string_equal(claim("http://example.com/is_root"), "true");
	assert_null(claim("sub"));
	assert_null(verify(es_key, es_token));
	expect(verify(hs_key, es_token), "signature");
	expect(verify(es_key, hs_token), "signature");
	expect(verify_at(es_key, es_token, 1300819380), "expired");
}

static void test_pem(void **state)
{
	char both[5000];
	const char *payload =
	    "{\"sub\":\"alice\",\"exp\":1300819380,\"n\":1.5,\"groups\":[\"a\",\"b\"],"
	    "\"mixed\":[1],\"o\":{}}";
	char *by_rsa = issue("{\"alg\":\"RS256\",\"kid\":\"x\"}", payload, rsa, NULL);
	char *by_ec = issue("{\"alg\":\"ES256\"}", payload, ec, NULL);
	(void)state;
	assert_null(verify(rsa_pem, by_rsa));
	assert_null(verify(ec_pem, by_ec));
	assert_string_equal(claim("sub"), "alice");
	assert_string_equal(claim("groups"), "a,b");
	assert_string_equal(claim("n"), "1.5");
	assert_null(claim("mixed"));
	assert_null(claim("o"));
	snprintf(both, sizeof(both), "keys\n%s%s", rsa_pem, ec_pem);
	assert_null(verify(both, by_rsa));
	assert_null(verify(both, by_ec));
	expect(verify(ec_pem, issue("{\"alg\":\"ES256\"}", payload, other_ec, NULL)), "signature");
	/* a signature as DER has another length */
	expect(verify(rsa_pem, issue("{\"alg\":\"RS256\"}", payload, ec, NULL)), "signature");
	expect(verify(ec_pem, issue("{\"alg\":\"ES256\"}", payload, rsa, NULL)), "signature");
}

/* The oldest tricks: no algorithm, another than the key's, a public key as a secret. */
static void test_confusion(void **state)
{
	const char *payload = "{\"sub\":\"admin\",\"exp\":1300819380}";
	char none[512], *end = none;
	(void)state;
	expect(verify(rsa_pem, issue("{\"alg\":\"HS256\"}", payload, NULL, rsa_pem)), "signature");
	expect(verify(ec_pem, issue("{\"alg\":\"HS256\"}", payload, NULL, ec_pem)), "signature");
	expect(verify(SECRET, issue("{\"alg\":\"RS256\"}", payload, rsa, NULL)), "signature");
	end = encode("{\"alg\":\"none\"}", 14, end);
	*end++ = '.';
	end = encode(payload, strlen(payload), end);
	*end++ = '.';
	*end = '\0';
	expect(verify(SECRET, none), "malformed");
	static const char *const names[] = { "none", "None", "HS512", "hs256", "PS256", "" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char header[64];
		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", names[i]);
		expect(verify(SECRET, issue(header, payload, NULL, SECRET)), "algorithm");
	}
	expect(verify(SECRET, issue("{}", payload, NULL, SECRET)), "algorithm");
	expect(verify(SECRET, issue("{\"alg\":1}", payload, NULL, SECRET)), "algorithm");
	expect(verify(SECRET, issue("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", payload,
				  NULL, SECRET)),
	    "extension");
	/* a key that the token brings along is not looked at */
	expect(verify(ec_pem,
		   issue("{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", payload, other_ec, NULL)),
	    "signature");
	rules.algorithms = 1u << SIGNATURE_ES256;
	expect(verify(SECRET, hs256(payload)), "algorithm");
	rules.algorithms = ~0u;
}

/* Each byte of a good token, changed; and each of its beginnings. */
static void test_tampered(void **state)
{
	char *good = hs256("{\"sub\":\"alice\",\"exp\":1300819380}"), bad[512];
	size_t len = strlen(good);
	(void)state;
	assert_null(verify(SECRET, good));
	for (size_t i = 0; i < len; i++) {
		strcpy(bad, good);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		assert_non_null(verify(SECRET, bad));
		strcpy(bad, good);
		bad[i] = '\0';
		assert_non_null(verify(SECRET, bad));
	}
	snprintf(bad, sizeof(bad), "%s.", good);
	assert_non_null(verify(SECRET, bad));
	snprintf(bad, sizeof(bad), "%s=", good);
	assert_non_null(verify(SECRET, bad));
	snprintf(bad, sizeof(bad), ".%s", good);
	assert_non_null(verify(SECRET, bad));
	assert_non_null(verify(SECRET, ""));
	assert_non_null(verify(SECRET, ".."));
}

static void test_times(void **state)
{
	static const struct {
		const char *payload;
		int64_t leeway_s;
		const char *wrong;
	} rows[] = {
		{ "{\"exp\":1300819001}", 0, NULL },
		{ "{\"exp\":1300819000.5}", 0, NULL },
		{ "{\"exp\":1300819000}", 0, "expired" },
		{ "{\"exp\":1300818941}", 60, NULL },
		{ "{\"exp\":1300818940}", 60, "expired" },
		{ "{\"exp\":-1}", 60, "expired" },
		{ "{\"exp\":1e300}", 0, NULL },
		{ "{\"exp\":\"1300819001\"}", 0, "no number" },
		{ "{\"exp\":null}", 0, "no number" },
		{ "{\"exp\":1300819001,\"nbf\":1300819000}", 0, NULL },
		{ "{\"exp\":1300819001,\"nbf\":1300819001}", 0, "not valid yet" },
		{ "{\"exp\":1300819001,\"nbf\":1300819060}", 60, NULL },
		{ "{\"exp\":1300819001,\"nbf\":[]}", 0, "no number" },
		{ "{}", 0, "never expires" },
		{ "{\"exp\":1300819001,\"exp\":1}", 0, "malformed" },
		{ "[]", 0, "malformed" },
		{ "\"x\"", 0, "malformed" },
		{ "{\"exp\":1300819001} ", 0, NULL },
		{ "{\"exp\":1300819001}x", 0, "malformed" },
		{ "{\"exp\":1300819001,\"sub\":\"a\\u0000b\"}", 0, "malformed" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rules.leeway_s = rows[i].leeway_s;
		const char *reason = verify(SECRET, hs256(rows[i].payload));
		if (rows[i].wrong)
			expect(reason, rows[i].wrong);
		else
			assert_null(reason);
	}
	rules.leeway_s = 0;
	rules.expires = false;
	assert_null(verify(SECRET, hs256("{}")));
	rules.expires = true;
}

static void test_for_whom(void **state)
{
	static const char *ours[] = { "here", "there" };
	static const struct config_strings audience = { ours, 2 };
	static const struct {
		const char *payload;
		const char *wrong;
	} rows[] = {
		{ "{\"exp\":2e9,\"iss\":\"me\",\"aud\":\"there\"}", NULL },
		{ "{\"exp\":2e9,\"iss\":\"me\",\"aud\":[\"x\",\"here\"]}", NULL },
		{ "{\"exp\":2e9,\"iss\":\"me\",\"aud\":\"ther\"}", "for others" },
		{ "{\"exp\":2e9,\"iss\":\"me\",\"aud\":[1,{}]}", "for others" },
		{ "{\"exp\":2e9,\"iss\":\"me\",\"aud\":{\"here\":1}}", "for others" },
		{ "{\"exp\":2e9,\"iss\":\"me\"}", "for others" },
		{ "{\"exp\":2e9,\"iss\":\"you\",\"aud\":\"here\"}", "somebody else" },
		{ "{\"exp\":2e9,\"aud\":\"here\"}", "somebody else" },
		{ "{\"exp\":2e9,\"iss\":[\"me\"],\"aud\":\"here\"}", "somebody else" },
	};
	(void)state;
	rules.audience = &audience;
	rules.issuer = "me";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *reason = verify(SECRET, hs256(rows[i].payload));
		if (rows[i].wrong)
			expect(reason, rows[i].wrong);
		else
			assert_null(reason);
	}
	rules.audience = &nobody;
	rules.issuer = NULL;
}

static void test_key_names(void **state)
{
	static const char set[] = "{\"keys\":["
				  "{\"kty\":\"oct\",\"kid\":\"old\",\"k\":"
				  "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},"
				  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"},"
				  "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AA\",\"e\":\"AQAB\"},"
				  "{\"kty\":\"RSA\",\"alg\":\"PS256\",\"n\":\"AA\",\"e\":\"AQAB\"},"
				  "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}]}";
	const char *payload = "{\"exp\":2000000000}";
	(void)state;
	assert_null(verify(set, hs256(payload)));
	assert_null(
	    verify(set, issue("{\"alg\":\"HS256\",\"kid\":\"old\"}", payload, NULL, SECRET)));
	expect(verify(set, issue("{\"alg\":\"HS256\",\"kid\":\"new\"}", payload, NULL, SECRET)),
	    "signature");
}

static void test_bad_keys(void **state)
{
	static const struct {
		const char *file;
		const char *wrong;
	} rows[] = {
		{ "", "at least 32 bytes" },
		{ "short\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		    "at least 32 bytes" },
		{ "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a key" },
		{ "-----BEGIN PUBLIC KEY-----\nAAAA\n", "whole" },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		    "private key does not belong" },
		{ "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
		    "private key does not belong" },
		{ "-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n", "neither" },
		{ "{", "not JSON" },
		{ "{}", "no key in it" },
		{ "{\"keys\":[]}", "no key in it" },
		{ "{\"keys\":[1]}", "no JSON object" },
		{ "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", "at least 32 bytes" },
		{ "{\"kty\":\"oct\"}", "lacks a part" },
		{ "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "2048" },
		{ "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}", "" },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"}", "not a key" },
		/* not on the curve */
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		  "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		  "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
		    "not a key" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *reason = NULL;
		assert_null(jwt_keys_parse(slice_str(rows[i].file), &reason));
		expect(reason, rows[i].wrong);
	}
}

static void test_weak_keys(void **state)
{
	static char pem[2048];
	const char *reason = NULL;
	EVP_PKEY *small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	EVP_PKEY *wide = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	(void)state;
	write_pem(small, pem, sizeof(pem));
	assert_null(jwt_keys_parse(slice_str(pem), &reason));
	expect(reason, "2048 to 8192");
	write_pem(wide, pem, sizeof(pem));
	assert_null(jwt_keys_parse(slice_str(pem), &reason));
	expect(reason, "P-256");
	EVP_PKEY_free(small);
	EVP_PKEY_free(wide);
}

static void test_many_claims(void **state)
{
	char payload[2048];
	int n = snprintf(payload, sizeof(payload), "{\"exp\":1300819380");
	(void)state;
	for (int i = 0; i < JWT_CLAIMS_MAX - 2; i++)
		n += snprintf(payload + n, sizeof(payload) - (size_t)n, ",\"c%d\":%d", i, i);
	strcpy(payload + n, ",\"sub\":\"alice\"}");
	assert_null(verify(ec_pem, issue("{\"alg\":\"ES256\"}", payload, ec, NULL)));
	assert_string_equal(claim("sub"), "alice");
	strcpy(payload + n, ",\"more\":1,\"sub\":\"alice\"}");
	expect(verify(ec_pem, issue("{\"alg\":\"ES256\"}", payload, ec, NULL)), "too many claims");
}

static void test_long(void **state)
{
	static char token[JWT_MAX + 100];
	(void)state;
	memset(token, 'A', sizeof(token) - 1);
	expect(verify(SECRET, token), "too long");
	token[JWT_MAX] = '\0';
	expect(verify(SECRET, token), "malformed");
	token[10] = token[4000] = '.';
	expect(verify(SECRET, token), "malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_confusion),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_for_whom),
		cmocka_unit_test(test_key_names),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_weak_keys),
		cmocka_unit_test(test_many_claims),
		cmocka_unit_test(test_long),
	};
	if (!jwt_library()) {
		puts("1..0 # SKIP built without jansson");
		return 0;
	}
	arena_init(&arena);
	int failed = cmocka_run_group_tests(tests, make_keys, free_keys);
	arena_fini(&arena);
	return failed;
}
