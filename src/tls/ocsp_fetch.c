/*
 * ocsp_fetch.c - see ocsp_fetch.h.
 *
 * Without a nonce: responders answer everybody with what they have signed beforehand (RFC 5019),
 * and a staple is meant to be shown for days.
 */
#include "tls/ocsp_fetch.h"

#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

enum {
	RESPONSE_MAX = 64 << 10,
	CLOCK_S = 300, /* that clocks may differ */
};

static int fail(int error, char why_out[STAPLE_WHY], const char *why)
{
	const char *detail = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(why_out, STAPLE_WHY, "%s%s%s", why, detail ? ": " : "", detail ? detail : "");
	ERR_clear_error();
	return error;
}

/* Who vouches for the responder's answer. Borrowed. */
static X509 *issuer_of(const struct certificate *c)
{
	X509 *issuer = sk_X509_num(c->chain) > 0 ? sk_X509_value(c->chain, 0) : NULL;
	bool issued = issuer && X509_check_issued(issuer, c->leaf) == X509_V_OK;
	ERR_clear_error();
	return issued ? issuer : NULL;
}

bool ocsp_can_fetch(const struct certificate *c, char why_out[STAPLE_WHY])
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(c->leaf);
	bool named = urls && sk_OPENSSL_STRING_num(urls) > 0;
	X509_email_free(urls);
	if (!named)
		snprintf(why_out, STAPLE_WHY, "names no OCSP responder");
	else if (!issuer_of(c))
		snprintf(why_out, STAPLE_WHY, "is not followed by that of its issuer");
	return named && issuer_of(c);
}

/* ---- asking -------------------------------------------------------------------------------- */

static OCSP_CERTID *id_of(const struct certificate *c)
{
	return OCSP_cert_to_id(EVP_sha1(), c->leaf, issuer_of(c)); /* what all responders know */
}

static BIO *make_question(const struct certificate *c)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = id_of(c);
	BIO *bio = NULL;
	if (request && id && OCSP_request_add0_id(request, id)) {
		id = NULL; /* the request's */
		bio = ASN1_item_i2d_mem_bio(
		    ASN1_ITEM_rptr(OCSP_REQUEST), (const ASN1_VALUE *)request);
	}
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	return bio;
}

static BIO *ask(const char *url, BIO *question)
{
	char *host = NULL, *port = NULL, *path = NULL;
	int secure = 0;
	BIO *answer = NULL;
	/* Plain HTTP, as everywhere: the answer is signed. */
	if (OSSL_HTTP_parse_url(url, &secure, NULL, &host, &port, NULL, &path, NULL, NULL) &&
	    !secure)
		answer = OSSL_HTTP_transfer(NULL, host, port, path, 0, NULL, NULL, NULL, NULL, NULL,
		    NULL, 0, NULL, "application/ocsp-request", question,
		    "application/ocsp-response", 1, RESPONSE_MAX, OCSP_FETCH_S, 0);
	OPENSSL_free(host);
	OPENSSL_free(port);
	OPENSSL_free(path);
	return answer;
}

static int transfer(const struct certificate *c, struct staple *out, char why_out[STAPLE_WHY])
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(c->leaf);
	const char *url = sk_OPENSSL_STRING_value(urls, 0);
	BIO *question = make_question(c);
	BIO *answer = question ? ask(url, question) : NULL;
	char *der = NULL;
	long len = answer ? BIO_get_mem_data(answer, &der) : 0;
	int rc = OK;
	if (len > 0 && len <= RESPONSE_MAX) {
		out->der = mem_alloc((size_t)len);
		out->len = (int)len;
		memcpy(out->der, der, (size_t)len);
	} else {
		char text[STAPLE_WHY / 2];
		snprintf(text, sizeof(text), "%s does not answer", url);
		rc = fail(ERR_IO, why_out, text);
	}
	BIO_free(answer);
	BIO_free(question);
	X509_email_free(urls);
	return rc;
}

/* ---- what was answered --------------------------------------------------------------------- */

/* By the issuer, or by somebody to whom he gave a certificate for that. */
static bool is_signed(OCSP_BASICRESP *basic, const struct certificate *c)
{
	X509_STORE *store = X509_STORE_new();
	bool good = store && X509_STORE_add_cert(store, issuer_of(c)) &&
		    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) &&
		    OCSP_basic_verify(basic, c->chain, store, 0) == 1;
	X509_STORE_free(store);
	return good;
}

static int judge(OCSP_BASICRESP *basic, const struct certificate *c, char why_out[STAPLE_WHY])
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this = NULL, *next = NULL;
	int status = 0, reason = 0;
	OCSP_CERTID *id = id_of(c);
	bool found =
	    id && OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &this, &next);
	OCSP_CERTID_free(id);
	if (!is_signed(basic, c))
		return fail(ERR_SYNTAX, why_out, "its signature is not the issuer's");
	if (!found)
		return fail(ERR_SYNTAX, why_out, "it does not speak of the certificate");
	if (OCSP_check_validity(this, next, CLOCK_S, -1) != 1)
		return fail(ERR_SYNTAX, why_out, "it is not in force");
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return fail(ERR_DENIED, why_out, "the certificate is revoked");
	if (status != V_OCSP_CERTSTATUS_GOOD)
		return fail(ERR_SYNTAX, why_out, "the responder does not know the certificate");
	return OK;
}

static int check(const struct staple *answer, const struct certificate *c, char why_out[STAPLE_WHY])
{
	const unsigned char *at = answer->der;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, answer->len);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
	int rc;
	if (basic)
		rc = judge(basic, c, why_out);
	else
		rc = fail(ERR_SYNTAX, why_out,
		    response ? OCSP_response_status_str(OCSP_response_status(response))
			     : "the answer is no OCSP response");
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	return rc;
}

int ocsp_fetch(const struct certificate *c, struct staple *out, char why_out[STAPLE_WHY])
{
	*out = (struct staple){ 0 };
	if (!ocsp_can_fetch(c, why_out))
		return ERR_SYNTAX;
	int rc = transfer(c, out, why_out);
	if (rc == OK)
		rc = check(out, c, why_out);
	if (rc < 0)
		staple_fini(out);
	return rc;
}
