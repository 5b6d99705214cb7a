/*
 * trace.c - see trace.h.
 *
 * IDs are unique, not secret: each process begins at a random place of a sequence of 2^64 that does
 * not look like one, and goes on from there. That costs some nanoseconds and no system call.
 */
#include "app/trace.h"

#include "base/clock.h"

#include <sys/random.h>

enum { ID_MAX = 128, ID_LEN = 16, TRACE_ID_AT = 3, TRACE_ID_LEN = 32, TRACEPARENT_LEN = 55 };

static const char hex[] = "0123456789abcdef";

/* Steele, Lea and Flood's SplitMix64: one to one, so nothing comes twice. */
static uint64_t next_number(void)
{
	static uint64_t state;
	while (state == 0)
		if (getrandom(&state, sizeof(state), GRND_NONBLOCK) < 0)
			state = clock_wall_ms();
	uint64_t z = state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void put_hex(char *to, uint64_t n)
{
	for (int i = ID_LEN - 1; i >= 0; i--, n >>= 4)
		to[i] = hex[n & 15];
}

struct slice exchange_id(const struct request *r)
{
	struct exchange *x = exchange_of(r);
	if (!x)
		return SLICE_NONE;
	if (!x->request_id.ptr) {
		put_hex(x->made_id, next_number());
		x->request_id = slice_of(x->made_id, ID_LEN);
	}
	return x->request_id;
}

static bool id_valid(struct slice id)
{
	for (size_t i = 0; i < id.len; i++) {
		unsigned char c = (unsigned char)id.ptr[i], letter = c | 0x20;
		if ((letter < 'a' || letter > 'z') && (c < '0' || c > '9') &&
		    (c == '\0' || !strchr("-_.:=+/@~", c)))
			return false;
	}
	return id.len > 0 && id.len <= ID_MAX;
}

int exchange_take_id(const struct request *r, struct slice id)
{
	if (!id_valid(id))
		return ERR_SYNTAX;
	exchange_of(r)->request_id = id;
	return OK;
}

/* `len` digits, lower case, from `at` on; with `some`, not all of them zero. */
static bool is_hex(struct slice s, size_t at, size_t len, bool some)
{
	bool zero = true;
	for (size_t i = at; i < at + len; i++) {
		char c = s.ptr[i];
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		zero &= c == '0';
	}
	return !some || !zero;
}

/* "00-" 32 digits "-" 16 digits "-" 2 digits; later versions may go on behind another "-". */
bool traceparent_valid(struct slice s)
{
	if (s.len < TRACEPARENT_LEN || s.ptr[2] != '-' || s.ptr[35] != '-' || s.ptr[52] != '-')
		return false;
	struct slice version = slice_head(s, 2);
	if (!is_hex(s, 0, 2, false) || slice_eq(version, SLICE("ff")))
		return false;
	if (s.len > TRACEPARENT_LEN &&
	    (slice_eq(version, SLICE("00")) || s.ptr[TRACEPARENT_LEN] != '-'))
		return false;
	return is_hex(s, TRACE_ID_AT, TRACE_ID_LEN, true) && is_hex(s, 36, 16, true) &&
	       is_hex(s, 53, 2, false);
}

/* Two of them are as good as none. */
static struct slice only_field(const struct fields *f, struct slice name)
{
	struct slice value = SLICE_NONE;
	for (unsigned i = 0; i < f->count; i++) {
		if (f->list[i].id != FIELD_OTHER || !slice_eq_ci(f->list[i].name, name))
			continue;
		if (value.ptr)
			return SLICE_NONE;
		value = f->list[i].value;
	}
	return value;
}

struct slice exchange_traceparent(const struct request *r)
{
	struct exchange *x = exchange_of(r);
	if (!x)
		return SLICE_NONE;
	if (!x->trace_known) {
		struct slice found = only_field(&r->fields, SLICE("traceparent"));
		x->traceparent = traceparent_valid(found) ? found : SLICE_NONE;
		x->trace_known = true;
	}
	return x->traceparent;
}

struct slice exchange_trace_id(const struct request *r)
{
	struct slice parent = exchange_traceparent(r);
	return parent.ptr ? slice_of(parent.ptr + TRACE_ID_AT, TRACE_ID_LEN) : SLICE_NONE;
}

void exchange_begin_trace(struct request *r)
{
	if (exchange_traceparent(r).ptr)
		return;
	char *text = arena_bytes(&r->arena, TRACEPARENT_LEN);
	memcpy(text, "00-", 3);
	put_hex(text + TRACE_ID_AT, next_number());
	put_hex(text + TRACE_ID_AT + ID_LEN, next_number());
	text[35] = '-';
	put_hex(text + 36, next_number());
	memcpy(text + 52, "-01", 3);
	exchange_of(r)->traceparent = slice_of(text, TRACEPARENT_LEN);
}
