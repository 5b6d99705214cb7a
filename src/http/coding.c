/*
 * coding.c - names of content codings and the choice by Accept-Encoding.
 *
 *   Accept-Encoding = #( codings [ weight ] )          RFC 9110 section 12.5.3
 *   codings         = content-coding / "identity" / "*"
 *   weight          = OWS ";" OWS "q=" qvalue
 *   qvalue          = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
 */
#include "http/coding.h"

#include "http/fields.h"

static const struct {
	struct slice name;
	const char *suffix;
} codings[CODING_COUNT] = {
	[CODING_IDENTITY] = { { "identity", 8 }, NULL },
	[CODING_GZIP] = { { "gzip", 4 }, ".gz" },
	[CODING_BR] = { { "br", 2 }, ".br" },
	[CODING_ZSTD] = { { "zstd", 4 }, ".zst" },
};

const enum coding coding_order_small[CODING_COUNT] = { CODING_BR, CODING_ZSTD, CODING_GZIP,
	CODING_IDENTITY };
const enum coding coding_order_cheap[CODING_COUNT] = { CODING_ZSTD, CODING_BR, CODING_GZIP,
	CODING_IDENTITY };

struct slice coding_name(enum coding c)
{
	return codings[c].name;
}

const char *coding_suffix(enum coding c)
{
	return codings[c].suffix;
}

int coding_find(struct slice name)
{
	for (int c = 0; c < CODING_COUNT; c++)
		if (slice_eq_ci(codings[c].name, name))
			return c;
	/* RFC 9110 section 8.4.1.3: "x-gzip" is to be taken for gzip. */
	return slice_eq_ci(name, SLICE("x-gzip")) ? CODING_GZIP : ERR_NOTFOUND;
}

/* Thousandths; -1 for what is no qvalue. */
static int parse_qvalue(struct slice s)
{
	if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1'))
		return -1;
	if (s.len > 1 && s.ptr[1] != '.')
		return -1;
	int value = (s.ptr[0] - '0') * 1000;
	for (size_t i = 2, unit = 100; i < s.len; i++, unit /= 10) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		value += (s.ptr[i] - '0') * (int)unit;
	}
	return value <= 1000 ? value : -1;
}

/* The weight among a member's parameters: 1000 without one, 0 for one that can not be read. */
static int member_weight(struct slice parameters)
{
	while (parameters.ptr) {
		struct slice p = slice_trim(slice_split(&parameters, ';'));
		if (p.len < 2 || (p.ptr[0] | 0x20) != 'q' || p.ptr[1] != '=')
			continue;
		int q = parse_qvalue(slice_tail(p, 2));
		return q < 0 ? 0 : q;
	}
	return 1000;
}

struct weights {
	int of[CODING_COUNT]; /* -1: not named */
	int any;              /* of "*"; -1: not named */
};

static void read_weights(struct slice accept, struct weights *w)
{
	*w = (struct weights){ { -1, -1, -1, -1 }, -1 };
	for (struct slice member; field_list_next(&accept, &member);) {
		struct slice parameters = member;
		struct slice name = slice_trim(slice_split(&parameters, ';'));
		int q = member_weight(parameters);
		int c = coding_find(name);
		if (slice_eq(name, SLICE("*")))
			w->any = q;
		else if (c >= 0)
			w->of[c] = q;
	}
}

enum coding coding_choose(struct slice accept, unsigned available, const enum coding *order)
{
	if (!accept.ptr || !(available & ~CODING_BIT(CODING_IDENTITY)))
		return CODING_IDENTITY;
	struct weights w;
	read_weights(accept, &w);
	enum coding best = CODING_IDENTITY;
	int best_weight = 0;
	for (int i = 0; i < CODING_COUNT; i++) {
		enum coding c = order[i];
		if (c != CODING_IDENTITY && !(available & CODING_BIT(c)))
			continue;
		int q = w.of[c];
		/* Identity that is not named is acceptable, but anything that was asked for comes
		 * first. */
		if (q < 0)
			q = c == CODING_IDENTITY && w.any != 0 ? 1 : w.any;
		if (q > best_weight) {
			best = c;
			best_weight = q;
		}
	}
	return best;
}
