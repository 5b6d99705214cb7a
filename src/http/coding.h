/*
 * coding.h - content codings (RFC 9110 section 8.4.1): which of them a client takes, and making
 * them.
 *
 * gzip is always built in; br and zstd where configure found their libraries.
 */
#ifndef HTTP_CODING_H
#define HTTP_CODING_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_BR, CODING_ZSTD, CODING_COUNT };

/* Bits of several codings: 1 << CODING_x. */
#define CODING_BIT(c) (1U << (c))

struct slice coding_name(enum coding c); /* "gzip": as in Content-Encoding */
const char *coding_suffix(
    enum coding c);                  /* ".gz": of a file compressed beforehand; NULL for identity */
int coding_find(struct slice name);  /* enum coding, or ERR_NOTFOUND */
bool coding_built_in(enum coding c); /* whether an encoder can be made */

/*
 * Chooses among `available` (identity need not be named) by an Accept-Encoding value (RFC 9110
 * section 12.5.3): the greatest weight wins; of equal ones the first in `order`, which ends with
 * CODING_IDENTITY. ptr NULL (no field) gives identity. Identity is also the answer where the client
 * refuses all that there is: it is better served than told 406.
 */
enum coding coding_choose(struct slice accept, unsigned available, const enum coding *order);

/* Small first, for what is compressed once; and cheap first, for what is compressed while it
 * passes. */
extern const enum coding coding_order_small[CODING_COUNT];
extern const enum coding coding_order_cheap[CODING_COUNT];

struct encoder;

enum encoder_step {
	ENCODER_RUN,   /* collect */
	ENCODER_FLUSH, /* all that was written can be decoded from what came out */
	ENCODER_FINISH /* the end; nothing follows */
};

/* `level` in the coding's own scale, clamped to it; -1 for its default here. NULL: not built in. */
struct encoder *encoder_new(enum coding c, int level);
void encoder_free(struct encoder **e);
/* Appends what comes out to `out`: ERR_FULL when that is over its maximum; the encoder is then of
 * no more use. */
MUST_CHECK int encoder_write(
    struct encoder *e, struct slice in, enum encoder_step step, struct buf *out);
/* The versions of the libraries, for --version: "zlib 1.2.13, brotli 1.0.9". */
void coding_libraries(struct buf *out);

#endif
