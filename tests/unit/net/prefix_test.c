/*
 * prefix_test.c - ranges of addresses: their text, and the narrowest one around an address.
 */
#include "net/prefix.h"

#include "fake.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_text(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *canonical;
	} rows[] = {
		{ "192.0.2.1", OK, "192.0.2.1" },
		{ "192.0.2.1/32", OK, "192.0.2.1" },
		{ "192.0.2.0/24", OK, "192.0.2.0/24" },
		{ "0.0.0.0/0", OK, "0.0.0.0/0" },
		{ "128.0.0.0/1", OK, "128.0.0.0/1" },
		{ "2001:DB8::/32", OK, "2001:db8::/32" },
		{ "2001:db8::1/128", OK, "2001:db8::1" },
		{ "::/0", OK, "::/0" },
		{ "::1", OK, "::1" },
		{ "::ffff:192.0.2.1", OK, "192.0.2.1" },
		{ "::ffff:192.0.2.0/120", OK, "192.0.2.0/24" },
		{ "::ffff:0:0/96", OK, "0.0.0.0/0" },
		{ "all", OK, "all" },
		{ "unix", OK, "unix" },
		{ "192.0.2.1/24", ERR_RANGE, "192.0.2.0/24" },
		{ "192.0.2.1/0", ERR_RANGE, "0.0.0.0/0" },
		{ "192.0.2.255/31", ERR_RANGE, "192.0.2.254/31" },
		{ "2001:db8::1/64", ERR_RANGE, "2001:db8::/64" },
		{ "::ffff:192.0.2.1/120", ERR_RANGE, "192.0.2.0/24" },
		{ "::ffff:192.0.2.0/90", ERR_RANGE, "::ffc0:0:0/90" },
		{ "", ERR_SYNTAX, NULL },
		{ "/24", ERR_SYNTAX, NULL },
		{ "192.0.2.1/", ERR_SYNTAX, NULL },
		{ "192.0.2.1/33", ERR_SYNTAX, NULL },
		{ "192.0.2.1/-1", ERR_SYNTAX, NULL },
		{ "192.0.2.1/24/8", ERR_SYNTAX, NULL },
		{ "192.0.2.0/255.255.255.0", ERR_SYNTAX, NULL },
		{ "192.0.2", ERR_SYNTAX, NULL },
		{ "192.0.2.256", ERR_SYNTAX, NULL },
		{ "192.0.2.1 ", ERR_SYNTAX, NULL },
		{ "2001:db8::/129", ERR_SYNTAX, NULL },
		{ "[::1]", ERR_SYNTAX, NULL },
		{ "fe80::1%eth0", ERR_SYNTAX, NULL },
		{ "example.org", ERR_SYNTAX, NULL },
		{ "ALL", ERR_SYNTAX, NULL },
		{ "all/0", ERR_SYNTAX, NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", ERR_SYNTAX, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct net_prefix p;
		char text[NET_PREFIX_TEXT];
		int rc = net_prefix_parse(slice_str(rows[i].text), &p);
		if (rc != rows[i].result)
			fail_msg("'%s': %d", rows[i].text, rc);
		if (!rows[i].canonical)
			continue;
		net_prefix_format(&p, text);
		assert_string_equal(text, rows[i].canonical);
	}
}

static void address(struct net_addr *out, const char *text)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	else
		ss.ss_family = AF_UNIX;
	net_addr_from(out, &ss);
}

static void test_narrowest(void **state)
{
	static const char *const list[] = { "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3",
		"10.1.3.0/24", "2001:db8::/32", "2001:db8:0:1::/64", "192.0.2.0/24", "192.0.2.0/24",
		"0.0.0.0", "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"10.1.0.0/17" };
	static const struct {
		const char *addr;
		int found;
	} rows[] = {
		{ "10.0.0.1", 0 },
		{ "10.255.255.255", 0 },
		{ "11.0.0.0", -1 },
		{ "9.255.255.255", -1 },
		{ "10.1.0.1", 12 },
		{ "10.1.128.0", 1 },
		{ "10.1.2.0", 2 },
		{ "10.1.2.3", 3 },
		{ "10.1.2.4", 2 },
		{ "10.1.3.255", 4 },
		{ "10.1.4.0", 12 },
		{ "::ffff:10.1.2.3", 3 },
		{ "2001:db8::1", 5 },
		{ "2001:db8:0:1::1", 6 },
		{ "2001:db8:0:2::", 5 },
		{ "2001:db9::", -1 },
		{ "192.0.2.7", 8 },
		{ "0.0.0.0", 9 },
		{ "0.0.0.1", -1 },
		{ "255.255.255.255", 10 },
		{ "255.255.255.254", -1 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 11 },
		{ "::", -1 },
		{ "unix", -1 },
	};
	struct net_prefix prefixes[sizeof(list) / sizeof(*list)];
	struct arena a;
	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		assert_int_equal(net_prefix_parse(slice_str(list[i]), &prefixes[i]), OK);
	struct net_prefix_table *t =
	    net_prefix_table_new(prefixes, sizeof(list) / sizeof(*list), &a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct net_addr addr;
		address(&addr, rows[i].addr);
		int found = net_prefix_table_find(t, &addr);
		if (found != rows[i].found)
			fail_msg("%s: %d", rows[i].addr, found);
	}
	assert_int_equal(net_prefix_table_find(t, NULL), -1);
	arena_fini(&a);
}

static void test_words(void **state)
{
	struct net_prefix list[3];
	struct net_addr v4, v6, local;
	struct arena a;
	(void)state;
	arena_init(&a);
	address(&v4, "192.0.2.1");
	address(&v6, "2001:db8::1");
	address(&local, "unix");
	assert_int_equal(net_prefix_parse(SLICE("192.0.2.1"), &list[0]), OK);
	assert_int_equal(net_prefix_parse(SLICE("all"), &list[1]), OK);
	assert_int_equal(net_prefix_parse(SLICE("unix"), &list[2]), OK);
	struct net_prefix_table *t = net_prefix_table_new(list, 3, &a);
	assert_int_equal(net_prefix_table_find(t, &v4), 0);
	assert_int_equal(net_prefix_table_find(t, &v6), 1);
	assert_int_equal(net_prefix_table_find(t, &local), 2);
	t = net_prefix_table_new(list, 2, &a);
	assert_int_equal(net_prefix_table_find(t, &local), 1);
	assert_int_equal(net_prefix_table_find(t, NULL), 1);
	t = net_prefix_table_new(list, 0, &a);
	assert_int_equal(net_prefix_table_find(t, &v4), -1);
	arena_fini(&a);
}

/* The slow way: all of them looked at. */
static int narrowest(const struct net_prefix *list, size_t count, uint32_t addr)
{
	int found = -1;
	for (size_t i = 0; i < count; i++) {
		uint32_t mask = list[i].bits ? ~0u << (32 - list[i].bits) : 0, net;
		memcpy(&net, list[i].addr, sizeof(net));
		if ((addr & mask) == ntohl(net) && (found < 0 || list[i].bits >= list[found].bits))
			found = (int)i;
	}
	return found;
}

/* Few bits, so that ranges nest, touch and repeat. */
static void test_like_a_list(void **state)
{
	enum { ROUNDS = 300, MOST = 40, LOOKS = 64 };
	(void)state;
	srandom(7);
	for (int round = 0; round < ROUNDS; round++) {
		struct net_prefix list[MOST];
		size_t count = (size_t)random() % MOST;
		struct arena a;
		arena_init(&a);
		for (size_t i = 0; i < count; i++) {
			char text[32];
			snprintf(text, sizeof(text), "%u.0.0.%u/%u", 252 + (unsigned)random() % 4,
			    (unsigned)random() % 8 * 32, (unsigned)random() % 33);
			/* Without the bits behind its prefix it is as good. */
			assert_int_not_equal(
			    net_prefix_parse(slice_str(text), &list[i]), ERR_SYNTAX);
		}
		struct net_prefix_table *t = net_prefix_table_new(list, count, &a);
		for (int k = 0; k < LOOKS; k++) {
			uint32_t host =
			    (252 + (uint32_t)random() % 4) << 24 | (uint32_t)random() % 256;
			struct net_addr addr = { .v4 = { .sin_family = AF_INET } };
			addr.v4.sin_addr.s_addr = htonl(host);
			assert_int_equal(
			    net_prefix_table_find(t, &addr), narrowest(list, count, host));
		}
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_narrowest),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_like_a_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
