/*
 * transport_tls.c - bytes over TLS: sealed in records, the socket spared.
 *
 * Records start small and grow: what one segment carries can be read as it comes, while a full
 * record of 16 KiB has to be there to its last byte before the first one can be used; on a
 * connection that still finds its pace that is a round trip or two. Later, large records cost less.
 *
 * The handshake is done before any of this is called (handshake.c), except `close`.
 */
#include "tls/transport_tls.h"

#include "base/mem.h"
#include "net/acceptor.h"
#include "net/pool.h"
#include "tls/fault.h"
#include "tls/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RECORD_SMALL = 1400, /* with what TLS adds, one segment of an Ethernet over IPv6 */
	RECORD_LARGE = 16384,
	BURST_SMALL = 32 << 10, /* about what goes in the first two round trips */
	PAUSE_MS = 1000,        /* after it, the way may have changed and the pace starts anew */
	/* Read, sealed and sent at once. Four times as much leaves the processor's cache, and costs
	 * a tenth more. */
	PIECE = 4 * RECORD_LARGE,
};

static struct pool connections = { .size = sizeof(struct tls_connection), .max = 64 };

struct tls_connection *tls_connection_new(struct conn *c)
{
	struct tls_connection *t = pool_take(&connections);
	*t = (struct tls_connection){ .conn = c };
	c->transport_state = t;
	return t;
}

void tls_connection_free(struct conn *c)
{
	struct tls_connection *t = tls_of(c);
	if (!t)
		return;
	tls_forget(t);
	SSL_free(t->ssl);
	mem_free(t->left);
	mem_free(t->client);
	mem_free((char *)t->early.ptr);
	pool_give(&connections, t);
	c->transport_state = NULL;
}

/* Why OpenSSL did not do it. */
static ssize_t failure(struct tls_connection *t)
{
	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		fault_log(t);
		t->phase = TLS_BROKEN;
		return ERR_CLOSED;
	}
}

/* After our close_notify nothing is of interest any more but the end. */
static ssize_t discard(const struct tls_connection *t, char *to, size_t room)
{
	ssize_t n;
	do
		n = recv(t->conn->watch.fd, to, room, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_CLOSED;
}

/* Bytes until the room is full or the socket empty; the failure only if there are none. */
static ssize_t open_records(struct tls_connection *t, char *to, size_t room)
{
	size_t got = 0;
	while (got < room) {
		size_t n;
		if (SSL_read_ex(t->ssl, to + got, room - got, &n) != 1) {
			ssize_t rc = failure(t);
			return got > 0 && rc != ERR_CLOSED ? (ssize_t)got : rc;
		}
		got += n;
		if (tls_socket_is_empty(t) && !SSL_has_pending(t->ssl))
			break;
	}
	return (ssize_t)got;
}

static ssize_t tls_recv(struct conn *c, char *to, size_t room)
{
	struct tls_connection *t = tls_of(c);
	if (t->phase == TLS_SHUT)
		return discard(t, to, room);
	if (t->phase != TLS_OPEN)
		return ERR_CLOSED;
	bool fresh = t->fresh;
	t->fresh = false;
	tls_enter(t);
	/* The client's last words of the handshake came alone. */
	if (fresh && !SSL_has_pending(t->ssl))
		return ERR_AGAIN;
	bool corked = tls_corked(t);
	ssize_t n = open_records(t, to, room);
	/* A new key, or an alert. What was there before is waiting for company. */
	if (!corked && tls_corked(t) && tls_flush(t) == ERR_CLOSED)
		return ERR_CLOSED;
	return n;
}

static size_t record_size(struct tls_connection *t)
{
	uint64_t now = loop_now_ms(t->conn->net->loop);
	if (now - t->sealed_ms >= PAUSE_MS)
		t->burst = 0;
	t->sealed_ms = now;
	return t->burst < BURST_SMALL ? RECORD_SMALL : RECORD_LARGE;
}

/* Seals what the cork has room for; OK, or ERR_CLOSED. */
static int seal(struct tls_connection *t, const char *data, size_t len)
{
	while (len > 0) {
		size_t size = record_size(t), done;
		size_t n = len < size ? len : size;
		if (SSL_write_ex(t->ssl, data, n, &done) != 1) {
			fault_log(t);
			t->phase = TLS_BROKEN;
			return ERR_CLOSED;
		}
		if (t->burst < BURST_SMALL)
			t->burst += (unsigned)n;
		data += n;
		len -= n;
	}
	return OK;
}

/* Sends, and tells of what is owed so much as is surely out: what is left counts against it. */
static ssize_t settle(struct tls_connection *t)
{
	int rc = tls_flush(t);
	if (rc == ERR_CLOSED) {
		t->phase = TLS_BROKEN;
		return ERR_CLOSED;
	}
	unsigned left = t->left_len - t->left_pos;
	unsigned still = t->owed < left ? t->owed : left;
	unsigned told = t->owed - still;
	t->owed = still;
	return told > 0 ? (ssize_t)told : ERR_AGAIN;
}

/* Whether bytes can be sealed; else what is to be returned. */
static bool ready(struct tls_connection *t, ssize_t *result_out)
{
	*result_out = ERR_CLOSED;
	if (t->phase != TLS_OPEN)
		return false;
	if (t->left || t->owed) {
		*result_out = settle(t);
		return *result_out == ERR_AGAIN && !t->left && !t->owed;
	}
	return true;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Head and small body go into one record. */
static size_t gather(const struct iovec *iov, int count, char to[RECORD_LARGE])
{
	size_t len = 0;
	for (int i = 0; i < count && len < RECORD_LARGE; i++) {
		size_t n = smaller(iov[i].iov_len, RECORD_LARGE - len);
		memcpy(to + len, iov[i].iov_base, n);
		len += n;
	}
	return len;
}

static ssize_t tls_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	static char gathered[RECORD_LARGE];
	struct tls_connection *t = tls_of(c);
	ssize_t result;
	(void)more;
	if (!ready(t, &result))
		return result;
	tls_enter(t);
	bool direct = count == 1 || iov[0].iov_len >= RECORD_LARGE;
	const char *data = direct ? iov[0].iov_base : gathered;
	size_t len = direct ? smaller(iov[0].iov_len, PIECE) : gather(iov, count, gathered);
	if (seal(t, data, len) < 0)
		return ERR_CLOSED;
	t->owed = (unsigned)len;
	return settle(t);
}

static ssize_t tls_sendfile(struct conn *c, int fd, off_t *offset, size_t len)
{
	static char piece[PIECE];
	struct tls_connection *t = tls_of(c);
	ssize_t result;
	if (ready(t, &result)) {
		ssize_t n;
		do
			n = pread(fd, piece, smaller(len, sizeof(piece)), *offset);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return n < 0 ? ERR_IO : 0;
		tls_enter(t);
		if (seal(t, piece, (size_t)n) < 0)
			return ERR_CLOSED;
		t->owed = (unsigned)n;
		result = settle(t);
	}
	if (result > 0)
		*offset += result;
	return result;
}

/* Our close_notify, behind all that was sent before. */
static void say_farewell(struct tls_connection *t)
{
	if (t->phase != TLS_OPEN)
		return;
	tls_enter(t);
	SSL_shutdown(t->ssl);
	t->phase = TLS_SHUT;
}

static int tls_shutdown(struct conn *c)
{
	struct tls_connection *t = tls_of(c);
	if (t->phase == TLS_BROKEN)
		return ERR_CLOSED;
	say_farewell(t);
	int rc = tls_flush(t);
	if (rc == OK && shutdown(c->watch.fd, SHUT_WR) < 0)
		rc = ERR_CLOSED;
	if (rc == ERR_AGAIN)
		c->flags &= ~CONN_WRITABLE;
	return rc;
}

static void tls_farewell(struct conn *c)
{
	struct tls_connection *t = tls_of(c);
	if (t->phase != TLS_OPEN || t->left)
		return;
	say_farewell(t);
	if (tls_flush(t) < 0)
		t->phase = TLS_BROKEN;
}

static const struct security *tls_security(struct conn *c)
{
	return &tls_of(c)->security;
}

const struct transport transport_tls = {
	.name = "tls",
	.piece = PIECE,
	.short_is_empty = true,
	.recv = tls_recv,
	.sendv = tls_sendv,
	.sendfile = tls_sendfile,
	.shutdown = tls_shutdown,
	.security = tls_security,
	.farewell = tls_farewell,
	.close = tls_connection_free,
};
