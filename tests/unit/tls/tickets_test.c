/* tickets_test.c - keys that change with time, and sessions sealed with them. */
#include "support.h"

#include "base/scoreboard.h"
#include "tls/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t period_ms = TICKETS_ROTATE_S * UINT64_C(1000);

static SSL_CTX *server, *client;
static SSL_SESSION *got;

static void start(int version)
{
	memset(score_secrets(), 0, SCORE_SECRETS);
	server = support_server();
	client = support_client(version);
	tickets_use(server);
	SSL_CTX_set_session_id_context(server, (const unsigned char *)"x", 1);
}

static void stop(void)
{
	SSL_SESSION_free(got);
	got = NULL;
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

/* Shakes hands over memory; returns whether the session was resumed, and leaves a new one in `got`.
 */
static bool shake(SSL_SESSION *resume)
{
	BIO *here, *there;
	char byte;
	SSL *s = SSL_new(server), *c = SSL_new(client);
	assert_int_equal(BIO_new_bio_pair(&here, 0, &there, 0), 1);
	SSL_set_bio(s, here, here);
	SSL_set_bio(c, there, there);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	if (resume)
		SSL_set_session(c, resume);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(c);
		SSL_do_handshake(s);
	}
	assert_true(SSL_is_init_finished(s) && SSL_is_init_finished(c));
	SSL_read(c, &byte, 1); /* takes the tickets */
	bool resumed = SSL_session_reused(s);
	SSL_SESSION_free(got);
	got = SSL_get1_session(c);
	SSL_shutdown(c);
	SSL_free(s);
	SSL_free(c);
	return resumed;
}

static SSL_SESSION *take(void)
{
	SSL_SESSION *session = got;
	got = NULL;
	assert_non_null(session);
	return session;
}

static void rotates(int version)
{
	start(version);
	assert_int_equal(tickets_rotate(1000), OK);
	assert_false(shake(NULL));
	SSL_SESSION *first = take();
	assert_int_equal(tickets_rotate(1000 + period_ms - 1), OK); /* not due */
	assert_true(shake(first));
	/* TLS 1.3: a resumed session brings the ticket for the next. */
	SSL_SESSION *renewed = take();
	assert_true(version == TLS1_2_VERSION || SSL_SESSION_is_resumable(renewed));
	size_t len, first_len;
	const unsigned char *ticket, *first_ticket;
	SSL_SESSION_get0_ticket(renewed, &ticket, &len);
	SSL_SESSION_get0_ticket(first, &first_ticket, &first_len);
	bool same = len == first_len && memcmp(ticket, first_ticket, len) == 0;
	assert_int_equal(same, version == TLS1_2_VERSION);
	assert_true(shake(renewed));
	SSL_SESSION_free(renewed);
	assert_int_equal(tickets_rotate(1000 + period_ms), OK);
	assert_true(shake(first)); /* sealed with the key before */
	SSL_SESSION *second = take();
	assert_int_equal(tickets_rotate(1000 + 2 * period_ms), OK);
	assert_false(shake(first)); /* its key is forgotten */
	assert_true(shake(second));
	SSL_SESSION_free(first);
	SSL_SESSION_free(second);
	stop();
}

static void test_tls13(void **state)
{
	(void)state;
	rotates(TLS1_3_VERSION);
}

static void test_tls12(void **state)
{
	(void)state;
	rotates(TLS1_2_VERSION);
}

static void test_other_context(void **state)
{
	(void)state;
	start(TLS1_3_VERSION);
	assert_int_equal(tickets_rotate(1), OK);
	shake(NULL);
	SSL_SESSION *session = take();
	/* A reload: the same mark, then a site with another one. */
	SSL_CTX_free(server);
	server = support_server();
	tickets_use(server);
	SSL_CTX_set_session_id_context(server, (const unsigned char *)"x", 1);
	assert_true(shake(session));
	SSL_CTX_set_session_id_context(server, (const unsigned char *)"y", 1);
	assert_false(shake(session));
	SSL_SESSION_free(session);
	stop();
}

static void test_without_key(void **state)
{
	(void)state;
	start(TLS1_2_VERSION);
	assert_false(shake(NULL));
	assert_true(!got || !SSL_SESSION_has_ticket(got));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_other_context),
		cmocka_unit_test(test_without_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
