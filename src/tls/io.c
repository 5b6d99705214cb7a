/*
 * io.c - see io.h.
 */
#include "tls/io.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

/* What one connection may leave unsent. Sending stops as soon as something is left, so more than a
 * cork and an answer to what the peer asked (alerts, a new key) means that it asks and never reads.
 */
enum { LEFT_MAX = TLS_CORK + (64 << 10) };

static struct {
	BIO *bio;
	struct tls_connection *now;
	size_t len; /* of `cork`, which is the current connection's */
	char cork[TLS_CORK];
} io;

static int keep(struct tls_connection *t, const char *data, size_t len)
{
	size_t unsent = t->left_len - t->left_pos;
	if (unsent + len > LEFT_MAX)
		return ERR_FULL;
	char *all = mem_alloc(unsent + len);
	if (unsent > 0)
		memcpy(all, t->left + t->left_pos, unsent);
	memcpy(all + unsent, data, len);
	mem_free(t->left);
	t->left = all;
	t->left_pos = 0;
	t->left_len = (unsigned)(unsent + len);
	return OK;
}

/* Bytes taken, ERR_AGAIN or ERR_CLOSED. */
static ssize_t put(const struct tls_connection *t, const char *data, size_t len)
{
	ssize_t n;
	do
		n = send(t->conn->watch.fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_CLOSED;
}

static int send_left(struct tls_connection *t)
{
	while (t->left_pos < t->left_len) {
		ssize_t n = put(t, t->left + t->left_pos, t->left_len - t->left_pos);
		if (n < 0)
			return (int)n;
		t->left_pos += (unsigned)n;
	}
	mem_free(t->left);
	t->left = NULL;
	t->left_pos = t->left_len = 0;
	return OK;
}

static int send_cork(struct tls_connection *t)
{
	size_t done = 0, len = io.len;
	ssize_t n = 0;
	while (done < len && n >= 0) {
		n = put(t, io.cork + done, len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	io.len = 0;
	if (n == ERR_AGAIN && keep(t, io.cork + done, len - done) < 0)
		return ERR_CLOSED;
	return n < 0 ? (int)n : OK;
}

int tls_flush(struct tls_connection *t)
{
	int rc = t->left ? send_left(t) : OK;
	if (io.now != t || io.len == 0 || rc == ERR_CLOSED)
		return rc;
	if (rc == OK)
		return send_cork(t);
	size_t len = io.len;
	io.len = 0;
	return keep(t, io.cork, len) < 0 ? ERR_CLOSED : ERR_AGAIN;
}

bool tls_corked(const struct tls_connection *t)
{
	return io.now == t && io.len > 0;
}

void tls_enter(struct tls_connection *t)
{
	if (io.now && io.now != t && io.len > 0 && tls_flush(io.now) == ERR_CLOSED)
		io.now->phase = TLS_BROKEN;
	io.now = t;
	t->recvs = 0;
	ERR_clear_error();
}

void tls_forget(const struct tls_connection *t)
{
	if (io.now != t)
		return;
	io.now = NULL;
	io.len = 0;
}

struct tls_connection *tls_current(void)
{
	return io.now;
}

/* The first byte of TLS is 22. A letter is the first of a request's method. */
static bool is_plain(struct tls_connection *t, const char *data, size_t len)
{
	if (t->greeted)
		return false;
	t->greeted = true;
	if (data[0] < 'A' || data[0] > 'Z')
		return false;
	char *copy = mem_alloc(len);
	memcpy(copy, data, len);
	t->early = slice_of(copy, len);
	t->plain = true;
	return true;
}

static int nothing(BIO *bio)
{
	BIO_set_retry_read(bio);
	return 0;
}

/*
 * When the socket was read empty and our part of the handshake is not sent yet, what OpenSSL waits
 * for is the answer to that: no need to ask the kernel, an edge will tell. Only of an end of file
 * that an edge told of before there would be none.
 */
static bool waits_for_answer(const struct tls_connection *t)
{
	return t->phase == TLS_SHAKING && t->emptied && io.len > 0 && !(t->conn->flags & CONN_HUNG);
}

static int on_read(BIO *bio, char *to, size_t room, size_t *got)
{
	struct tls_connection *t = io.now;
	BIO_clear_retry_flags(bio);
	*got = 0;
	if (waits_for_answer(t))
		return nothing(bio);
	ssize_t n;
	do
		n = recv(t->conn->watch.fd, to, room, 0);
	while (n < 0 && errno == EINTR);
	t->emptied = n < (ssize_t)room;
	t->recvs += t->recvs < 255;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return nothing(bio);
	t->at_end = n == 0;
	if (n <= 0 || is_plain(t, to, (size_t)n))
		return 0;
	*got = (size_t)n;
	return 1;
}

static int on_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	BIO_clear_retry_flags(bio);
	*done = len;
	if (io.len + len > sizeof(io.cork) && tls_flush(io.now) == ERR_CLOSED)
		return 0;
	if (len > sizeof(io.cork))
		return keep(io.now, data, len) == OK;
	memcpy(io.cork + io.len, data, len);
	io.len += len;
	return 1;
}

static long on_ctrl(BIO *bio, int command, long number, void *ptr)
{
	(void)bio, (void)number, (void)ptr;
	switch (command) {
	case BIO_CTRL_FLUSH: /* tls_flush is called for that */
		return 1;
	case BIO_CTRL_EOF:
		return io.now->at_end;
	default:
		return 0;
	}
}

static BIO *make_bio(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "httpd");
	assert(method);
	BIO_meth_set_read_ex(method, on_read);
	BIO_meth_set_write_ex(method, on_write);
	BIO_meth_set_ctrl(method, on_ctrl);
	BIO *bio = BIO_new(method);
	assert(bio);
	BIO_set_init(bio, 1);
	return bio;
}

void tls_io_attach(SSL *ssl)
{
	if (!io.bio)
		io.bio = make_bio();
	BIO_up_ref(io.bio);
	SSL_set_bio(ssl, io.bio, io.bio);
}
