/*
 * check.h - what --test and a reload say about certificates, and what an operator is told of them
 * later.
 */
#ifndef TLS_CHECK_H
#define TLS_CHECK_H

#include "base/buf.h"
#include "config/report.h"
#include "tls/context.h"

/* Mistakes are what can not work; what clients will complain of is a warning, so that an expired
 * certificate does not keep a server with twenty sites from starting. */
void tls_check(const struct snapshot *s, struct config_report *report);

/* A number that differs when one of the files was written anew. */
uint64_t tls_files_stamp(const struct snapshot *s);

/* Calls fn for each certificate in use; `file` NULL: the one made on the spot. Its end is in
 * seconds since the epoch. */
typedef void (*tls_certificate_fn)(void *ctx, const char *file, int64_t ends_s);
void tls_each_certificate(const struct tls_contexts *t, tls_certificate_fn fn, void *ctx);

/* Logs a warning for each certificate that ends within CERTIFICATE_WARN_DAYS. */
void tls_warn_of_expiry(const struct tls_contexts *t);
/* Lines for --status: "certificate: example.pem, 61 days left". */
void tls_status(const struct tls_contexts *t, struct buf *out);

#endif
