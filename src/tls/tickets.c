/*
 * tickets.c - see tickets.h.
 *
 * Only the master writes. Of three places one is current, one was before, and the next is being
 * written; a worker that reads a place at that very moment finds a ticket that does not verify, and
 * makes a full handshake.
 */
#include "tls/tickets.h"

#include "base/scoreboard.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { NAME_LEN = 16, SECRET_LEN = 32, PLACES = 3 };

struct ticket_key {
	_Atomic uint64_t made_ms; /* monotonic; 0: there is none */
	unsigned char name[NAME_LEN];
	unsigned char cipher[SECRET_LEN];
	unsigned char mac[SECRET_LEN];
};

struct ring {
	_Atomic uint32_t current;
	struct ticket_key keys[PLACES];
};

_Static_assert(sizeof(struct ring) <= SCORE_SECRETS, "the ring has its place in the scoreboard");

static struct ring *ring(void)
{
	return (struct ring *)score_secrets();
}

int tickets_rotate(uint64_t now_ms)
{
	struct ring *r = ring();
	uint32_t current = atomic_load(&r->current) % PLACES;
	uint64_t made = atomic_load(&r->keys[current].made_ms);
	if (made != 0 && now_ms - made < TICKETS_ROTATE_S * UINT64_C(1000))
		return OK;
	unsigned char fresh[NAME_LEN + 2 * SECRET_LEN];
	if (RAND_priv_bytes(fresh, sizeof(fresh)) != 1)
		return ERR_IO;
	uint32_t next = made != 0 ? (current + 1) % PLACES : current;
	struct ticket_key *key = &r->keys[next];
	atomic_store(&key->made_ms, 0);
	memcpy(key->name, fresh, NAME_LEN);
	memcpy(key->cipher, fresh + NAME_LEN, SECRET_LEN);
	memcpy(key->mac, fresh + NAME_LEN + SECRET_LEN, SECRET_LEN);
	OPENSSL_cleanse(fresh, sizeof(fresh));
	atomic_store(&key->made_ms, now_ms ? now_ms : 1);
	atomic_store(&r->current, next);
	return OK;
}

/* The key a ticket names: the current one or the one before it. */
static const struct ticket_key *find(const unsigned char *name, bool *current_out)
{
	const struct ring *r = ring();
	uint32_t current = atomic_load(&r->current) % PLACES;
	uint32_t before = (current + PLACES - 1) % PLACES;
	for (uint32_t i = 0; i < PLACES; i++) {
		const struct ticket_key *key = &r->keys[i];
		if (i != current && i != before)
			continue;
		*current_out = i == current;
		if (atomic_load(&key->made_ms) != 0 && memcmp(key->name, name, NAME_LEN) == 0)
			return key;
	}
	return NULL;
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, SECRET_LEN),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static EVP_CIPHER *cipher;

static int seal(unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac)
{
	const struct ring *r = ring();
	const struct ticket_key *key = &r->keys[atomic_load(&r->current) % PLACES];
	if (atomic_load(&key->made_ms) == 0)
		return 0; /* no ticket */
	memcpy(name, key->name, NAME_LEN);
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher)) != 1 ||
	    EVP_EncryptInit_ex2(ctx, cipher, key->cipher, iv, NULL) != 1 || !set_mac(mac, key))
		return -1;
	return 1;
}

enum { FULL_HANDSHAKE, RESUME, RESUME_AND_RENEW };

/* In TLS 1.3 a client uses each ticket once (RFC 8446 appendix C.4), so it gets the next with it.
 */
static int unseal(const unsigned char *name, const unsigned char *iv, EVP_CIPHER_CTX *ctx,
    EVP_MAC_CTX *mac, bool single_use)
{
	bool current;
	const struct ticket_key *key = find(name, &current);
	if (!key)
		return FULL_HANDSHAKE;
	if (EVP_DecryptInit_ex2(ctx, cipher, key->cipher, iv, NULL) != 1 || !set_mac(mac, key))
		return -1;
	return current && !single_use ? RESUME : RESUME_AND_RENEW;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx,
    EVP_MAC_CTX *mac, int sealing)
{
	if (sealing)
		return seal(name, iv, ctx, mac);
	return unseal(name, iv, ctx, mac, SSL_version(ssl) >= TLS1_3_VERSION);
}

void tickets_use(SSL_CTX *ctx)
{
	if (!cipher)
		cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	assert(cipher);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKETS_LIFETIME_S);
	SSL_CTX_set_num_tickets(ctx, 1); /* a browser uses each once and gets the next with it */
}
