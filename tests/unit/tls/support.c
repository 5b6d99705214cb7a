/* support.c - see support.h. */
#include "support.h"

#include "tls/self.h"

#include <assert.h>
#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

const char *support_begin(void)
{
	strcpy(directory, "/tmp/httpd-tls.XXXXXX");
	assert(mkdtemp(directory));
	return directory;
}

static void empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		char inner[PATH_MAX];
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_DIR)
			empty(inner);
		else
			unlink(inner);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

void support_end(void)
{
	empty(directory);
}

const char *support_file(const char *name, const struct pem *pem)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	snprintf(path, PATH_MAX, "%s/%s", directory, name);
	FILE *f = fopen(path, "w");
	assert(f);
	if (pem->text)
		fputs(pem->text, f);
	if (pem->first)
		PEM_write_X509(f, pem->first);
	if (pem->second)
		PEM_write_X509(f, pem->second);
	if (pem->key)
		PEM_write_PrivateKey(f, pem->key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	return path;
}

X509 *support_certificate(const struct order *o)
{
	X509 *x = X509_new();
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), o->begin_s);
	X509_gmtime_adj(X509_getm_notAfter(x), o->end_s);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)o->name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(o->issuer ? o->issuer : x));
	X509_set_pubkey(x, o->key);
	const EVP_MD *digest = o->digest ? o->digest : EVP_sha256();
	assert(X509_sign(x, o->issuer_key ? o->issuer_key : o->key, digest) > 0);
	return x;
}

SSL_CTX *support_server(void)
{
	static const char *const names[] = { NULL };
	struct certificate c;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int rc = self_certificate_make(&c, names);
	assert(rc == OK);
	rc = SSL_CTX_use_cert_and_key(ctx, c.leaf, c.key, c.chain, 1);
	assert(rc == 1);
	certificate_fini(&c);
	return ctx;
}

SSL_CTX *support_client(int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	return ctx;
}
