/* support.h - certificates, files and handshakes for the tests of tls/. */
#ifndef TESTS_TLS_SUPPORT_H
#define TESTS_TLS_SUPPORT_H

#include "tls/certificate.h"

#include <limits.h>
#include <openssl/ssl.h>

/* A directory of the test's own, empty; removed by support_end. */
const char *support_begin(void);
void support_end(void);

/* Writes certificates and keys to a file of that directory; NULL where there is none. Its path is
 * in static storage, for the last four. */
struct pem {
	X509 *first;
	X509 *second;
	EVP_PKEY *key;
	const char *text; /* instead */
};
const char *support_file(const char *name, const struct pem *pem);

/* Signed by `issuer` (NULL: by itself), valid from `begin_s` to `end_s` from now. */
struct order {
	const char *name;
	EVP_PKEY *key;
	const X509 *issuer;
	EVP_PKEY *issuer_key;
	const EVP_MD *digest; /* NULL: SHA-256 */
	long begin_s, end_s;
};
X509 *support_certificate(const struct order *order);

/* A server with a certificate for localhost, and a client. */
SSL_CTX *support_server(void);
SSL_CTX *support_client(int version);

#endif
