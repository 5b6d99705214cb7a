/*
 * conn_test.c - a connection with a fake protocol at one end and the test at the other.
 */
#include "fake.h"

#include "base/clock.h"
#include "base/scoreboard.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct net_worker net;

static int start_with(enum fake_mode mode, const char *text)
{
	static const struct net_limits no_limits;
	fake_reset(mode);
	fake_start(&net, &no_limits);
	return fake_connect(&net, text);
}

static int start(enum fake_mode mode)
{
	return start_with(mode, "");
}

static void stop(int client)
{
	close(client);
	fake_stop(&net);
	assert_int_equal(fake.closed, fake.opened);
	assert_int_equal(score_self()->connections, 0);
}

/* A pair of TCP sockets, for what only TCP does. */
static int start_tcp(enum fake_mode mode)
{
	static const struct net_limits no_limits;
	struct listener l;
	fake_reset(mode);
	fake_start(&net, &no_limits);
	fake_listen(&l);
	struct acceptor_spec spec = {
		.listener = &l,
		.protocol = &fake_protocol,
		.transport = &fake_transport,
	};
	assert_int_equal(net_worker_accept(&net, &spec), OK);
	int client = fake_client(&l);
	FAKE_UNTIL(net.loop, fake.opened == 1);
	fake_unlisten(&l);
	return client;
}

static void reset(int client)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(client);
}

static void turn(void)
{
	loop_turn(net.loop, 0);
}

static void reads_what_comes(void **state)
{
	(void)state;
	int client = start(FAKE_READ);
	assert_int_equal(fake.opened, 1);
	assert_int_equal(fake.last_read, ERR_AGAIN);
	assert_int_equal(score_self()->connections, 1);
	uint64_t before = score_self()->bytes_in;
	fake_say(client, "one ");
	FAKE_UNTIL(net.loop, fake.got_len == 4);
	fake_say(client, "two");
	FAKE_UNTIL(net.loop, fake.got_len == 7);
	assert_memory_equal(fake.got, "one two", 7);
	assert_null(fake.conn->in); /* idle connections hold no buffer */
	assert_int_equal(score_self()->bytes_in - before, 7);
	stop(client);
}

static void reads_at_once_what_came_before(void **state)
{
	(void)state;
	int client = start_with(FAKE_ANSWER, "hello");
	assert_int_equal(fake.got_len, 5);
	assert_int_equal(fake.last_flush, OK);
	assert_false(fake.conn->flags & CONN_WATCHED); /* answered and closed without epoll */
	turn();
	assert_int_equal(fake.closed, 1);
	char answer[8];
	assert_int_equal(recv(client, answer, sizeof(answer), 0), 4);
	assert_int_equal(recv(client, answer, sizeof(answer), 0), 0);
	stop(client);
}

static void short_reads_do_not_mean_empty(void **state)
{
	(void)state;
	int client = start(FAKE_READ);
	fake.cut = 3;
	fake_say(client, "seventeen letters");
	turn();
	assert_int_equal(fake.got_len, 17);
	assert_int_equal(fake.readable, 2);
	stop(client);
}

static void one_recv_for_one_line(void **state)
{
	(void)state;
	int client = start(FAKE_LINE);
	turn(); /* the report of the registration */
	for (int i = 1; i <= 3; i++) {
		int before = fake.recvs;
		fake.got_len = 0;
		fake_say(client, "a line\n");
		FAKE_UNTIL(net.loop, fake.got_len == 7);
		assert_int_equal(fake.recvs - before, 1);
		assert_true(conn_drained(fake.conn));
	}
	assert_int_equal(conn_read(fake.conn), ERR_AGAIN); /* and it was true */
	stop(client);
}

static void not_drained_with_an_end_behind(void **state)
{
	(void)state;
	int client = start(FAKE_LINE);
	turn();
	fake_say(client, "a line\n");
	shutdown(client, SHUT_WR);
	turn();
	assert_int_equal(fake.got_len, 7);
	assert_int_equal(fake.last_read, ERR_CLOSED);
	assert_true(conn_eof(fake.conn));
	assert_false(conn_drained(fake.conn));
	stop(client);
}

static void not_drained_after_a_second_read(void **state)
{
	(void)state;
	int client = start(FAKE_HOLD);
	turn();
	fake_say(client, "abcdef");
	turn();
	fake.cut = 3;
	assert_int_equal(conn_read(fake.conn), OK);
	assert_true(conn_drained(fake.conn)); /* as far as one short read can tell */
	assert_int_equal(conn_read(fake.conn), OK);
	assert_false(conn_drained(fake.conn));
	assert_int_equal(conn_read(fake.conn), ERR_AGAIN);
	assert_true(conn_drained(fake.conn));
	stop(client);
}

static void half_closed_client_gets_its_answer(void **state)
{
	(void)state;
	int client = start(FAKE_READ);
	turn();
	fake_say(client, "question");
	shutdown(client, SHUT_WR);
	FAKE_UNTIL(net.loop, conn_eof(fake.conn));
	assert_int_equal(fake.got_len, 8);
	outq_copy(&fake.conn->out, SLICE("answer"));
	assert_int_equal(conn_flush(fake.conn), OK);
	char text[8];
	assert_int_equal(recv(client, text, sizeof(text), 0), 6);
	assert_int_equal(conn_read(fake.conn), ERR_CLOSED); /* whenever it is asked */
	stop(client);
}

static void reset_is_no_half_close(void **state)
{
	(void)state;
	int client = start_tcp(FAKE_READ);
	reset(client);
	FAKE_UNTIL(net.loop, fake.last_read == ERR_CLOSED);
	assert_false(conn_eof(fake.conn));
	outq_copy(&fake.conn->out, SLICE("answer"));
	assert_int_equal(conn_flush(fake.conn), ERR_CLOSED);
	assert_int_equal(conn_read(fake.conn), ERR_CLOSED);
	stop(-1);
}

static void reset_after_half_close_is_seen(void **state)
{
	(void)state;
	int client = start_tcp(FAKE_READ);
	fake_say(client, "x");
	shutdown(client, SHUT_WR);
	FAKE_UNTIL(net.loop, conn_eof(fake.conn));
	outq_copy(&fake.conn->out, SLICE("part of an answer"));
	assert_int_equal(conn_flush(fake.conn), OK);
	int calls = fake.readable;
	reset(client); /* with the answer unread */
	FAKE_UNTIL(net.loop, fake.conn->flags & CONN_BROKEN);
	assert_true(fake.readable >= calls);
	assert_false(conn_eof(fake.conn));
	stop(-1);
}

static void reading_goes_on_without_an_edge(void **state)
{
	(void)state;
	int client = start(FAKE_HOLD);
	fake_say(client, "held back");
	FAKE_UNTIL(net.loop, fake.readable == 2);
	turn();
	assert_int_equal(fake.readable, 2); /* no second edge for the same bytes */
	assert_int_equal(conn_read(fake.conn), OK);
	assert_int_equal(conn_peek(fake.conn).len, 9);
	stop(client);
}

static void buffer_is_full_then_grows(void **state)
{
	(void)state;
	static char sent[CONN_BUFFER + 100];
	int client = start(FAKE_HOLD);
	memset(sent, 'a', sizeof(sent));
	sent[CONN_BUFFER] = 'b';
	assert_int_equal(send(client, sent, sizeof(sent), 0), sizeof(sent));
	FAKE_UNTIL(net.loop, fake.readable == 2);
	struct conn *c = fake.conn;
	assert_int_equal(conn_read(c), OK);
	if (c->in_len < CONN_BUFFER)
		assert_int_equal(conn_read(c), OK);
	assert_int_equal(conn_read(c), ERR_FULL);
	assert_int_equal(conn_grow(c, 40000, 30000), ERR_FULL);
	assert_int_equal(conn_grow(c, 40000, 40000), OK);
	assert_int_equal(c->in_cap, 40000);
	assert_int_equal(conn_read(c), OK);
	assert_int_equal(conn_peek(c).len, sizeof(sent));
	assert_memory_equal(conn_peek(c).ptr, sent, sizeof(sent));
	conn_consume(c, CONN_BUFFER);
	assert_int_equal(conn_peek(c).ptr[0], 'b');
	assert_int_equal(conn_grow(c, CONN_BUFFER, CONN_BUFFER), OK); /* moved to the front */
	assert_int_equal(c->in_pos, 0);
	assert_int_equal(conn_peek(c).len, 100);
	assert_int_equal(conn_peek(c).ptr[0], 'b');
	conn_release_in(c);
	assert_non_null(c->in); /* unread bytes stay */
	conn_consume(c, 100);
	conn_release_in(c);
	assert_null(c->in);
	stop(client);
}

static void consumed_bytes_stay_in_place(void **state)
{
	(void)state;
	int client = start_with(FAKE_HOLD, "GET");
	assert_int_equal(conn_read(fake.conn), OK);
	const char *first = conn_peek(fake.conn).ptr;
	conn_consume(fake.conn, 3);
	fake_say(client, " more");
	FAKE_UNTIL(net.loop, fake.readable >= 2);
	assert_int_equal(conn_read(fake.conn), OK);
	assert_memory_equal(first, "GET more", 8);
	stop(client);
}

/* A peer that sends without end and one that speaks once: both are heard. */
static void flood_has_its_share(void **state)
{
	(void)state;
	int client = start(FAKE_READ), other = -1;
	turn();
	struct conn *flooder = fake.conn;
	fake.flood = true;
	fake.mode = FAKE_HOLD;
	other = fake_connect(&net, "");
	turn();
	fake.mode = FAKE_READ;
	fake_say(client, "x");
	int before = fake.recvs;
	turn();
	assert_int_equal(fake.recvs - before, CONN_SHARE / CONN_BUFFER);
	assert_int_equal(fake.last_read, ERR_AGAIN);
	assert_int_equal(flooder->turn_in, CONN_SHARE);
	fake.got_len = 0;
	int calls = fake.readable;
	turn(); /* nothing new came, yet it goes on */
	assert_int_equal(fake.readable - calls, 1);
	assert_int_equal(fake.recvs - before, 2 * CONN_SHARE / CONN_BUFFER);
	fake.flood = false;
	turn();
	assert_int_equal(fake.last_read, ERR_AGAIN);
	assert_false(flooder->flags & CONN_READABLE);
	close(other);
	stop(client);
}

static void writer_has_its_share(void **state)
{
	(void)state;
	int client = start(FAKE_HOLD);
	turn();
	fake.flood = true;
	outq_file(&fake.conn->out, STDIN_FILENO, 0, 3u << 20, NULL);
	assert_int_equal(conn_flush(fake.conn), ERR_AGAIN);
	assert_int_equal(fake.conn->out.bytes, 2u << 20);
	turn();
	assert_int_equal(fake.writable, 1);
	assert_int_equal(fake.conn->out.bytes, 1u << 20);
	turn();
	assert_int_equal(fake.last_flush, OK);
	assert_true(outq_empty(&fake.conn->out));
	turn();
	assert_int_equal(fake.writable, 2);
	stop(client);
}

static void writable_follows_a_full_socket(void **state)
{
	(void)state;
	static char block[1 << 20], back[1 << 16];
	int client = start(FAKE_HOLD);
	turn();
	outq_borrow(&fake.conn->out, slice_of(block, sizeof(block)), NULL);
	assert_int_equal(conn_flush(fake.conn), ERR_AGAIN);
	int sends = fake.sends;
	assert_int_equal(conn_flush(fake.conn), ERR_AGAIN);
	assert_int_equal(fake.sends, sends); /* known to be full: no call */
	turn();
	assert_int_equal(fake.writable, 0);
	size_t got = 0;
	while (got < sizeof(block)) {
		size_t n = fake_receive(client, back, sizeof(back), net.loop);
		assert_true(n > 0);
		got += n;
	}
	assert_true(fake.writable > 0);
	assert_int_equal(fake.last_flush, OK);
	stop(client);
}

static void deadline_moves_and_fires_once(void **state)
{
	(void)state;
	int client = start(FAKE_HOLD);
	struct conn *c = fake.conn;
	uint64_t begin = loop_now_ms(net.loop);
	conn_set_deadline(c, begin + 20);
	for (int i = 1; i <= 3; i++) /* later: the timer stays where it is */
		conn_set_deadline(c, begin + 20 + 20 * (unsigned)i);
	assert_int_equal(c->timer.due_ms, begin + 20);
	FAKE_UNTIL(net.loop, fake.expired == 1);
	assert_true(clock_mono_ms() >= begin + 80);
	assert_int_equal(c->deadline_ms, 0);
	conn_set_deadline(c, loop_now_ms(net.loop) + 60);
	conn_set_deadline(c, loop_now_ms(net.loop) + 10); /* earlier */
	FAKE_UNTIL(net.loop, fake.expired == 2);
	conn_set_deadline(c, loop_now_ms(net.loop) + 10);
	conn_set_deadline(c, 0);
	for (int i = 0; i < 8; i++)
		loop_turn(net.loop, 5);
	assert_int_equal(fake.expired, 2);
	stop(client);
}

static void closes_once_at_the_end_of_the_turn(void **state)
{
	(void)state;
	int client = start(FAKE_HOLD);
	struct conn *c = fake.conn;
	outq_copy(&c->out, SLICE("never sent"));
	conn_set_deadline(c, loop_now_ms(net.loop) + 1);
	conn_close(c);
	conn_close(c);
	conn_linger(c);
	conn_set_idle(c, true);
	conn_set_deadline(c, loop_now_ms(net.loop) + 1);
	assert_int_equal(conn_read(c), ERR_CLOSED);
	assert_int_equal(conn_flush(c), ERR_CLOSED);
	assert_int_equal(fake.closed, 0);
	assert_int_equal(score_self()->connections, 0); /* limits see the room at once */
	assert_int_equal(net.count, 1);
	turn();
	assert_int_equal(fake.closed, 1);
	assert_int_equal(net.count, 0);
	char byte;
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	stop(client);
}

static void idle_ones_stand_in_order(void **state)
{
	(void)state;
	int a = start(FAKE_HOLD);
	struct conn *first = fake.conn;
	int b = fake_connect(&net, "x");
	struct conn *second = fake.conn;
	conn_set_idle(first, true);
	assert_int_equal(conn_read(second), OK);
	conn_consume(second, 1);
	conn_set_idle(second, true);
	assert_null(second->in);
	conn_set_idle(first, true); /* no change: keeps its place */
	assert_ptr_equal(net.idle.next, &first->idle_node);
	conn_set_idle(first, false);
	conn_set_idle(first, true);
	assert_ptr_equal(net.idle.next, &second->idle_node);
	assert_ptr_equal(net.idle.prev, &first->idle_node);
	conn_close(second);
	assert_ptr_equal(net.idle.next, &first->idle_node);
	close(b);
	stop(a);
}

static void knows_both_addresses(void **state)
{
	(void)state;
	int client = start_tcp(FAKE_HOLD);
	struct net_addr local;
	char text[NET_ADDR_TEXT];
	conn_local(fake.conn, &local);
	net_addr_host(&local, text);
	assert_string_equal(text, "127.0.0.1");
	net_addr_host(&fake.conn->peer, text);
	assert_string_equal(text, "127.0.0.1");
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	assert_int_equal(getsockname(client, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(net_addr_port(&fake.conn->peer), ntohs(name.sin_port));
	stop(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_comes),
		cmocka_unit_test(reads_at_once_what_came_before),
		cmocka_unit_test(short_reads_do_not_mean_empty),
		cmocka_unit_test(one_recv_for_one_line),
		cmocka_unit_test(not_drained_with_an_end_behind),
		cmocka_unit_test(not_drained_after_a_second_read),
		cmocka_unit_test(half_closed_client_gets_its_answer),
		cmocka_unit_test(reset_is_no_half_close),
		cmocka_unit_test(reset_after_half_close_is_seen),
		cmocka_unit_test(reading_goes_on_without_an_edge),
		cmocka_unit_test(buffer_is_full_then_grows),
		cmocka_unit_test(consumed_bytes_stay_in_place),
		cmocka_unit_test(flood_has_its_share),
		cmocka_unit_test(writer_has_its_share),
		cmocka_unit_test(writable_follows_a_full_socket),
		cmocka_unit_test(deadline_moves_and_fires_once),
		cmocka_unit_test(closes_once_at_the_end_of_the_turn),
		cmocka_unit_test(idle_ones_stand_in_order),
		cmocka_unit_test(knows_both_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
