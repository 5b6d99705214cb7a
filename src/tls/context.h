/*
 * context.h - what a handshake needs, made ready: one for each different group of settings that
 * sites have.
 *
 * Made by the master, which may read private keys, when it takes a configuration up; workers
 * inherit them with the fork. Lives as long as its generation.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "config/report.h"
#include "tls/certificate.h"
#include "tls/ocsp.h"
#include "tls/settings.h"

#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ssl;
	const struct tls_settings *settings; /* the snapshot's */
	const X509 *
	    *leaves; /* as many as the settings name; NULL: could not be read. One for `self` */
	size_t leaf_count;
	struct staples staples;
};

struct tls_contexts {
	const struct snapshot *snapshot; /* borrowed: it lives longer */
	struct tls_context **list;       /* owned */
	size_t count;
	struct tls_context **by_site; /* NULL: the site has no certificate of its own */
	struct tls_context *first;    /* of the first site that has one; NULL: none has */
	struct tls_context *self; /* with the certificate made on the spot; NULL: not asked for */
};

/* Reads what the snapshot's sites name. Mistakes go to the report; then the result is incomplete,
 * but can be given back. */
struct tls_contexts *tls_contexts_new(const struct snapshot *s, struct config_report *report);
void tls_contexts_free(struct tls_contexts **t);

/* Whether two sites are one to a handshake: then they share a context. */
bool tls_settings_same(const struct tls_settings *a, const struct tls_settings *b);

/* Name and version: "OpenSSL 3.0.2". */
const char *tls_library(void);
/* Whether the library could leave the sealing of records to the kernel, and whether this kernel
 * could. */
bool tls_library_has_kernel(void);
bool tls_kernel_has_tls(void);

/* Adds the certificate made on the spot. Takes it. */
void tls_contexts_add_self(struct tls_contexts *t, struct certificate *c);

/* Whether the ciphers and curves of the settings can be used, to be told what is wrong: a mistake
 * of the report. */
void tls_context_check(const struct config_scope *scope, struct config_report *report);

/* The ciphers of TLS 1.3 among `ciphers`, for a connection that changes its context. */
void tls_context_set_suites(SSL *ssl, const char *ciphers);

/* Of a site, by its index in the snapshot: its own, else `fallback`. */
static inline const struct tls_context *tls_context_of(
    const struct tls_contexts *t, size_t site, const struct tls_context *fallback)
{
	return t->by_site[site] ? t->by_site[site] : fallback;
}

#endif
