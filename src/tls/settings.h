/*
 * settings.h - the group `tls` of the configuration: at the top for all sites, or at one of them.
 */
#ifndef TLS_SETTINGS_H
#define TLS_SETTINGS_H

#include "config/snapshot.h"

#include <string.h>

enum tls_verify { TLS_VERIFY_REQUIRED, TLS_VERIFY_OPTIONAL, TLS_VERIFY_OFF };
enum tls_min_version { TLS_MIN_1_2, TLS_MIN_1_3 };

struct tls_settings {
	struct config_strings certificate;   /* PEM: the certificate, then its chain */
	struct config_strings key;           /* as many, or none: they stand in the same files */
	struct config_strings ocsp_stapling; /* as many, or none: DER, or "fetch" */
	int min_version;                     /* enum tls_min_version */
	const char *ciphers;                 /* OpenSSL's names, with colons; of TLS 1.2 and 1.3 */
	const char *curves;
	const char *client_ca;
	int verify;   /* enum tls_verify; meant only with client_ca */
	int64_t hsts; /* milliseconds; 0: no such field is sent */
};

extern const struct key_group tls_group;

static inline const struct tls_settings *tls_settings(const struct config_scope *site)
{
	return config_settings(site, &tls_group);
}

/* Whether the i-th OCSP response is fetched from who issued the certificate. */
static inline bool tls_staple_is_fetched(const struct tls_settings *s, size_t i)
{
	return strcmp(s->ocsp_stapling.list[i], "fetch") == 0;
}

/* The file of the i-th certificate's key. */
static inline const char *tls_key_file(const struct tls_settings *s, size_t i)
{
	return i < s->key.count ? s->key.list[i] : s->certificate.list[i];
}

#endif
