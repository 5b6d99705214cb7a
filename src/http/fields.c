/*
 * fields.c - a list of fields, and what RFC 9110 section 5 says of names, values and lists.
 *
 * Plain linear lists: a request has a dozen fields, and the `present` bits answer most questions
 * without looking.
 */
#include "http/fields.h"

#include "http/chars.h"

struct known {
	enum field_id id;
	struct slice name; /* lower case */
};

/* Ordered by length, so that a name is compared with at most five others, of which the first byte
 * rules out most. */
static const struct known known[] = {
	{ FIELD_TE, { "te", 2 } },
	{ FIELD_DATE, { "date", 4 } },
	{ FIELD_HOST, { "host", 4 } },
	{ FIELD_RANGE, { "range", 5 } },
	{ FIELD_ACCEPT, { "accept", 6 } },
	{ FIELD_COOKIE, { "cookie", 6 } },
	{ FIELD_EXPECT, { "expect", 6 } },
	{ FIELD_ORIGIN, { "origin", 6 } },
	{ FIELD_SERVER, { "server", 6 } },
	{ FIELD_REFERER, { "referer", 7 } },
	{ FIELD_TRAILER, { "trailer", 7 } },
	{ FIELD_UPGRADE, { "upgrade", 7 } },
	{ FIELD_IF_MATCH, { "if-match", 8 } },
	{ FIELD_IF_RANGE, { "if-range", 8 } },
	{ FIELD_CONNECTION, { "connection", 10 } },
	{ FIELD_KEEP_ALIVE, { "keep-alive", 10 } },
	{ FIELD_USER_AGENT, { "user-agent", 10 } },
	{ FIELD_CONTENT_TYPE, { "content-type", 12 } },
	{ FIELD_X_REQUEST_ID, { "x-request-id", 12 } },
	{ FIELD_AUTHORIZATION, { "authorization", 13 } },
	{ FIELD_CACHE_CONTROL, { "cache-control", 13 } },
	{ FIELD_CONTENT_RANGE, { "content-range", 13 } },
	{ FIELD_IF_NONE_MATCH, { "if-none-match", 13 } },
	{ FIELD_CONTENT_LENGTH, { "content-length", 14 } },
	{ FIELD_ACCEPT_ENCODING, { "accept-encoding", 15 } },
	{ FIELD_X_FORWARDED_FOR, { "x-forwarded-for", 15 } },
	{ FIELD_CONTENT_ENCODING, { "content-encoding", 16 } },
	{ FIELD_IF_MODIFIED_SINCE, { "if-modified-since", 17 } },
	{ FIELD_TRANSFER_ENCODING, { "transfer-encoding", 17 } },
	{ FIELD_IF_UNMODIFIED_SINCE, { "if-unmodified-since", 19 } },
};

enum { KNOWN = sizeof(known) / sizeof(known[0]), KNOWN_LEN_MAX = 19, FIRST_CAP = 16 };

_Static_assert(KNOWN == FIELD_COUNT - 1, "every field_id has its name");
_Static_assert(FIELD_COUNT <= 32, "the present bits hold every field_id");

/* Where in `known` the names of a length begin; the last entry ends those of 19. */
static const uint8_t by_len[KNOWN_LEN_MAX + 2] = {
	0,
	0,
	0,
	1,
	1,
	3,
	4,
	9,
	12,
	14,
	14,
	17,
	17,
	19,
	23,
	24,
	26,
	27,
	29,
	29,
	30,
};

enum field_id field_find_id(struct slice name)
{
	if (name.len > KNOWN_LEN_MAX || name.len == 0)
		return FIELD_OTHER;
	char first = name.ptr[0] | 0x20;
	for (unsigned i = by_len[name.len]; i < by_len[name.len + 1]; i++)
		if (known[i].name.ptr[0] == first && slice_eq_ci(known[i].name, name))
			return known[i].id;
	return FIELD_OTHER;
}

static void grow(struct fields *f, struct arena *a)
{
	unsigned cap = f->cap ? f->cap * 2 : FIRST_CAP;
	struct field *list = arena_alloc(a, cap * sizeof(*list));

	if (f->count)
		memcpy(list, f->list, f->count * sizeof(*list));
	f->list = list;
	f->cap = cap;
}

void fields_add(
    struct fields *f, struct arena *a, enum field_id id, struct slice name, struct slice value)
{
	if (f->count == f->cap)
		grow(f, a);
	f->list[f->count++] = (struct field){ .name = name, .value = value, .id = id };
	f->present |= UINT32_C(1) << id;
}

static bool has(const struct fields *f, enum field_id id)
{
	return f->present & UINT32_C(1) << id;
}

struct slice fields_get(const struct fields *f, enum field_id id)
{
	if (has(f, id))
		for (unsigned i = 0; i < f->count; i++)
			if (f->list[i].id == id)
				return f->list[i].value;
	return SLICE_NONE;
}

struct slice fields_get_name(const struct fields *f, struct slice name)
{
	for (unsigned i = 0; i < f->count; i++)
		if (slice_eq_ci(f->list[i].name, name))
			return f->list[i].value;
	return SLICE_NONE;
}

unsigned fields_count(const struct fields *f, enum field_id id)
{
	unsigned n = 0;

	if (has(f, id))
		for (unsigned i = 0; i < f->count; i++)
			n += f->list[i].id == id;
	return n;
}

static size_t joined_len(const struct fields *f, enum field_id id)
{
	size_t len = 0;

	for (unsigned i = 0; i < f->count; i++)
		if (f->list[i].id == id)
			len += f->list[i].value.len + 2;
	return len;
}

struct slice fields_join(const struct fields *f, enum field_id id, struct arena *a)
{
	if (fields_count(f, id) <= 1)
		return fields_get(f, id);

	char *text = arena_bytes(a, joined_len(f, id));
	size_t len = 0;
	for (unsigned i = 0; i < f->count; i++) {
		struct slice value = f->list[i].value;
		if (f->list[i].id != id)
			continue;
		if (len > 0) {
			text[len++] = ',';
			text[len++] = ' ';
		}
		if (value.len)
			memcpy(text + len, value.ptr, value.len);
		len += value.len;
	}
	return slice_of(text, len);
}

bool fields_has_token(const struct fields *f, enum field_id id, struct slice token)
{
	if (!has(f, id))
		return false;
	for (unsigned i = 0; i < f->count; i++) {
		struct slice rest = f->list[i].value, member;
		if (f->list[i].id != id)
			continue;
		while (field_list_next(&rest, &member))
			if (slice_eq_ci(slice_trim(slice_split(&member, ';')), token))
				return true;
	}
	return false;
}

void fields_remove_name(struct fields *f, struct slice name)
{
	unsigned kept = 0;

	f->present = 0;
	for (unsigned i = 0; i < f->count; i++) {
		if (slice_eq_ci(f->list[i].name, name))
			continue;
		f->present |= UINT32_C(1) << f->list[i].id;
		f->list[kept++] = f->list[i];
	}
	f->count = kept;
}

bool field_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!char_is(name.ptr[i], CHAR_TOKEN))
			return false;
	return name.len > 0;
}

/*
 * Eight bytes at a time, since most values are long and clean. With x of eight bytes, (x - 0x20..)
 * & ~x has the top bit of some byte set if any byte is below 0x20; y = x ^ 0x7f.., (y - 0x01..) &
 * ~y if any is DEL. A borrow can only mark more bytes after a true hit, so "none marked" is exact;
 * a hit (HTAB is one) is looked at byte by byte.
 */
static bool eight_are_clean(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, y;

	memcpy(&x, p, sizeof(x));
	y = x ^ ones * 0x7f;
	return !((((x - ones * 0x20) & ~x) | ((y - ones) & ~y)) & ones * 0x80);
}

bool field_value_valid(struct slice value)
{
	const char *p = value.ptr, *end = p + value.len;

	while (p < end) {
		if (end - p >= 8 && eight_are_clean(p)) {
			p += 8;
			continue;
		}
		const char *stop = end - p >= 8 ? p + 8 : end;
		for (; p < stop; p++)
			if (!char_is(*p, CHAR_VALUE))
				return false;
	}
	return true;
}

/* Where the member that begins at `s` ends: at a comma outside of quotes. */
static size_t member_len(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted)
			i++;
		else if (c == ',' && !quoted)
			return i;
	}
	return s.len;
}

bool field_list_next(struct slice *rest, struct slice *member_out)
{
	while (rest->len > 0) {
		size_t len = member_len(*rest);
		*member_out = slice_trim(slice_head(*rest, len));
		*rest = slice_tail(*rest, len + 1);
		if (member_out->len > 0)
			return true;
	}
	return false;
}
