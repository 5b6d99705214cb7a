/*
 * host.c - host and port of Host, :authority and absolute request targets, made canonical
 * (target.h; RFC 9110 section 7.2, RFC 3986 section 3.2.2).
 *
 * Of a registered name only the unreserved characters are taken: no host has the others, "%61" and
 * "a" would be two names of one site, and a list of two names must not pass for one. An IPv6
 * literal is written anew in its one canonical form (RFC 5952).
 */
#include "http/target.h"

#include "base/number.h"
#include "http/chars.h"

#include <arpa/inet.h>

enum {
	NAME_MAX_LEN = 255, /* RFC 1035 section 2.3.4: longer names do not exist */
	PORT_MAX = 65535,
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Splits what follows the host: nothing, ":" alone (RFC 3986 section 3.2.3 lets the port be empty),
 * or ":" and digits. */
static int parse_port(struct slice text, unsigned *port_out)
{
	uint64_t port = 0;

	*port_out = 0;
	if (text.len == 0)
		return OK;
	if (text.ptr[0] != ':')
		return ERR_SYNTAX;
	text = slice_tail(text, 1);
	if (text.len > 0 && number_parse(text, PORT_MAX, &port) != OK)
		return ERR_SYNTAX;
	*port_out = (unsigned)port;
	return OK;
}

static int parse_literal(
    struct slice text, struct arena *a, struct slice *host_out, unsigned *port_out)
{
	char literal[INET6_ADDRSTRLEN], canonical[INET6_ADDRSTRLEN];
	struct in6_addr address;
	ptrdiff_t end = slice_find(text, ']');

	if (end < 2 || (size_t)end > sizeof(literal))
		return ERR_SYNTAX;
	size_t len = (size_t)end - 1;
	memcpy(literal, text.ptr + 1, len);
	literal[len] = '\0';
	/* A NUL inside would hide what follows it. */
	if (strlen(literal) != len || inet_pton(AF_INET6, literal, &address) != 1)
		return ERR_SYNTAX;
	inet_ntop(AF_INET6, &address, canonical, sizeof(canonical));
	*host_out = slice_str(arena_printf(a, "[%s]", canonical));
	return parse_port(slice_tail(text, (size_t)end + 1), port_out);
}

static struct slice lower(struct slice name, struct arena *a)
{
	char *text = arena_bytes(a, name.len);

	for (size_t i = 0; i < name.len; i++)
		text[i] = is_upper(name.ptr[i]) ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
	return slice_of(text, name.len);
}

/* The length of the name; 0 if a label is empty (a single dot at the end aside) or it is too long.
 */
static size_t name_len(struct slice text, bool *upper_out)
{
	size_t len = 0;

	*upper_out = false;
	for (; len < text.len && char_is(text.ptr[len], CHAR_HOST); len++) {
		if (text.ptr[len] == '.' && (len == 0 || text.ptr[len - 1] == '.'))
			return 0;
		*upper_out |= is_upper(text.ptr[len]);
	}
	return len <= NAME_MAX_LEN ? len : 0;
}

int host_parse(struct slice text, struct arena *a, struct slice *host_out, unsigned *port_out)
{
	bool upper;

	if (text.len > 0 && text.ptr[0] == '[')
		return parse_literal(text, a, host_out, port_out);
	size_t len = name_len(text, &upper);
	if (len == 0)
		return ERR_SYNTAX;
	struct slice name = slice_head(text, text.ptr[len - 1] == '.' ? len - 1 : len);
	*host_out = upper ? lower(name, a) : name;
	return parse_port(slice_tail(text, len), port_out);
}
