/*
 * coding_test.c - the choice of a content coding, and that what is encoded can be decoded.
 */
#include "http/coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

enum { ALL = CODING_BIT(CODING_GZIP) | CODING_BIT(CODING_BR) | CODING_BIT(CODING_ZSTD) };

static void test_choice(void **state)
{
	static const struct {
		const char *accept; /* NULL: no field */
		unsigned available;
		enum coding small;
	} rows[] = {
		{ NULL, ALL, CODING_IDENTITY },
		{ "", ALL, CODING_IDENTITY },
		{ "gzip", ALL, CODING_GZIP },
		{ "x-gzip", ALL, CODING_GZIP },
		{ "GZip", ALL, CODING_GZIP },
		{ "gzip, deflate, br, zstd", ALL, CODING_BR },
		{ "gzip, deflate, zstd", ALL, CODING_ZSTD },
		{ "gzip, deflate, br", CODING_BIT(CODING_GZIP), CODING_GZIP },
		{ "gzip;q=1.0, br;q=0.5", ALL, CODING_GZIP },
		{ "br;q=0, gzip", ALL, CODING_GZIP },
		{ "br;q=0", ALL, CODING_IDENTITY },
		{ "*", ALL, CODING_BR },
		{ "*;q=0", ALL, CODING_IDENTITY },
		{ "*;q=0, gzip", ALL, CODING_GZIP },
		{ "*;q=0.5, gzip;q=0.4", ALL, CODING_BR },
		{ "identity", ALL, CODING_IDENTITY },
		{ "identity;q=1, gzip;q=0.5", ALL, CODING_IDENTITY },
		{ "identity;q=0", ALL, CODING_IDENTITY },
		{ "identity;q=0.5, gzip;q=0.5", ALL, CODING_GZIP },
		{ "gzip;q=0.001", ALL, CODING_GZIP },
		{ "gzip;q=0.000", ALL, CODING_IDENTITY },
		{ "gzip ; q=0.8 , br ; Q=0.9", ALL, CODING_BR },
		{ "gzip;q=2", ALL, CODING_IDENTITY },
		{ "gzip;q=x, br", ALL, CODING_BR },
		{ "gzip;q=1.001, br;q=0.1", ALL, CODING_BR },
		{ "deflate", ALL, CODING_IDENTITY },
		{ ",,gzip,,", ALL, CODING_GZIP },
		{ "gzip", 0, CODING_IDENTITY },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum coding got =
		    coding_choose(slice_str(rows[i].accept), rows[i].available, coding_order_small);
		if (got != rows[i].small)
			fail_msg("'%s': got %s", rows[i].accept ? rows[i].accept : "(none)",
			    coding_name(got).ptr);
	}
	assert_int_equal(
	    coding_choose(SLICE("gzip, br, zstd"), ALL, coding_order_cheap), CODING_ZSTD);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(coding_find(SLICE("br")), CODING_BR);
	assert_int_equal(coding_find(SLICE("compress")), ERR_NOTFOUND);
	assert_string_equal(coding_suffix(CODING_ZSTD), ".zst");
	assert_null(coding_suffix(CODING_IDENTITY));
	assert_true(coding_built_in(CODING_GZIP));
	assert_false(coding_built_in(CODING_IDENTITY));
}

static void make_text(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i * i % 23);
}

static void inflate_all(struct slice in, char *out, size_t len)
{
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)in.ptr,
		.avail_in = (unsigned)in.len };
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)len;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_out, 0);
	inflateEnd(&z);
}

/* Whole and in pieces of every size of a row; the levels at and beyond both ends of the scale. */
static void test_gzip_round_trip(void **state)
{
	static const size_t pieces[] = { 1, 7, 1000, 65536, 200000 };
	static const int levels[] = { -1, 0, 1, 9, 99 };
	enum { LEN = 200000 };
	char *text = malloc(LEN), *back = malloc(LEN);
	(void)state;
	make_text(text, LEN);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct encoder *e = encoder_new(CODING_GZIP, levels[i]);
		struct buf out;
		assert_non_null(e);
		buf_init(&out, 1 << 20);
		for (size_t at = 0; at < LEN; at += pieces[i])
			assert_int_equal(
			    encoder_write(e, slice_head(slice_of(text + at, LEN - at), pieces[i]),
				ENCODER_RUN, &out),
			    OK);
		assert_int_equal(encoder_write(e, SLICE_NONE, ENCODER_FINISH, &out), OK);
		inflate_all(buf_peek(&out), back, LEN);
		assert_memory_equal(text, back, LEN);
		encoder_free(&e);
		buf_fini(&out);
	}
	free(text);
	free(back);
}

static void test_flush_gives_all(void **state)
{
	struct encoder *e = encoder_new(CODING_GZIP, 6);
	struct buf out;
	char back[5];
	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(encoder_write(e, SLICE("hello"), ENCODER_FLUSH, &out), OK);
	z_stream z = { .next_in = (unsigned char *)out.data, .avail_in = (unsigned)out.len };
	z.next_out = (unsigned char *)back;
	z.avail_out = sizeof(back);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
	assert_memory_equal(back, "hello", 5);
	inflateEnd(&z);
	encoder_free(&e);
	buf_fini(&out);
}

static void test_bound(void **state)
{
	(void)state;
	for (int c = CODING_GZIP; c < CODING_COUNT; c++) {
		struct encoder *e = encoder_new((enum coding)c, -1);
		struct buf out;
		if (!e)
			continue;
		buf_init(&out, 100);
		assert_int_equal(encoder_write(e, SLICE("x"), ENCODER_FINISH, &out), ERR_FULL);
		encoder_free(&e);
		assert_null(e);
		buf_fini(&out);
	}
}

/* The decoders of br and zstd are not linked; their magic and that they shrink must do here: the
 * end-to-end tests decode them with curl. */
static void test_others_shrink(void **state)
{
	enum { LEN = 100000 };
	char *text = malloc(LEN);
	(void)state;
	make_text(text, LEN);
	for (int c = CODING_BR; c < CODING_COUNT; c++) {
		struct encoder *e = encoder_new((enum coding)c, -1);
		struct buf out;
		if (!e)
			continue;
		buf_init(&out, 1 << 20);
		assert_int_equal(encoder_write(e, slice_of(text, LEN), ENCODER_FINISH, &out), OK);
		assert_in_range(out.len, 10, LEN / 10);
		if (c == CODING_ZSTD)
			assert_memory_equal(out.data, "\x28\xb5\x2f\xfd", 4);
		encoder_free(&e);
		buf_fini(&out);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_gzip_round_trip),
		cmocka_unit_test(test_flush_gives_all),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_others_shrink),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
