/*
 * password.c - see password.h. The comparison takes the same time wherever two hashes differ.
 */
#include "crypto/password.h"

#include "base/mem.h"
#include "crypto/secret.h"

#include <crypt.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

static const char apr1_prefix[] = "$apr1$";

enum {
	APR1_SALT = 8,
	APR1_ROUNDS = 1000,
	APR1_HASH = 22, /* 16 bytes, six bits a character */
	MD5_LEN = 16,
};

static const struct {
	const char *prefix;
	enum password_method method;
	size_t tail; /* characters behind the last "$" */
} methods[] = {
	{ "$2a$", PASSWORD_BCRYPT, 53 },
	{ "$2b$", PASSWORD_BCRYPT, 53 },
	{ "$2y$", PASSWORD_BCRYPT, 53 },
	{ "$y$", PASSWORD_YESCRYPT, 43 },
	{ "$6$", PASSWORD_SHA512, 86 },
	{ "$5$", PASSWORD_SHA256, 43 },
	{ apr1_prefix, PASSWORD_APR1, APR1_HASH },
};

static const char *refused(struct slice hash)
{
	if (hash.len == 0)
		return "no hash";
	if (slice_starts(hash, SLICE("{SHA}")))
		return "an unsalted SHA-1 hash is as good as none";
	if (slice_starts(hash, SLICE("$1$")))
		return "hashes of MD5 are not taken";
	return "not a hash of bcrypt, yescrypt, SHA-512, SHA-256 or apr1";
}

enum password_method password_method(struct slice hash, const char **reason_out)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!slice_starts(hash, slice_str(methods[i].prefix)))
			continue;
		size_t tail = hash.len - (size_t)slice_find_last(hash, '$') - 1;
		if (tail == methods[i].tail && hash.len < PASSWORD_HASH_MAX)
			return methods[i].method;
		*reason_out = "the hash is cut or damaged";
		return PASSWORD_UNKNOWN;
	}
	*reason_out = refused(hash);
	return PASSWORD_UNKNOWN;
}

static bool same(const char *a, const char *b)
{
	size_t len = strlen(a);
	return len == strlen(b) && secret_equal(a, b, len);
}

static void add(EVP_MD_CTX *md5, const void *bytes, size_t len)
{
	EVP_DigestUpdate(md5, bytes, len);
}

/* `sum` over and over again, to as many bytes as the password has. */
static void add_stretched(EVP_MD_CTX *md5, const unsigned char *sum, size_t len)
{
	for (; len > MD5_LEN; len -= MD5_LEN)
		add(md5, sum, MD5_LEN);
	add(md5, sum, len);
}

static void apr1_begin(
    EVP_MD_CTX *md5, struct slice password, struct slice salt, unsigned char *sum)
{
	EVP_DigestInit_ex(md5, EVP_md5(), NULL);
	add(md5, password.ptr, password.len);
	add(md5, salt.ptr, salt.len);
	add(md5, password.ptr, password.len);
	EVP_DigestFinal_ex(md5, sum, NULL);
	EVP_DigestInit_ex(md5, EVP_md5(), NULL);
	add(md5, password.ptr, password.len);
	add(md5, apr1_prefix, sizeof(apr1_prefix) - 1);
	add(md5, salt.ptr, salt.len);
	add_stretched(md5, sum, password.len);
	/* The method's own oddity: a NUL for each one bit of the length. */
	for (size_t bits = password.len; bits; bits >>= 1)
		add(md5, bits & 1 ? "" : password.ptr, 1);
	EVP_DigestFinal_ex(md5, sum, NULL);
}

static void apr1_round(
    EVP_MD_CTX *md5, unsigned round, struct slice password, struct slice salt, unsigned char *sum)
{
	EVP_DigestInit_ex(md5, EVP_md5(), NULL);
	if (round & 1)
		add(md5, password.ptr, password.len);
	else
		add(md5, sum, MD5_LEN);
	if (round % 3)
		add(md5, salt.ptr, salt.len);
	if (round % 7)
		add(md5, password.ptr, password.len);
	if (round & 1)
		add(md5, sum, MD5_LEN);
	else
		add(md5, password.ptr, password.len);
	EVP_DigestFinal_ex(md5, sum, NULL);
}

static char *put_digits(char *out, uint32_t value, unsigned count)
{
	static const char digits[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	for (; count > 0; count--, value >>= 6)
		*out++ = digits[value & 63];
	return out;
}

static void apr1_write(const unsigned char *sum, char *out)
{
	for (unsigned i = 0; i < 5; i++) {
		unsigned last = i == 4 ? 5 : i + 12;
		out = put_digits(
		    out, (uint32_t)sum[i] << 16 | (uint32_t)sum[i + 6] << 8 | sum[last], 4);
	}
	*put_digits(out, sum[11], 2) = '\0';
}

static bool apr1_matches(const char *text, const char *hash)
{
	unsigned char sum[MD5_LEN] = { 0 };
	char digits[APR1_HASH + 1];
	struct slice password = slice_str(text), rest = slice_str(hash + sizeof(apr1_prefix) - 1);
	struct slice salt = slice_head(slice_split(&rest, '$'), APR1_SALT);
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	/* A library in FIPS mode has no MD5: nobody gets in by it. */
	if (!md5 || EVP_DigestInit_ex(md5, EVP_md5(), NULL) != 1) {
		EVP_MD_CTX_free(md5);
		return false;
	}
	apr1_begin(md5, password, salt, sum);
	for (unsigned round = 0; round < APR1_ROUNDS; round++)
		apr1_round(md5, round, password, salt, sum);
	EVP_MD_CTX_free(md5);
	apr1_write(sum, digits);
	return rest.len == APR1_HASH && secret_equal(digits, rest.ptr, APR1_HASH);
}

bool password_matches(const char *password, const char *hash)
{
	const char *reason;
	enum password_method method = password_method(slice_str(hash), &reason);
	if (method == PASSWORD_UNKNOWN || strlen(password) > PASSWORD_MAX)
		return false;
	if (method == PASSWORD_APR1)
		return apr1_matches(password, hash);
	struct crypt_data *data = mem_zalloc(sizeof(*data)); /* 32 KiB: not for a thread's stack */
	const char *made = crypt_r(password, hash, data);
	bool right = made && made[0] != '*' && same(made, hash);
	explicit_bzero(data, sizeof(*data));
	mem_free(data);
	return right;
}

int password_hash(const char *password, char hash_out[PASSWORD_HASH_MAX])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	size_t len = strlen(password);
	if (len == 0 || len > PASSWORD_MAX)
		return ERR_RANGE;
	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) &&
	    !crypt_gensalt_rn("$6$", 200000, NULL, 0, setting, sizeof(setting)))
		return ERR_IO;
	struct crypt_data *data = mem_zalloc(sizeof(*data));
	const char *made = crypt_r(password, setting, data);
	int rc = made && made[0] != '*' ? OK : ERR_IO;
	if (rc == OK)
		snprintf(hash_out, PASSWORD_HASH_MAX, "%s", made);
	explicit_bzero(data, sizeof(*data));
	mem_free(data);
	return rc;
}
