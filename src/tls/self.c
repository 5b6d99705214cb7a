/*
 * self.c - see self.h.
 *
 * Of the two files in the state directory one holds key and certificate, the other the certificate
 * alone, for those who are to trust it.
 */
#include "tls/self.h"

#include "base/clock.h"
#include "tls/state.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DAY_S = 86400,
	GOOD_FOR_DAYS = 365, /* some clients refuse more than 398 */
	RENEW_DAYS = 30,
	SERIAL_BYTES = 16,
};

static const char *const always[] = { "localhost", "127.0.0.1", "::1", NULL };

static bool is_address(const char *name)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
	ASN1_OCTET_STRING_free(address);
	ERR_clear_error();
	return address != NULL;
}

static void add_name(GENERAL_NAMES *all, const char *name)
{
	GENERAL_NAME *one = GENERAL_NAME_new();
	if (is_address(name)) {
		GENERAL_NAME_set0_value(one, GEN_IPADD, a2i_IPADDRESS(name));
	} else {
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();
		ASN1_STRING_set(text, name, -1);
		GENERAL_NAME_set0_value(one, GEN_DNS, text);
	}
	sk_GENERAL_NAME_push(all, one);
}

static void set_names(X509 *x, const char *const *names)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	for (size_t i = 0; always[i]; i++)
		add_name(all, always[i]);
	for (size_t i = 0; names[i]; i++)
		add_name(all, names[i]);
	X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT);
	GENERAL_NAMES_free(all);
}

/* It signs nobody: whoever trusts it trusts this server and no other. */
static void set_extensions(X509 *x)
{
	static const struct {
		int nid;
		const char *value;
	} rows[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth" },
		{ NID_subject_key_identifier, "hash" },
	};
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
}

static bool set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] &= 0x7f; /* positive */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return good;
}

int self_certificate_make(struct certificate *out, const char *const *names)
{
	X509 *x = X509_new();
	*out = (struct certificate){ x, sk_X509_new_null(), EVP_EC_gen("P-256") };
	if (!x || !out->key || !set_serial(x)) {
		certificate_fini(out);
		ERR_clear_error();
		return ERR_IO;
	}
	X509_NAME *subject = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(
	    subject, "O", MBSTRING_ASC, (const unsigned char *)"httpd, for development", -1, -1, 0);
	X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S); /* clocks differ */
	X509_gmtime_adj(X509_getm_notAfter(x), (long)GOOD_FOR_DAYS * DAY_S);
	X509_set_pubkey(x, out->key);
	set_names(x, names);
	set_extensions(x);
	if (X509_sign(x, out->key, EVP_sha256()) > 0)
		return OK;
	certificate_fini(out);
	ERR_clear_error();
	return ERR_IO;
}

static bool still_good(const struct certificate *c, const char *const *names)
{
	int64_t now = (int64_t)(clock_wall_ms() / 1000);
	if (certificate_ends_in(c->leaf, now) < (int64_t)RENEW_DAYS * DAY_S ||
	    certificate_begins_in(c->leaf, now) > 0)
		return false;
	for (size_t i = 0; names[i]; i++)
		if (!certificate_names(c->leaf, names[i]))
			return false;
	return true;
}

/* Written aside and moved into place: a reader sees the old one or the new one. */
static int write_file(const char *path, mode_t mode, const struct certificate *c, bool with_key)
{
	char aside[PATH_MAX + 8];
	snprintf(aside, sizeof(aside), "%s.new", path);
	unlink(aside);
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return ERR_IO;
	bool good = PEM_write_X509(f, c->leaf) == 1;
	if (with_key)
		good = good && PEM_write_PKCS8PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL) == 1;
	good = fclose(f) == 0 && good;
	if (good && rename(aside, path) == 0)
		return OK;
	unlink(aside);
	return ERR_IO;
}

int self_certificate(struct certificate *out, const char *const *names, char path_out[PATH_MAX],
    char why_out[CERTIFICATE_WHY])
{
	char directory[PATH_MAX], file[PATH_MAX + 16], ignored[CERTIFICATE_WHY];
	path_out[0] = '\0';
	int kept = tls_state_directory(directory);
	snprintf(file, sizeof(file), "%s/self.key", directory);
	if (kept == OK && certificate_read(out, file, file, ignored) == OK &&
	    still_good(out, names)) {
		snprintf(path_out, PATH_MAX, "%.*s/self.pem", PATH_MAX - 16, directory);
		return OK;
	}
	if (kept == OK)
		certificate_fini(out);
	if (self_certificate_make(out, names) < 0)
		return ERR_IO;
	snprintf(path_out, PATH_MAX, "%.*s/self.pem", PATH_MAX - 16, directory);
	if (kept == OK && write_file(file, 0600, out, true) == OK &&
	    write_file(path_out, 0644, out, false) == OK)
		return OK;
	snprintf(why_out, CERTIFICATE_WHY, "cannot keep it in '%.*s': %s", 150, directory,
	    strerror(errno));
	path_out[0] = '\0';
	return OK;
}
