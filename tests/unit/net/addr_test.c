/*
 * addr_test.c - addresses as text and as keys.
 */
#include "fake.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

static void from_text(struct net_addr *out, const char *text, unsigned port)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	if (strncmp(text, "unix:", 5) == 0) {
		ss.ss_family = AF_UNIX;
	} else if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
	}
	net_addr_from(out, &ss);
}

static void formats(void **state)
{
	(void)state;
	static const struct {
		const char *addr;
		unsigned port;
		int family;
		const char *host, *full;
	} rows[] = {
		{ "192.0.2.1", 80, AF_INET, "192.0.2.1", "192.0.2.1:80" },
		{ "255.255.255.255", 65535, AF_INET, "255.255.255.255", "255.255.255.255:65535" },
		{ "0.0.0.0", 0, AF_INET, "0.0.0.0", "0.0.0.0:0" },
		{ "2001:db8::1", 443, AF_INET6, "2001:db8::1", "[2001:db8::1]:443" },
		{ "::", 8080, AF_INET6, "::", "[::]:8080" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", 65535, AF_INET6,
		    "2001:db8:1111:2222:3333:4444:5555:6666",
		    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535" },
		{ "::ffff:192.0.2.7", 81, AF_INET, "192.0.2.7", "192.0.2.7:81" },
		{ "unix:", 80, AF_UNIX, "unix:", "unix:" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_addr a;
		char text[NET_ADDR_TEXT];
		from_text(&a, rows[i].addr, rows[i].port);
		assert_int_equal(a.any.sa_family, rows[i].family);
		assert_int_equal(net_addr_host(&a, text), strlen(rows[i].host));
		assert_string_equal(text, rows[i].host);
		assert_int_equal(net_addr_format(&a, text), strlen(rows[i].full));
		assert_string_equal(text, rows[i].full);
		assert_int_equal(net_addr_port(&a), rows[i].family == AF_UNIX ? 0 : rows[i].port);
	}
}

static void keys_tell_subscribers_apart(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::2", true }, /* one /64 */
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "::1", "127.0.0.1", false },
		{ "::1", "0.0.0.0", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_addr a, b;
		unsigned char key_a[16], key_b[16];
		static const unsigned char zero[16];
		from_text(&a, rows[i].a, 1);
		from_text(&b, rows[i].b, 2);
		net_addr_key(&a, key_a);
		net_addr_key(&b, key_b);
		assert_int_equal(memcmp(key_a, key_b, 16) == 0, rows[i].same);
		assert_memory_not_equal(key_a, zero, 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(keys_tell_subscribers_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
