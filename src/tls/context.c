/*
 * context.c - see context.h.
 *
 * Sites with equal settings share a context: that saves memory, and it is what tells whether a
 * connection for one name may be used for another (421).
 */
#include "tls/context.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "tls/handshake.h"
#include "tls/state.h"
#include "tls/tickets.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

enum { IDENTITY_MAX = 64 << 10, CIPHERS_MAX = 4096 };

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(const struct config_strings *a, const struct config_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	return true;
}

/* HSTS is said in the response and changes nothing here. */
bool tls_settings_same(const struct tls_settings *a, const struct tls_settings *b)
{
	return same_list(&a->certificate, &b->certificate) && same_list(&a->key, &b->key) &&
	       same_list(&a->ocsp_stapling, &b->ocsp_stapling) &&
	       a->min_version == b->min_version && same_text(a->ciphers, b->ciphers) &&
	       same_text(a->curves, b->curves) && same_text(a->client_ca, b->client_ca) &&
	       a->verify == b->verify;
}

/* The names of TLS 1.3 begin with "TLS_"; OpenSSL wants them apart. */
static void split_ciphers(const char *all, struct buf *suites, struct buf *older)
{
	struct slice rest = slice_str(all);
	while (rest.ptr) {
		struct slice name = slice_trim(slice_split(&rest, ':'));
		struct buf *to = slice_starts(name, SLICE("TLS_")) ? suites : older;
		if (name.len == 0 || (to->len > 0 && buf_byte(to, ':') < 0) ||
		    buf_append(to, name) < 0)
			continue;
	}
}

static bool set_ciphers(SSL_CTX *ctx, const char *all)
{
	struct buf suites, older;
	buf_init(&suites, CIPHERS_MAX);
	buf_init(&older, CIPHERS_MAX);
	split_ciphers(all, &suites, &older);
	bool good = (suites.len == 0 || SSL_CTX_set_ciphersuites(ctx, suites.data) == 1) &&
		    (older.len == 0 || SSL_CTX_set_cipher_list(ctx, older.data) == 1);
	buf_fini(&suites);
	buf_fini(&older);
	ERR_clear_error();
	return good && all[0];
}

void tls_context_set_suites(SSL *ssl, const char *ciphers)
{
	struct buf suites, older;
	buf_init(&suites, CIPHERS_MAX);
	buf_init(&older, CIPHERS_MAX);
	split_ciphers(ciphers, &suites, &older);
	if (suites.len > 0)
		SSL_set_ciphersuites(ssl, suites.data);
	buf_fini(&suites);
	buf_fini(&older);
}

static bool set_curves(SSL_CTX *ctx, const char *curves)
{
	bool good = SSL_CTX_set1_groups_list(ctx, curves) == 1;
	ERR_clear_error();
	return good;
}

/*
 * Sessions of one context are no good in another: a client that was let in by one site's authority
 * must not resume at another site. The mark is made of the settings and not of an index, so that it
 * is the same after a reload.
 */
static void set_session_mark(SSL_CTX *ctx, const struct tls_settings *s)
{
	struct buf text;
	unsigned char mark[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	buf_init(&text, IDENTITY_MAX);
	int rc = buf_printf(
	    &text, "%d %d %s\n", s->min_version, s->verify, s->client_ca ? s->client_ca : "");
	for (size_t i = 0; rc == OK && i < s->certificate.count; i++)
		rc = buf_printf(&text, "%s\n", s->certificate.list[i]);
	if (EVP_Digest(text.data, text.len, mark, &len, EVP_sha256(), NULL) == 1)
		SSL_CTX_set_session_id_context(ctx, mark, len);
	buf_fini(&text);
}

static SSL_CTX *context_base(const struct tls_settings *s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert(ctx);
	SSL_CTX_set_min_proto_version(
	    ctx, s->min_version == TLS_MIN_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	/* An end without close_notify is no error: HTTP tells itself what is complete (RFC 9112
	   section 9.8). */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* The chain is what the file has: OpenSSL would look for one anew at each handshake. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_read_ahead(ctx, 1);
	tickets_use(ctx);
	handshake_use(ctx);
	set_session_mark(ctx, s);
	return ctx;
}

static struct tls_context *context_new(
    struct tls_contexts *t, const struct tls_settings *s, size_t certificates)
{
	struct tls_context *c = mem_zalloc(sizeof(*c));
	c->settings = s;
	c->leaf_count = certificates;
	c->leaves = mem_zalloc((certificates + 1) * sizeof(const X509 *));
	c->ssl = context_base(s);
	set_ciphers(c->ssl, s->ciphers);
	set_curves(c->ssl, s->curves);
	t->list = mem_realloc(t->list, (t->count + 1) * sizeof(struct tls_context *));
	t->list[t->count++] = c;
	return c;
}

static void use_certificate(struct tls_context *c, size_t i, const struct certificate *certificate)
{
	c->leaves[i] = certificate->leaf; /* held by the context */
	/* What can be wrong with it certificate_read has found. */
	if (SSL_CTX_use_cert_and_key(
		c->ssl, certificate->leaf, certificate->key, certificate->chain, 1) != 1)
		ERR_clear_error();
}

static void add_certificate(
    struct tls_context *c, const struct config_scope *site, size_t i, struct config_report *report)
{
	const char *file = c->settings->certificate.list[i];
	struct certificate certificate;
	char why[CERTIFICATE_WHY], room[PATH_MAX];
	if (certificate_read(&certificate, file, tls_key_file(c->settings, i), why) < 0)
		report_mistake(
		    report, config_place(site, &tls_group, "certificate"), "tls: %s", why);
	else
		use_certificate(c, i, &certificate);
	if (i < c->staples.count && certificate.leaf &&
	    staple_read(&c->staples.list[i], tls_staple_file(c->settings, i, room),
		certificate.leaf, why) < 0)
		log_debug("nothing is stapled to '%s': %s", file, why);
	certificate_fini(&certificate);
}

static void add_authorities(
    struct tls_context *c, const struct config_scope *site, struct config_report *report)
{
	const char *file = c->settings->client_ca;
	if (!file || c->settings->verify == TLS_VERIFY_OFF)
		return;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
	if (!names || SSL_CTX_load_verify_file(c->ssl, file) != 1) {
		report_mistake(report, config_place(site, &tls_group, "client_ca"),
		    "tls.client_ca: '%s' cannot be read, or has no certificate in it", file);
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		ERR_clear_error();
		return;
	}
	SSL_CTX_set_client_CA_list(c->ssl, names);
	bool required = c->settings->verify == TLS_VERIFY_REQUIRED;
	SSL_CTX_set_verify(
	    c->ssl, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
}

static struct tls_context *find_equal(const struct tls_contexts *t, const struct tls_settings *s)
{
	for (size_t i = 0; i < t->count; i++)
		if (tls_settings_same(t->list[i]->settings, s))
			return t->list[i];
	return NULL;
}

static struct tls_context *context_of(
    struct tls_contexts *t, const struct config_scope *site, struct config_report *report)
{
	const struct tls_settings *s = tls_settings(site);
	struct tls_context *c = find_equal(t, s);
	if (c)
		return c;
	c = context_new(t, s, s->certificate.count);
	c->staples.count = s->ocsp_stapling.count;
	c->staples.list = mem_zalloc((c->staples.count + 1) * sizeof(*c->staples.list));
	for (size_t i = 0; i < s->certificate.count; i++)
		add_certificate(c, site, i, report);
	if (c->staples.count > 0)
		staples_use(c->ssl, &c->staples);
	add_authorities(c, site, report);
	return c;
}

struct tls_contexts *tls_contexts_new(const struct snapshot *s, struct config_report *report)
{
	struct tls_contexts *t = mem_zalloc(sizeof(*t));
	t->snapshot = s;
	t->by_site = mem_zalloc((s->site_count + 1) * sizeof(struct tls_context *));
	for (size_t i = 0; i < s->site_count; i++) {
		if (tls_settings(s->sites[i])->certificate.count == 0)
			continue;
		t->by_site[i] = context_of(t, s->sites[i], report);
		if (!t->first)
			t->first = t->by_site[i];
	}
	return t;
}

void tls_contexts_add_self(struct tls_contexts *t, struct certificate *certificate)
{
	t->self = context_new(t, config_settings(t->snapshot->global, &tls_group), 1);
	use_certificate(t->self, 0, certificate);
	certificate_fini(certificate);
}

void tls_contexts_free(struct tls_contexts **tp)
{
	struct tls_contexts *t = *tp;
	*tp = NULL;
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++) {
		struct tls_context *c = t->list[i];
		SSL_CTX_free(c->ssl);
		for (size_t k = 0; k < c->staples.count; k++)
			staple_fini(&c->staples.list[k]);
		mem_free(c->staples.list);
		mem_free(c->leaves);
		mem_free(c);
	}
	mem_free(t->list);
	mem_free(t->by_site);
	mem_free(t);
}

void tls_context_check(const struct config_scope *scope, struct config_report *report)
{
	const struct tls_settings *s = config_settings(scope, &tls_group);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert(ctx);
	if (!set_ciphers(ctx, s->ciphers))
		report_mistake(report, config_place(scope, &tls_group, "ciphers"),
		    "tls.ciphers: no cipher known here in '%s' (see openssl ciphers -v)",
		    s->ciphers);
	if (!set_curves(ctx, s->curves))
		report_mistake(report, config_place(scope, &tls_group, "curves"),
		    "tls.curves: '%s' is no list of groups known here (expected "
		    "\"X25519:P-256\")",
		    s->curves);
	SSL_CTX_free(ctx);
}

const char *tls_library(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return text;
}

bool tls_library_has_kernel(void)
{
#ifdef OPENSSL_NO_KTLS
	return false;
#else
	return true;
#endif
}

/* The module may not be loaded yet, and then is not in the list: so this is what is at hand. */
bool tls_kernel_has_tls(void)
{
	char list[256] = "";
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_available_ulp", "re");
	if (!f)
		return false;
	if (!fgets(list, sizeof(list), f))
		list[0] = '\0';
	fclose(f);
	struct slice rest = slice_trim(slice_str(list));
	while (rest.ptr) {
		struct slice name = slice_trim(slice_split(&rest, ' '));
		if (slice_eq(name, SLICE("tls")))
			return true;
	}
	return false;
}
