/*
 * encoder.c - makes gzip (zlib), br (brotli) and zstd, behind one function.
 *
 * Each coding is a row of three functions. Window sizes are what a browser can be expected to take
 * (RFC 8878 section 3.1.1.1.2 and RFC 9659: zstd at most 8 MiB) and what a worker can afford to
 * hold for each response that is compressed while it passes.
 */
#include "http/coding.h"

#include "base/mem.h"
#include "config.h"

#include <stdint.h>
#include <zlib.h>
#ifdef HAVE_BROTLI
#include <brotli/encode.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	/* Room that is made in `out` at a time. */
	ENCODER_ROOM = 16384,
	/* zlib: 15 bits of window, plus 16 for the gzip wrapper. */
	GZIP_WINDOW = 15 + 16,
	GZIP_MEMORY = 8,
	/* brotli: 2^19, half a megabyte: enough for a page and all it repeats. */
	BROTLI_WINDOW = 19,
};

struct encoder_type {
	int level_min, level_max, level_default;
	int (*start)(struct encoder *e, int level);
	int (*write)(struct encoder *e, struct slice in, enum encoder_step step, struct buf *out);
	void (*stop)(struct encoder *e);
};

struct encoder {
	const struct encoder_type *type;
	union {
		z_stream gzip;
		void *state; /* brotli's, zstd's */
	};
};

static void *on_zlib_alloc(void *opaque, unsigned items, unsigned size)
{
	(void)opaque;
	return mem_zalloc((size_t)items * size);
}

static void on_zlib_free(void *opaque, void *p)
{
	(void)opaque;
	mem_free(p);
}

static int gzip_start(struct encoder *e, int level)
{
	e->gzip = (z_stream){ .zalloc = on_zlib_alloc, .zfree = on_zlib_free };
	return deflateInit2(&e->gzip, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
		   Z_DEFAULT_STRATEGY) == Z_OK
		   ? OK
		   : ERR_IO;
}

static int gzip_write(struct encoder *e, struct slice in, enum encoder_step step, struct buf *out)
{
	static const int modes[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	z_stream *z = &e->gzip;
	z->next_in = (unsigned char *)(uintptr_t)in.ptr;
	z->avail_in = (unsigned)in.len;
	do {
		char *room = buf_reserve(out, ENCODER_ROOM);
		if (!room)
			return ERR_FULL;
		z->next_out = (unsigned char *)room;
		z->avail_out = ENCODER_ROOM;
		if (deflate(z, modes[step]) == Z_STREAM_ERROR)
			return ERR_IO;
		out->len += ENCODER_ROOM - z->avail_out;
	} while (z->avail_out == 0);
	return OK;
}

static void gzip_stop(struct encoder *e)
{
	deflateEnd(&e->gzip);
}

#ifdef HAVE_BROTLI
static int br_start(struct encoder *e, int level)
{
	BrotliEncoderState *s = BrotliEncoderCreateInstance(NULL, NULL, NULL);
	if (!s)
		return ERR_IO;
	BrotliEncoderSetParameter(s, BROTLI_PARAM_QUALITY, (uint32_t)level);
	BrotliEncoderSetParameter(s, BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
	e->state = s;
	return OK;
}

static int br_write(struct encoder *e, struct slice in, enum encoder_step step, struct buf *out)
{
	static const BrotliEncoderOperation operations[] = { BROTLI_OPERATION_PROCESS,
		BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH };
	size_t in_left = in.len;
	const uint8_t *next_in = (const uint8_t *)in.ptr;
	do {
		size_t out_left = ENCODER_ROOM;
		uint8_t *next_out = (uint8_t *)buf_reserve(out, ENCODER_ROOM);
		if (!next_out)
			return ERR_FULL;
		if (!BrotliEncoderCompressStream(
			e->state, operations[step], &in_left, &next_in, &out_left, &next_out, NULL))
			return ERR_IO;
		out->len += ENCODER_ROOM - out_left;
	} while (in_left > 0 || BrotliEncoderHasMoreOutput(e->state));
	return OK;
}

static void br_stop(struct encoder *e)
{
	BrotliEncoderDestroyInstance(e->state);
}
#endif

#ifdef HAVE_ZSTD
static int zstd_start(struct encoder *e, int level)
{
	e->state = ZSTD_createCCtx();
	if (!e->state)
		return ERR_IO;
	ZSTD_CCtx_setParameter(e->state, ZSTD_c_compressionLevel, level);
	return OK;
}

static int zstd_write(struct encoder *e, struct slice in, enum encoder_step step, struct buf *out)
{
	static const ZSTD_EndDirective directives[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer from = { in.ptr, in.len, 0 };
	for (;;) {
		char *room = buf_reserve(out, ENCODER_ROOM);
		if (!room)
			return ERR_FULL;
		ZSTD_outBuffer to = { room, ENCODER_ROOM, 0 };
		size_t left = ZSTD_compressStream2(e->state, &to, &from, directives[step]);
		if (ZSTD_isError(left))
			return ERR_IO;
		out->len += to.pos;
		if (step == ENCODER_RUN ? from.pos == from.size : left == 0)
			return OK;
	}
}

static void zstd_stop(struct encoder *e)
{
	ZSTD_freeCCtx(e->state);
}
#endif

/* Without a type the coding is not built in. zstd's levels end at 19: above, windows outgrow RFC
 * 9659. */
static const struct encoder_type types[CODING_COUNT] = {
	[CODING_GZIP] = { 1, 9, 6, gzip_start, gzip_write, gzip_stop },
#ifdef HAVE_BROTLI
	[CODING_BR] = { 0, 11, 5, br_start, br_write, br_stop },
#endif
#ifdef HAVE_ZSTD
	[CODING_ZSTD] = { 1, 19, 3, zstd_start, zstd_write, zstd_stop },
#endif
};

bool coding_built_in(enum coding c)
{
	return types[c].start;
}

struct encoder *encoder_new(enum coding c, int level)
{
	const struct encoder_type *type = &types[c];
	if (!type->start)
		return NULL;
	if (level < 0)
		level = type->level_default;
	if (level < type->level_min)
		level = type->level_min;
	if (level > type->level_max)
		level = type->level_max;
	struct encoder *e = mem_zalloc(sizeof(*e));
	e->type = type;
	if (type->start(e, level) < 0) {
		mem_free(e);
		return NULL;
	}
	return e;
}

void encoder_free(struct encoder **e)
{
	if (!*e)
		return;
	(*e)->type->stop(*e);
	mem_free(*e);
	*e = NULL;
}

int encoder_write(struct encoder *e, struct slice in, enum encoder_step step, struct buf *out)
{
	return e->type->write(e, in, step, out);
}

void coding_libraries(struct buf *out)
{
	int full = buf_printf(out, "zlib %s", zlibVersion());
#ifdef HAVE_BROTLI
	uint32_t br = BrotliEncoderVersion();
	full |= buf_printf(out, ", brotli %u.%u.%u", br >> 24, br >> 12 & 0xfff, br & 0xfff);
#endif
#ifdef HAVE_ZSTD
	full |= buf_printf(out, ", zstd %s", ZSTD_versionString());
#endif
	(void)full; /* a version line cut short harms nobody */
}
