/*
 * settings.c - the rows of the group `tls`, and what can be wrong with them by their form alone.
 * What the files say is check.c's.
 */
#include "tls/settings.h"

#include "config/report.h"

#define DAY (INT64_C(24) * 3600 * 1000)

static const char *const version_choices[] = { [TLS_MIN_1_2] = "1.2", [TLS_MIN_1_3] = "1.3", NULL };
static const char *const verify_choices[] = {
	[TLS_VERIFY_REQUIRED] = "required",
	[TLS_VERIFY_OPTIONAL] = "optional",
	[TLS_VERIFY_OFF] = "off",
	NULL,
};

/*
 * Mozilla's "intermediate" without finite-field Diffie-Hellman: whoever has no elliptic curves has
 * no TLS 1.2 worth having. 128 bits first, as they cost less and break no sooner.
 */
#define CIPHERS                                                                       \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:" \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                  \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                  \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static const struct key tls_keys[] = {
	{
	    .name = "certificate",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct tls_settings, certificate),
	    .help = "PEM file of the certificate and its chain; a list for RSA beside ECDSA",
	},
	{
	    .name = "key",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct tls_settings, key),
	    .help = "PEM file of its private key; without it, the certificate's file has it",
	},
	{
	    .name = "min_version",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct tls_settings, min_version),
	    .def = "1.2",
	    .choices = version_choices,
	    .help = "the oldest version of TLS that is spoken",
	},
	{
	    .name = "ciphers",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct tls_settings, ciphers),
	    .def = CIPHERS,
	    .help = "ciphers in the order of preference, by OpenSSL's names",
	},
	{
	    .name = "curves",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct tls_settings, curves),
	    .def = "X25519:P-256:P-384",
	    .help = "groups for the key exchange in the order of preference",
	},
	{
	    .name = "hsts",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct tls_settings, hsts),
	    .def = "0s",
	    .min = 0,
	    .max = 3650 * DAY, /* beyond that it can not be taken back in anybody's working life */
	    .help = "for how long browsers are to use HTTPS only; 0: they are told nothing",
	},
	{
	    .name = "client_ca",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct tls_settings, client_ca),
	    .help = "PEM file of the authorities whose client certificates are taken",
	},
	{
	    /* Without a default, so that a dump does not say it where it would be a mistake: the
	     * first choice holds if nothing is said. */
	    .name = "verify",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct tls_settings, verify),
	    .choices = verify_choices,
	    .help = "with client_ca: whether a client must show a certificate, as it must if this "
		    "is not said",
	},
	{
	    .name = "ocsp_stapling",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct tls_settings, ocsp_stapling),
	    .help =
		"OCSP response that is sent along with the certificate: a file (DER), or \"fetch\"",
	},
	KEYS_END,
};

static void check_count(const struct config_scope *scope, const char *key,
    const struct config_strings *list, size_t certificates, struct config_report *report)
{
	if (list->count == 0 || list->count == certificates)
		return;
	if (certificates == 0) {
		report_mistake(report, config_place(scope, &tls_group, key),
		    "tls.%s: there is no certificate for it (say certificate = \"...\" beside it)",
		    key);
		return;
	}
	report_mistake(report, config_place(scope, &tls_group, key),
	    "tls.%s: %zu files for %zu certificates (expected as many, in the same order)", key,
	    list->count, certificates);
}

static void check_tls(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct tls_settings *tls = settings;
	check_count(scope, "key", &tls->key, tls->certificate.count, report);
	check_count(scope, "ocsp_stapling", &tls->ocsp_stapling, tls->certificate.count, report);
	if (config_given(scope, &tls_group, "verify") && !tls->client_ca)
		report_mistake(report, config_place(scope, &tls_group, "verify"),
		    "tls.verify: needs 'client_ca', the authorities to verify with");
}

const struct key_group tls_group = {
	.name = "tls",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE,
	.keys = tls_keys,
	.size = sizeof(struct tls_settings),
	.help = "certificates and how HTTPS is spoken",
	.check = check_tls,
};
