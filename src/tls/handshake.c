/*
 * handshake.c - see handshake.h.
 *
 * The certificate is chosen by the name in the ClientHello (RFC 6066 section 3) before OpenSSL
 * decides anything, so a site's oldest version, ciphers and client authorities are in force from
 * the start.
 */
#include "tls/handshake.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/scoreboard.h"
#include "net/acceptor.h"
#include "tls/context.h"
#include "tls/fault.h"
#include "tls/io.h"
#include "tls/transport_tls.h"

#include <string.h>

enum { NAME_MAX_LEN = 255 };

/* Lower case, no dot at the end; empty if there is none or it can not be one. */
static struct slice read_name(SSL *ssl, char name_out[NAME_MAX_LEN])
{
	const unsigned char *at;
	size_t len;
	/* A list of two bytes' length, of which the first and only entry counts: type 0, two bytes
	   of length, the name. */
	enum { HEAD = 5 };
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &len) != 1 || len < HEAD)
		return SLICE_NONE;
	size_t name_len = (size_t)at[3] << 8 | at[4];
	if (at[2] != TLSEXT_NAMETYPE_host_name || name_len != len - HEAD || name_len == 0 ||
	    name_len > NAME_MAX_LEN)
		return SLICE_NONE;
	for (size_t i = 0; i < name_len; i++) {
		char c = (char)at[HEAD + i];
		name_out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	return slice_of(name_out, name_len - (name_len > 1 && name_out[name_len - 1] == '.'));
}

/* All that SSL_set_SSL_CTX leaves as it was. */
static void switch_context(SSL *ssl, const struct tls_context *from, const struct tls_context *to)
{
	SSL_set_SSL_CTX(ssl, to->ssl);
	SSL_set_min_proto_version(ssl, (int)SSL_CTX_get_min_proto_version(to->ssl));
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(to->ssl), NULL);
	if (strcmp(from->settings->curves, to->settings->curves) != 0)
		SSL_set1_groups_list(ssl, to->settings->curves);
	if (strcmp(from->settings->ciphers, to->settings->ciphers) != 0)
		tls_context_set_suites(ssl, to->settings->ciphers);
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	(void)alert, (void)arg;
	struct tls_connection *t = tls_current();
	char room[NAME_MAX_LEN];
	const struct tls_context *chosen = t->listen->choose(t->listen, read_name(ssl, room));
	if (chosen != t->context)
		switch_context(ssl, t->context, chosen);
	t->context = chosen;
	return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl, (void)alert, (void)arg;
	return SSL_TLSEXT_ERR_OK; /* said to the client: its name was seen (RFC 6066 section 3) */
}

static bool offered(struct slice list, struct slice wanted)
{
	while (list.len > 0) {
		size_t len = (unsigned char)list.ptr[0];
		if (slice_eq(slice_head(slice_tail(list, 1), len), wanted))
			return true;
		list = slice_tail(list, 1 + len);
	}
	return false;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl, (void)arg;
	struct tls_connection *t = tls_current();
	struct slice list = slice_of((const char *)in, in_len);
	for (const struct protocol *const *p = t->listen->protocols; *p; p++) {
		if (!offered(list, slice_str((*p)->alpn)))
			continue;
		*out = (const unsigned char *)(*p)->alpn;
		*out_len = (unsigned char)strlen((*p)->alpn);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void handshake_use(SSL_CTX *ctx)
{
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

static const struct protocol *agreed(const struct tls_connection *t)
{
	const unsigned char *name;
	unsigned len;
	SSL_get0_alpn_selected(t->ssl, &name, &len);
	for (const struct protocol *const *p = t->listen->protocols; len > 0 && *p; p++)
		if (slice_eq(slice_str((*p)->alpn), slice_of((const char *)name, len)))
			return *p;
	return t->listen->silent;
}

/* RFC 4514, as it is written in access rules. */
static char *subject_of(SSL *ssl)
{
	X509 *client = SSL_get0_peer_certificate(ssl);
	BIO *text = client ? BIO_new(BIO_s_mem()) : NULL;
	if (!text)
		return NULL;
	char *data;
	X509_NAME_print_ex(text, X509_get_subject_name(client), 0,
	    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	long len = BIO_get_mem_data(text, &data);
	char *subject = mem_printf("%.*s", (int)len, data);
	BIO_free(text);
	return subject;
}

static void note_security(struct tls_connection *t)
{
	t->client = subject_of(t->ssl);
	t->security = (struct security){
		.version = SSL_get_version(t->ssl),
		.cipher = SSL_get_cipher_name(t->ssl),
		.client = t->client,
		.identity = t->context,
		.fallback = t->listen->fallback,
	};
}

static void count_end(struct tls_connection *t)
{
	if (t->counted)
		score_shift(&score_self()->handshakes, -1);
	t->counted = false;
}

static void count_success(const struct tls_connection *t)
{
	bool newest = SSL_version(t->ssl) >= TLS1_3_VERSION;
	score_add(&score_self()->tls_handshakes[newest ? SCORE_TLS_1_3 : SCORE_TLS_1_2]
					       [SSL_session_reused(t->ssl) != 0],
	    1);
}

static void count_failure(enum score_tls_failure failure)
{
	score_add(&score_self()->tls_failures[failure], 1);
}

static void start_protocol(struct conn *c, const struct protocol *protocol, void *server)
{
	c->protocol = protocol;
	c->server = server;
	protocol->open(c);
	if (!conn_ending(c))
		protocol->readable(c);
}

/*
 * The ticket waits for the first response, so that both go in one segment; if there is none yet,
 * it goes at the end of this call.
 */
static void finish(struct conn *c, struct tls_connection *t)
{
	t->phase = TLS_OPEN;
	count_end(t);
	count_success(t);
	t->fresh = tls_socket_is_empty(t);
	note_security(t);
	start_protocol(c, agreed(t), t->listen->server);
	if (!(c->flags & CONN_CLOSING) && tls_corked(t) && tls_flush(t) == ERR_CLOSED)
		conn_close(c);
}

/* What was read goes to where the protocol will look for it. */
static void go_astray(struct conn *c, struct tls_connection *t)
{
	static struct log_gate gate;
	const struct tls_listen *l = t->listen;
	char peer[NET_ADDR_TEXT];
	net_addr_host(&c->peer, peer);
	log_gated(&gate, LOG_LEVEL_INFO, "%s speaks plain HTTP on a TLS port", peer);
	count_failure(SCORE_TLS_PLAIN);
	if (!l->astray_server) {
		conn_close(c);
		return;
	}
	count_end(t);
	conn_unread(c, slice_head(t->early, CONN_BUFFER));
	tls_connection_free(c);
	c->transport = &transport_plain;
	start_protocol(c, l->silent, l->astray_server);
}

static void fail(struct conn *c, struct tls_connection *t)
{
	fault_log(t);
	count_failure(SCORE_TLS_ERROR);
	count_end(t);
	t->phase = TLS_SHUT;
	if (tls_flush(t) == OK) /* the alert: the peer is to read why */
		conn_linger(c);
	else
		conn_close(c);
}

static void wait_on(struct conn *c, struct tls_connection *t)
{
	c->flags &= ~CONN_READABLE;
	switch (tls_flush(t)) {
	case ERR_AGAIN:
		c->flags &= ~CONN_WRITABLE;
		c->flags |= CONN_BLOCKED;
		break;
	case ERR_CLOSED:
		conn_close(c);
		break;
	}
}

static void on_ready(struct conn *c)
{
	struct tls_connection *t = tls_of(c);
	tls_enter(t);
	int rc = SSL_do_handshake(t->ssl);
	if (rc == 1)
		finish(c, t);
	else if (t->plain)
		go_astray(c, t);
	else if (SSL_get_error(t->ssl, rc) == SSL_ERROR_WANT_READ)
		wait_on(c, t);
	else
		fail(c, t);
}

static void on_open(struct conn *c)
{
	const struct tls_listen *l = c->server;
	struct tls_connection *t = tls_connection_new(c);
	t->counted = true;
	score_shift(&score_self()->handshakes, 1);
	t->listen = l;
	t->context = l->fallback;
	t->ssl = SSL_new(l->fallback->ssl);
	if (!t->ssl) {
		conn_close(c);
		return;
	}
	SSL_set_accept_state(t->ssl);
	tls_io_attach(t->ssl);
	conn_set_deadline(c, loop_now_ms(c->net->loop) + l->handshake_ms);
}

static void on_expired(struct conn *c)
{
	static struct log_gate gate;
	char peer[NET_ADDR_TEXT];
	net_addr_host(&c->peer, peer);
	log_gated(&gate, LOG_LEVEL_INFO, "TLS with %s: the handshake took too long", peer);
	count_failure(SCORE_TLS_TIMEOUT);
	conn_close(c);
}

/* It has its deadline; the protocol that follows hears that the worker drains. */
static void on_drain(struct conn *c)
{
	(void)c;
}

static int on_cull(struct conn *c)
{
	(void)c;
	return 0; /* never idle */
}

static void on_close(struct conn *c)
{
	count_end(tls_of(c));
}

const struct protocol tls_handshake = {
	.name = "tls",
	.open = on_open,
	.readable = on_ready,
	.writable = on_ready,
	.expired = on_expired,
	.drain = on_drain,
	.cull = on_cull,
	.close = on_close,
};
