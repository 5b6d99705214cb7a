/*
 * hostname.c - whether a text can be the host of a request: a name, "*." and a name, or an address.
 */
#include "config/check.h"

#include "base/slice.h"

#include <arpa/inet.h>

enum {
	NAME_BYTES = 253, /* RFC 1035 section 2.3.4, without the final dot */
	LABEL_BYTES = 63,
};

static bool is_label_byte(char c)
{
	/* RFC 1123 section 2.1; the underscore is in no host name, but in names that are in use. */
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static const char *label_problem(struct slice label)
{
	if (label.len == 0)
		return "an empty part between dots";
	if (label.len > LABEL_BYTES)
		return "a part with more than 63 bytes";
	for (size_t i = 0; i < label.len; i++) {
		if ((unsigned char)label.ptr[i] >= 0x80)
			return "not ASCII (write its xn-- form)";
		if (label.ptr[i] == '*')
			return "a '*' stands for the first part only (\"*.example.org\")";
		if (!is_label_byte(label.ptr[i]))
			return "not a host name";
	}
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return "a part that begins or ends with '-'";
	return NULL;
}

static const char *literal_problem(struct slice text)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr binary;
	if (!slice_ends(text, SLICE("]")) || text.len - 2 >= sizeof(address))
		return "not an address in brackets (a port does not belong here)";
	memcpy(address, text.ptr + 1, text.len - 2);
	address[text.len - 2] = '\0';
	return inet_pton(AF_INET6, address, &binary) == 1 ? NULL : "not an IPv6 address";
}

const char *check_host_name(const char *name)
{
	struct slice rest = slice_str(name);
	struct in6_addr binary;
	if (rest.len == 0)
		return "an empty name";
	if (slice_starts(rest, SLICE("[")))
		return literal_problem(rest);
	if (inet_pton(AF_INET6, name, &binary) == 1)
		return "an IPv6 address stands in brackets here (\"[::1]\")";
	if (slice_find(rest, '/') >= 0)
		return "a name only, without scheme and path";
	if (slice_find(rest, ':') >= 0)
		return "a port does not belong here";
	if (slice_starts(rest, SLICE("*.")))
		rest = slice_tail(rest, 2);
	if (slice_ends(rest, SLICE(".")) && rest.len > 1)
		rest = slice_head(rest, rest.len - 1);
	if (rest.len > NAME_BYTES)
		return "more than 253 bytes";
	while (rest.ptr) {
		const char *why = label_problem(slice_split(&rest, '.'));
		if (why)
			return why;
	}
	return NULL;
}

bool check_host_within(const char *host, const char *around)
{
	struct slice a = slice_str(around), h = slice_str(host);
	if (slice_eq(a, h))
		return true;
	return a.len > 1 && a.ptr[0] == '*' && h.len >= a.len && slice_ends(h, slice_tail(a, 1));
}
