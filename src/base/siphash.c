/*
 * siphash.c - after the description in "SipHash: a fast short-input PRF" (Aumasson, Bernstein,
 * 2012). The names v0 to v3 are those of the paper.
 */
#include "base/siphash.h"

#include <endian.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void mix_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline void take_word(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix_round(s);
	mix_round(s);
	s->v0 ^= word;
}

/* Of at most eight bytes. */
static inline uint64_t little_endian(const char *p, size_t len)
{
	uint64_t word = 0;
	if (len > 0)
		memcpy(&word, p, len);
	return le64toh(word);
}

uint64_t siphash(const uint64_t secret[2], struct slice bytes)
{
	struct state s = {
		.v0 = secret[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = secret[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = secret[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = secret[1] ^ UINT64_C(0x7465646279746573),
	};
	struct slice rest = bytes;
	for (; rest.len >= 8; rest = slice_tail(rest, 8))
		take_word(&s, little_endian(rest.ptr, 8));
	take_word(&s, (uint64_t)bytes.len << 56 | little_endian(rest.ptr, rest.len));
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		mix_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
