/*
 * certificate.c - see certificate.h. Names are matched as RFC 6125 and RFC 9525 say.
 */
#include "tls/certificate.h"

#include "base/mem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	RSA_BITS_MIN = 2048, /* what browsers still take */
	EC_BITS_MIN = 256,
};

static int complain(char why_out[CERTIFICATE_WHY], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int complain(char why_out[CERTIFICATE_WHY], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why_out, CERTIFICATE_WHY, fmt, ap);
	va_end(ap);
	ERR_clear_error();
	return ERR_SYNTAX;
}

static int complain_errno(char why_out[CERTIFICATE_WHY], const char *what, const char *file)
{
	snprintf(why_out, CERTIFICATE_WHY, "cannot read %s '%s': %s", what, file, strerror(errno));
	return ERR_IO;
}

/* An empty pass phrase: OpenSSL would ask for one on the terminal. */
static int on_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf, (void)size, (void)writing;
	*(bool *)asked = true;
	return -1;
}

static int read_chain(struct certificate *out, const char *file, char why_out[CERTIFICATE_WHY])
{
	FILE *f = fopen(file, "re");
	if (!f)
		return complain_errno(why_out, "certificate", file);
	X509 *next;
	out->leaf = PEM_read_X509_AUX(f, NULL, NULL, NULL);
	out->chain = sk_X509_new_null();
	while (out->leaf && (next = PEM_read_X509(f, NULL, NULL, NULL)))
		sk_X509_push(out->chain, next);
	fclose(f);
	unsigned long last = ERR_peek_last_error();
	bool end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
	if (!out->leaf)
		return end ? complain(why_out, "'%s' has no certificate in it (expected PEM)", file)
			   : complain(why_out, "the certificate in '%s' is damaged", file);
	if (!end)
		return complain(why_out, "a certificate of the chain in '%s' is damaged", file);
	ERR_clear_error();
	return OK;
}

static int read_key(struct certificate *out, const char *file, char why_out[CERTIFICATE_WHY])
{
	bool asked = false;
	FILE *f = fopen(file, "re");
	if (!f)
		return complain_errno(why_out, "key", file);
	out->key = PEM_read_PrivateKey(f, NULL, on_passphrase, &asked);
	fclose(f);
	if (out->key)
		return OK;
	if (asked)
		return complain(why_out,
		    "the key in '%s' is encrypted, and nobody is there to type its pass phrase "
		    "(openssl pkey writes it without)",
		    file);
	return complain(why_out, "'%s' has no private key in it (expected PEM)", file);
}

int certificate_read(
    struct certificate *out, const char *file, const char *key_file, char why_out[CERTIFICATE_WHY])
{
	*out = (struct certificate){ 0 };
	ERR_clear_error();
	int rc = read_chain(out, file, why_out);
	if (rc == OK)
		rc = read_key(out, key_file, why_out);
	if (rc < 0)
		return rc;
	if (X509_check_private_key(out->leaf, out->key) == 1)
		return OK;
	ERR_clear_error();
	snprintf(why_out, CERTIFICATE_WHY, "the key in '%s' is not that of the certificate in '%s'",
	    key_file, file);
	return ERR_DENIED;
}

void certificate_fini(struct certificate *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	*c = (struct certificate){ 0 };
}

static bool digest_is_weak(const X509 *x)
{
	int digest = NID_undef;
	if (!X509_get_signature_info((X509 *)x, &digest, NULL, NULL, NULL))
		return false;
	return digest == NID_md5 || digest == NID_sha1 || digest == NID_md4 || digest == NID_md2;
}

bool certificate_weak(const struct certificate *c, char why_out[CERTIFICATE_WHY])
{
	int bits = EVP_PKEY_get_bits(c->key);
	int type = EVP_PKEY_get_base_id(c->key);
	bool rsa = type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS;
	if (rsa && bits < RSA_BITS_MIN)
		snprintf(why_out, CERTIFICATE_WHY, "weak: an RSA key of %d bits (at least %d)",
		    bits, RSA_BITS_MIN);
	else if (type == EVP_PKEY_EC && bits < EC_BITS_MIN)
		snprintf(why_out, CERTIFICATE_WHY,
		    "weak: an elliptic curve of %d bits (at least %d)", bits, EC_BITS_MIN);
	else if (type == EVP_PKEY_DSA)
		snprintf(why_out, CERTIFICATE_WHY, "a DSA key: no browser takes it");
	else if (digest_is_weak(c->leaf))
		snprintf(why_out, CERTIFICATE_WHY, "weak: it is signed with MD5 or SHA-1");
	else
		return false;
	return true;
}

static int64_t seconds_until(const ASN1_TIME *when, int64_t now_s)
{
	int days = 0, seconds = 0;
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)now_s);
	ASN1_TIME_diff(&days, &seconds, now, when);
	ASN1_TIME_free(now);
	return (int64_t)days * 86400 + seconds;
}

int64_t certificate_ends_in(const X509 *leaf, int64_t now_s)
{
	return seconds_until(X509_get0_notAfter(leaf), now_s);
}

int64_t certificate_begins_in(const X509 *leaf, int64_t now_s)
{
	return seconds_until(X509_get0_notBefore(leaf), now_s);
}

/* Any host of the domain: only a wildcard of the certificate matches a name nobody has. */
static bool names_all_of(X509 *leaf, const char *domain)
{
	char *host = mem_printf("any-host-at-all%s", domain);
	bool yes = X509_check_host(leaf, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	mem_free(host);
	return yes;
}

bool certificate_names(const X509 *leaf, const char *name)
{
	X509 *x = (X509 *)leaf; /* the checks fill in a cache of the extensions */
	size_t len = strlen(name);
	if (name[0] == '*' && name[1] == '.')
		return names_all_of(x, name + 1);
	if (name[0] == '[' && len > 2) {
		char *address = mem_printf("%.*s", (int)len - 2, name + 1);
		bool yes = X509_check_ip_asc(x, address, 0) == 1;
		mem_free(address);
		return yes;
	}
	return X509_check_host(x, name, len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1 ||
	       X509_check_ip_asc(x, name, 0) == 1;
}

bool certificate_chain_in_order(const struct certificate *c)
{
	X509 *below = c->leaf;
	for (int i = 0; i < sk_X509_num(c->chain); i++) {
		X509 *above = sk_X509_value(c->chain, i);
		if (X509_check_issued(above, below) != X509_V_OK)
			return false;
		below = above;
	}
	return true;
}
