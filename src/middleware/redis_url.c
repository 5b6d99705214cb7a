/*
 * redis_url.c - see redis_url.h. A password may have any byte, percent-encoded (RFC 3986 section
 * 2.1).
 */
#include "middleware/redis_url.h"

#include "base/number.h"

#include <sys/un.h>

enum {
	PORT = 6379,
	DATABASE_MAX = 1 << 20, /* a server has 16 unless it is told otherwise */
};

static int decode(struct slice s, struct arena *a, const char **out)
{
	char *text = arena_bytes(a, s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t byte = (unsigned char)s.ptr[i];
		if (s.ptr[i] == '%') {
			struct slice digits = slice_head(slice_tail(s, i + 1), 2);
			if (digits.len < 2 || number_parse_hex(digits, 255, &byte) < 0 || byte == 0)
				return ERR_SYNTAX;
			i += 2;
		}
		text[n++] = (char)byte;
	}
	text[n] = '\0';
	*out = text;
	return OK;
}

static int parse_login(struct slice login, struct arena *a, struct redis_url *out)
{
	struct slice password = login;
	struct slice user = slice_split(&password, ':');
	if (!password.ptr)
		return ERR_SYNTAX;
	if (user.len > 0 && decode(user, a, &out->user) < 0)
		return ERR_SYNTAX;
	return decode(password, a, &out->password);
}

static int parse_number(struct slice text, uint64_t max, unsigned *out)
{
	uint64_t value;
	if (number_parse(text, max, &value) < 0)
		return ERR_SYNTAX;
	*out = (unsigned)value;
	return OK;
}

/* "host", "host:port", "[2001:db8::1]:port". */
static int parse_server(struct slice server, struct arena *a, struct redis_url *out)
{
	struct slice port = SLICE_NONE, host = server;
	ptrdiff_t bracket = slice_find(server, ']');
	if (server.len > 0 && server.ptr[0] == '[' && bracket > 1) {
		host = slice_of(server.ptr + 1, (size_t)bracket - 1);
		port = slice_tail(server, (size_t)bracket + 1);
		if (port.len > 0 && port.ptr[0] != ':')
			return ERR_SYNTAX;
		port = port.len > 0 ? slice_tail(port, 1) : SLICE_NONE;
	} else {
		port = host;
		host = slice_split(&port, ':');
	}
	out->host = arena_dup(a, host).ptr;
	out->port = PORT;
	if (host.len == 0 || slice_find(host, '[') >= 0 ||
	    (port.ptr && parse_number(port, 65535, &out->port) < 0))
		return ERR_SYNTAX;
	return out->port > 0 ? OK : ERR_SYNTAX;
}

static int parse_tcp(
    struct slice rest, struct arena *a, struct redis_url *out, const char **why_out)
{
	ptrdiff_t at = slice_find_last(rest, '@');
	*why_out = "the password can not be read (expected user:password@ or :password@, special "
		   "bytes as %XX)";
	if (at >= 0 && parse_login(slice_head(rest, (size_t)at), a, out) < 0)
		return ERR_SYNTAX;
	struct slice database = slice_tail(rest, (size_t)(at + 1));
	struct slice server = slice_split(&database, '/');
	*why_out = "no host, or not a port (expected \"redis://host:6379\")";
	if (parse_server(server, a, out) < 0)
		return ERR_SYNTAX;
	*why_out = "the database is not a number (expected \"redis://host:6379/0\")";
	if (database.len > 0 && parse_number(database, DATABASE_MAX, &out->database) < 0)
		return ERR_SYNTAX;
	out->name = arena_printf(a, "redis://" SLICE_FMT "/%u", SLICE_ARG(server), out->database);
	return OK;
}

static int parse_unix(
    struct slice rest, struct arena *a, struct redis_url *out, const char **why_out)
{
	if (slice_starts(rest, SLICE("//")))
		rest = slice_tail(rest, 2);
	*why_out = "not an absolute path of at most 107 bytes (expected \"unix:/run/redis.sock\")";
	if (rest.len == 0 || rest.ptr[0] != '/' ||
	    rest.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return ERR_SYNTAX;
	out->path = arena_dup(a, rest).ptr;
	out->name = arena_printf(a, "unix:%s", out->path);
	return OK;
}

int redis_url_parse(const char *text, struct arena *a, struct redis_url *out, const char **why_out)
{
	struct slice url = slice_str(text);
	*out = (struct redis_url){ 0 };
	if (slice_starts(url, SLICE("redis://")))
		return parse_tcp(slice_tail(url, 8), a, out, why_out);
	if (slice_starts(url, SLICE("unix:")))
		return parse_unix(slice_tail(url, 5), a, out, why_out);
	*why_out = slice_starts(url, SLICE("rediss://"))
		       ? "TLS to Redis is not spoken (expected \"redis://host:6379\", through a "
			 "tunnel if need be)"
		       : "not the URL of a Redis server (expected \"redis://host:6379\" or "
			 "\"unix:/run/redis.sock\")";
	return ERR_SYNTAX;
}
