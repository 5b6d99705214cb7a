/*
 * signature.c - see signature.h.
 */
#include "crypto/signature.h"

#include "base/mem.h"
#include "crypto/secret.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum {
	RSA_BITS_MIN = 2048, /* RFC 7518 section 3.3 */
	RSA_BITS_MAX = 8 * SIGNATURE_MAX,
	EC_BYTES = 32, /* of a coordinate, of r and of s */
};

struct signature_key {
	enum signature_algorithm algorithm;
	EVP_PKEY *public; /* NULL: a secret */
	size_t secret_len;
	char secret[];
};

static const char *const names[] = {
	[SIGNATURE_HS256] = "HS256",
	[SIGNATURE_RS256] = "RS256",
	[SIGNATURE_ES256] = "ES256",
};

enum signature_algorithm signature_find(struct slice name)
{
	for (unsigned i = 0; i < SIGNATURE_UNKNOWN; i++)
		if (slice_eq(slice_str(names[i]), name))
			return (enum signature_algorithm)i;
	return SIGNATURE_UNKNOWN;
}

const char *signature_name(enum signature_algorithm algorithm)
{
	return algorithm < SIGNATURE_UNKNOWN ? names[algorithm] : "unknown";
}

struct signature_key *signature_key_secret(struct slice secret, const char **reason_out)
{
	if (secret.len < SIGNATURE_SECRET_MIN) {
		*reason_out = "a secret has at least 32 bytes (openssl rand -base64 48 makes one)";
		return NULL;
	}
	struct signature_key *key = mem_zalloc(sizeof(*key) + secret.len);
	key->algorithm = SIGNATURE_HS256;
	key->secret_len = secret.len;
	memcpy(key->secret, secret.ptr, secret.len);
	return key;
}

static const char *classify(const EVP_PKEY *public, enum signature_algorithm *algorithm_out)
{
	char group[32] = "";
	if (EVP_PKEY_is_a(public, "RSA")) {
		int bits = EVP_PKEY_get_bits(public);
		*algorithm_out = SIGNATURE_RS256;
		return bits < RSA_BITS_MIN || bits > RSA_BITS_MAX
			   ? "an RSA key has 2048 to 8192 bits"
			   : NULL;
	}
	*algorithm_out = SIGNATURE_ES256;
	if (!EVP_PKEY_is_a(public, "EC"))
		return "neither an RSA nor an EC key";
	if (EVP_PKEY_get_group_name(public, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "prime256v1") != 0)
		return "an EC key is on the curve P-256";
	return NULL;
}

/* Takes `public`. */
static struct signature_key *key_of(EVP_PKEY *public, const char **reason_out)
{
	enum signature_algorithm algorithm = SIGNATURE_UNKNOWN;
	const char *reason = public ? classify(public, &algorithm) : "not a key";
	ERR_clear_error();
	if (reason) {
		EVP_PKEY_free(public);
		*reason_out = reason;
		return NULL;
	}
	struct signature_key *key = mem_zalloc(sizeof(*key));
	key->algorithm = algorithm;
	key->public = public;
	return key;
}

/* Takes `build`. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY *public = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &public, EVP_PKEY_PUBLIC_KEY, params) != 1)
	public = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return public;
}

static BIGNUM *number_of(struct slice bytes)
{
	return BN_bin2bn((const unsigned char *)bytes.ptr, (int)bytes.len, NULL);
}

struct signature_key *signature_key_rsa(
    struct slice modulus, struct slice exponent, const char **reason_out)
{
	BIGNUM *n = number_of(modulus), *e = number_of(exponent);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *public = NULL;
	if (n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
	public = from_params("RSA", build);
	else OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return key_of(public, reason_out);
}

struct signature_key *signature_key_ec(struct slice x, struct slice y, const char **reason_out)
{
	unsigned char point[1 + 2 * EC_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *public = NULL;
	if (x.len != EC_BYTES || y.len != EC_BYTES || !build) {
		OSSL_PARAM_BLD_free(build);
		return key_of(NULL, reason_out);
	}
	memcpy(point + 1, x.ptr, EC_BYTES);
	memcpy(point + 1 + EC_BYTES, y.ptr, EC_BYTES);
	if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
	public = from_params("EC", build);
	else OSSL_PARAM_BLD_free(build);
	return key_of(public, reason_out);
}

static EVP_PKEY *read_certificate(const unsigned char *der, long len)
{
	X509 *certificate = d2i_X509(NULL, &der, len);
	EVP_PKEY *public = certificate ? X509_get_pubkey(certificate) : NULL;
	X509_free(certificate);
	return public;
}

static struct signature_key *read_block(
    const char *name, const unsigned char *der, long len, const char **reason_out)
{
	if (strcmp(name, PEM_STRING_PUBLIC) == 0)
		return key_of(d2i_PUBKEY(NULL, &der, len), reason_out);
	if (strcmp(name, PEM_STRING_X509) == 0)
		return key_of(read_certificate(der, len), reason_out);
	*reason_out = strstr(name, "PRIVATE KEY")
			  ? "a private key does not belong here (openssl pkey -pubout gives the "
			    "public one)"
			  : "neither a public key nor a certificate";
	return NULL;
}

int signature_keys_pem(struct slice text, void (*fn)(void *ctx, struct signature_key *key),
    void *ctx, const char **reason_out)
{
	BIO *from = BIO_new_mem_buf(text.ptr, (int)text.len);
	char *name, *header;
	unsigned char *der;
	long len;
	unsigned count = 0;
	struct signature_key *key = NULL;
	*reason_out = "no PEM in it that is whole";
	while (from && PEM_read_bio(from, &name, &header, &der, &len) == 1) {
		key = read_block(name, der, len, reason_out);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
		if (!key)
			break;
		fn(ctx, key);
		count++;
	}
	ERR_clear_error();
	BIO_free(from);
	return count > 0 && key ? OK : ERR_SYNTAX;
}

void signature_key_free(struct signature_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->public);
	explicit_bzero((*key)->secret, (*key)->secret_len);
	mem_free(*key);
	*key = NULL;
}

enum signature_algorithm signature_key_algorithm(const struct signature_key *key)
{
	return key->algorithm;
}

static bool verify_mac(const struct signature_key *key, struct slice text, struct slice signature)
{
	unsigned char mac[SECRET_MAC];
	secret_mac(slice_of(key->secret, key->secret_len), text, mac);
	return signature.len == SECRET_MAC && secret_equal(mac, signature.ptr, SECRET_MAC);
}

/* Tokens have r and s as they are, the library wants them in DER. Returns the length, 0 for none.
 */
static int encode_ecdsa(struct slice signature, unsigned char **der_out)
{
	if (signature.len != 2 * EC_BYTES)
		return 0;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = number_of(slice_head(signature, EC_BYTES));
	BIGNUM *s = number_of(slice_tail(signature, EC_BYTES));
	int len = 0;
	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		len = i2d_ECDSA_SIG(sig, der_out);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return len > 0 ? len : 0;
}

static bool verify_public(EVP_PKEY *public, struct slice text, struct slice signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool right = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public) == 1 &&
		     EVP_DigestVerify(ctx, (const unsigned char *)signature.ptr, signature.len,
			 (const unsigned char *)text.ptr, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return right;
}

bool signature_verify(const struct signature_key *key, struct slice text, struct slice signature)
{
	unsigned char *der = NULL;
	if (key->algorithm == SIGNATURE_HS256)
		return verify_mac(key, text, signature);
	if (key->algorithm == SIGNATURE_RS256) /* its default padding is PKCS #1 v1.5 */
		return verify_public(key->public, text, signature);
	int len = encode_ecdsa(signature, &der);
	bool right =
	    len > 0 && verify_public(key->public, text, slice_of((const char *)der, (size_t)len));
	OPENSSL_free(der);
	return right;
}
