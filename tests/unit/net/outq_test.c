/*
 * outq_test.c - the output queue: order, ownership, short writes, files.
 */
#include "fake.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILE_SIZE = 300000 };

static struct net_worker net;
static int client;

static int set_up(void **state)
{
	(void)state;
	static const struct net_limits no_limits;
	fake_reset(FAKE_HOLD);
	fake_start(&net, &no_limits);
	client = fake_connect(&net, "");
	int size = 4096; /* the kernel makes a little more of it */
	setsockopt(fake.conn->watch.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(client);
	fake_stop(&net);
	return 0;
}

struct thing {
	struct owner owner;
	int released;
};

static void on_last(struct owner *o)
{
	((struct thing *)o)->released++;
}

/* With one reference, ours. */
static struct thing thing(void)
{
	return (struct thing){ .owner = { .refs = 1, .on_last = on_last } };
}

static char pattern(size_t i)
{
	return (char)('a' + i * 7 % 26);
}

static int new_file(size_t size)
{
	int fd = memfd_create("outq", MFD_CLOEXEC);
	char *bytes = mem_alloc(size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern(i);
	assert_int_equal(write(fd, bytes, size), size);
	mem_free(bytes);
	return fd;
}

/* Flushes with the loop's help; what came out at the other end, to be freed. */
static char *deliver(size_t expected)
{
	struct conn *c = fake.conn;
	char *got = mem_zalloc(expected + 2);
	int rc = conn_flush(c);
	assert_true(rc == OK || rc == ERR_AGAIN);
	size_t n = fake_receive(client, got, expected, net.loop);
	assert_int_equal(n, expected);
	assert_int_equal(recv(client, got + n, 1, MSG_DONTWAIT), -1);
	assert_true(outq_empty(&c->out));
	assert_null(c->out.first);
	assert_null(c->out.last);
	return got;
}

static void starts_empty(void **state)
{
	(void)state;
	struct outq q, zero = { 0 };
	outq_init(&q);
	assert_memory_equal(&q, &zero, sizeof(q));
	assert_true(outq_empty(&q));
	outq_copy(&q, SLICE_NONE);
	outq_borrow(&q, SLICE_NONE, NULL);
	outq_file(&q, 0, 0, 0, NULL);
	assert_null(q.first);
	assert_non_null(outq_reserve(&q, 10));
	outq_commit(&q, 0);
	assert_null(q.first); /* nothing is held */
	outq_clear(&q);
	assert_int_equal(conn_flush(fake.conn), OK);
}

/* All kinds in one queue, whole and with every call cut to 1, 2, 3, 7 or 4000 bytes. */
static void sends_all_kinds_in_order(void **state)
{
	(void)state;
	static const size_t cuts[] = { 0, 4000, 7, 3, 2, 1 };
	static const char expected[] = "head: copied, reserved; borrowed; abcdefghij"
				       " tail";
	int fd = new_file(100);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct thing t = thing();
		struct outq *q = &fake.conn->out;
		fake.cut = cuts[i];
		outq_copy(q, SLICE("head: copied, "));
		memcpy(outq_reserve(q, 20), "reserved", 8);
		outq_commit(q, 8);
		outq_copy(q, SLICE("; "));
		outq_borrow(q, SLICE("borrowed; "), &t.owner);
		size_t head = sizeof("head: copied, reserved; borrowed; ") - 1;
		assert_int_equal(q->bytes, head);
		outq_file(q, fd, 5, 10, &t.owner);
		outq_copy(q, SLICE(" tail"));
		assert_int_equal(q->bytes, head + 15);
		assert_int_equal(t.owner.refs, 3);
		char *got = deliver(head + 15);
		assert_memory_equal(got, expected, head);
		for (size_t k = 0; k < 10; k++)
			assert_int_equal(got[head + k], pattern(5 + k));
		assert_string_equal(got + head + 10, " tail");
		assert_int_equal(t.owner.refs, 1);
		assert_int_equal(t.released, 0);
		mem_free(got);
	}
	close(fd);
}

static void head_and_body_are_one_call(void **state)
{
	(void)state;
	struct outq *q = &fake.conn->out;
	outq_copy(q, SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	outq_borrow(q, SLICE("hello"), NULL);
	assert_int_equal(conn_flush(fake.conn), OK);
	assert_int_equal(fake.sends, 1);
}

static void large_file_through_a_small_socket(void **state)
{
	(void)state;
	int fd = new_file(FILE_SIZE);
	struct thing t = thing();
	outq_copy(&fake.conn->out, SLICE("HEAD"));
	outq_file(&fake.conn->out, fd, 0, FILE_SIZE, &t.owner);
	owner_release(&t.owner); /* the queue has the last one */
	char *got = deliver(4 + FILE_SIZE);
	for (size_t i = 0; i < FILE_SIZE; i++)
		if (got[4 + i] != pattern(i))
			fail_msg("byte %zu differs", i);
	assert_int_equal(t.released, 1);
	assert_true(fake.writable > 3);
	mem_free(got);
	close(fd);
}

static void long_copies_take_several_chunks(void **state)
{
	(void)state;
	enum { LEN = 3 * OUTQ_CHUNK + 123 };
	char *text = mem_alloc(LEN);
	for (size_t i = 0; i < LEN; i++)
		text[i] = pattern(i);
	outq_copy(&fake.conn->out, SLICE("x"));
	outq_copy(&fake.conn->out, slice_of(text, LEN));
	assert_int_equal(fake.conn->out.bytes, LEN + 1);
	char *got = deliver(LEN + 1);
	assert_int_equal(got[0], 'x');
	assert_memory_equal(got + 1, text, LEN);
	mem_free(got);
	mem_free(text);
}

static void more_pieces_than_one_call_takes(void **state)
{
	(void)state;
	enum { PIECES = 150 };
	for (int i = 0; i < PIECES; i++)
		outq_borrow(&fake.conn->out, slice_of(&"0123456789"[i % 10], 1), NULL);
	char *got = deliver(PIECES);
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(got[i], '0' + i % 10);
	mem_free(got);
}

static void truncated_file_is_an_error(void **state)
{
	(void)state;
	int fd = new_file(100);
	struct thing t = thing();
	outq_file(&fake.conn->out, fd, 60, 100, &t.owner);
	errno = 0;
	assert_int_equal(conn_flush(fake.conn), ERR_IO);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(fake.conn->out.bytes, 60);
	outq_clear(&fake.conn->out);
	assert_int_equal(t.owner.refs, 1);
	outq_file(&fake.conn->out, 9999, 0, 10, NULL);
	assert_int_equal(conn_flush(fake.conn), ERR_IO);
	assert_int_equal(errno, EBADF);
	close(fd);
}

static void gone_peer_is_closed(void **state)
{
	(void)state;
	int fd = new_file(100);
	close(client);
	outq_file(&fake.conn->out, fd, 0, 100, NULL); /* no SIGPIPE either */
	assert_int_equal(conn_flush(fake.conn), ERR_CLOSED);
	outq_clear(&fake.conn->out);
	outq_copy(&fake.conn->out, SLICE("x"));
	assert_int_equal(conn_flush(fake.conn), ERR_CLOSED);
	close(fd);
}

static void clear_releases_each_owner_once(void **state)
{
	(void)state;
	struct outq q = { 0 };
	struct thing a = thing(), b = thing();
	outq_borrow(&q, SLICE("1"), &a.owner);
	outq_borrow(&q, SLICE("2"), &b.owner);
	outq_borrow(&q, SLICE("3"), &a.owner);
	owner_release(&a.owner);
	owner_release(&b.owner);
	assert_int_equal(a.released + b.released, 0);
	outq_clear(&q);
	assert_int_equal(a.released, 1);
	assert_int_equal(b.released, 1);
	assert_null(q.first);
	outq_clear(&q);
}

/* Every split of a queue of four kinds, joined again behind another. */
static void moves_any_part(void **state)
{
	(void)state;
	int fd = new_file(8);
	const size_t total = 4 + 5 + 8 + 4;
	char expected[32] = "COPYLOANS";
	for (size_t i = 0; i < 8; i++)
		expected[9 + i] = pattern(i);
	memcpy(expected + 17, "LAST", 4);
	for (size_t cut = 0; cut <= total + 1; cut++) {
		struct outq from = { 0 };
		struct outq *to = &fake.conn->out;
		struct thing t = thing();
		outq_copy(&from, SLICE("COPY"));
		outq_borrow(&from, SLICE("LOANS"), &t.owner);
		outq_file(&from, fd, 0, 8, &t.owner);
		outq_copy(&from, SLICE("LAST"));
		size_t part = cut < total ? cut : total;
		assert_int_equal(outq_move(to, &from, cut), part);
		assert_int_equal(to->bytes, part);
		assert_int_equal(from.bytes, total - part);
		outq_copy(to, SLICE("|"));
		assert_int_equal(outq_move(to, &from, UINT64_MAX), total - part);
		assert_null(from.first);
		assert_null(from.last);
		char *got = deliver(total + 1);
		assert_memory_equal(got, expected, part);
		assert_int_equal(got[part], '|');
		assert_memory_equal(got + part + 1, expected + part, total - part);
		assert_int_equal(t.owner.refs, 1);
		mem_free(got);
	}
	close(fd);
}

/* The half of a chunk that moved and the half that stayed are written apart. */
static void split_chunk_goes_on_filling(void **state)
{
	(void)state;
	struct outq from = { 0 };
	outq_copy(&from, SLICE("abcd"));
	assert_int_equal(outq_move(&fake.conn->out, &from, 2), 2);
	outq_copy(&from, SLICE("ef"));
	outq_copy(&fake.conn->out, SLICE("XY"));
	outq_move(&fake.conn->out, &from, 100);
	char *got = deliver(8);
	assert_string_equal(got, "abXYcdef");
	mem_free(got);
}

static void reservation_left_unused_in_the_middle(void **state)
{
	(void)state;
	int fd = new_file(10);
	struct outq *q = &fake.conn->out;
	outq_borrow(q, SLICE("a"), NULL);
	outq_reserve(q, 100);
	outq_commit(q, 0);
	outq_file(q, fd, 0, 1, NULL);
	outq_reserve(q, 100);
	outq_commit(q, 0);
	char *got = deliver(2);
	assert_int_equal(got[0], 'a');
	assert_int_equal(got[1], pattern(0));
	mem_free(got);
	close(fd);
}

/* With room for any number of bytes at a time. */
static void reads_all_kinds(void **state)
{
	(void)state;
	int fd = new_file(10);
	for (size_t room = 1; room <= 25; room++) {
		struct thing t = thing();
		struct outq q = { 0 };
		char got[32] = "";
		size_t have = 0;
		outq_copy(&q, SLICE("copied "));
		outq_borrow(&q, SLICE("borrowed "), &t.owner);
		outq_file(&q, fd, 2, 5, &t.owner);
		outq_reserve(&q, 10);
		outq_commit(&q, 0);
		while (!outq_empty(&q)) {
			ssize_t n = outq_read(&q, got + have, room);
			assert_in_range(n, 1, room);
			have += (size_t)n;
		}
		assert_string_equal(got, "copied borrowed ovcjq");
		assert_int_equal(outq_read(&q, got, room), 0);
		assert_null(q.first);
		assert_int_equal(t.owner.refs, 1);
	}
	close(fd);
}

static void reading_a_truncated_file_is_an_error(void **state)
{
	(void)state;
	int fd = new_file(10);
	struct outq q = { 0 };
	char got[32];
	outq_file(&q, fd, 5, 10, NULL);
	assert_int_equal(outq_read(&q, got, 5), 5);
	assert_int_equal(outq_read(&q, got, 5), ERR_IO);
	assert_int_equal(errno, ENODATA);
	outq_clear(&q);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(starts_empty),
		CASE(sends_all_kinds_in_order),
		CASE(head_and_body_are_one_call),
		CASE(large_file_through_a_small_socket),
		CASE(long_copies_take_several_chunks),
		CASE(more_pieces_than_one_call_takes),
		CASE(truncated_file_is_an_error),
		CASE(gone_peer_is_closed),
		CASE(clear_releases_each_owner_once),
		CASE(moves_any_part),
		CASE(split_chunk_goes_on_filling),
		CASE(reservation_left_unused_in_the_middle),
		CASE(reads_all_kinds),
		CASE(reading_a_truncated_file_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
