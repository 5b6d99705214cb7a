/*
 * ocsp.c - see ocsp.h. Its signature is for clients to verify.
 */
#include "tls/ocsp.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	STAPLE_MAX = 64 << 10, /* one is of about 500 bytes, some carry a certificate */
	DAY_S = 86400,
	WITHOUT_END_S = 7 * DAY_S, /* a response without a date is used for so long */
};

static int read_file(struct staple *out, const char *file, char why_out[STAPLE_WHY])
{
	FILE *f = fopen(file, "re");
	if (!f) {
		snprintf(why_out, STAPLE_WHY, "cannot read OCSP response '%s': %s", file,
		    strerror(errno));
		return ERR_IO;
	}
	out->der = mem_alloc(STAPLE_MAX);
	out->len = (int)fread(out->der, 1, STAPLE_MAX, f);
	fclose(f);
	return OK;
}

static int64_t seconds_from_now(const ASN1_GENERALIZEDTIME *time)
{
	int days = 0, seconds = 0;
	ASN1_TIME_diff(&days, &seconds, NULL, time);
	return (int64_t)days * DAY_S + seconds;
}

static void set_times(struct staple *out, OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *this = NULL, *next = NULL;
	int64_t now = (int64_t)(clock_wall_ms() / 1000);
	OCSP_single_get0_status(single, NULL, NULL, &this, &next);
	int64_t begin = this ? now + seconds_from_now(this) : now;
	out->expires_s = next ? now + seconds_from_now(next) : now + WITHOUT_END_S;
	out->refresh_s = begin + (out->expires_s - begin) / 2;
}

static OCSP_SINGLERESP *find(OCSP_BASICRESP *basic, const X509 *leaf)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		ASN1_INTEGER *serial = NULL;
		OCSP_id_get0_info(
		    NULL, NULL, NULL, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
		if (!leaf || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0)
			return single;
	}
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *look(struct staple *out, const X509 *leaf)
{
	const unsigned char *at = out->der;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, out->len);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
	OCSP_SINGLERESP *single = basic ? find(basic, leaf) : NULL;
	const char *wrong = NULL;
	if (single)
		set_times(out, single);
	if (!basic)
		wrong = "is no OCSP response (expected DER)";
	else if (!single)
		wrong = "does not speak of the certificate";
	else if (out->expires_s <= (int64_t)(clock_wall_ms() / 1000))
		wrong = "is out of date";
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
	return wrong;
}

int staple_read(struct staple *out, const char *file, const X509 *leaf, char why_out[STAPLE_WHY])
{
	*out = (struct staple){ 0 };
	int rc = read_file(out, file, why_out);
	const char *wrong = rc == OK ? look(out, leaf) : NULL;
	if (wrong) {
		snprintf(why_out, STAPLE_WHY, "'%s' %s", file, wrong);
		rc = ERR_SYNTAX;
	}
	if (rc < 0)
		staple_fini(out);
	out->leaf = leaf;
	return rc;
}

void staple_fini(struct staple *s)
{
	mem_free(s->der);
	*s = (struct staple){ 0 };
}

static int on_status(SSL *ssl, void *arg)
{
	const struct staples *staples = arg;
	const X509 *leaf = SSL_get_certificate(ssl);
	int64_t now = (int64_t)(clock_wall_ms() / 1000);
	for (size_t i = 0; i < staples->count; i++) {
		const struct staple *s = &staples->list[i];
		if (s->leaf != leaf || !s->der || s->expires_s <= now)
			continue;
		unsigned char *copy = OPENSSL_memdup(s->der, (size_t)s->len);
		if (!copy)
			break;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, s->len); /* takes it */
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

void staples_use(SSL_CTX *ctx, const struct staples *staples)
{
	SSL_CTX_set_tlsext_status_cb(ctx, on_status);
	SSL_CTX_set_tlsext_status_arg(ctx, (void *)staples);
}
