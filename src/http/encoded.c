/*
 * encoded.c - see encoded.h: a source that wraps a source.
 *
 * Encoding is work for the processor, and the loop does it: so a pull takes one piece, and after a
 * share of pieces the source rests until the others had their turn.
 */
#include "http/encoded.h"

#include "base/mem.h"
#include "event/loop.h"

enum {
	/* A body up to this size is encoded at once, so that its length is known: about 0.5 ms. */
	AT_ONCE_MAX = 32 << 10,
	/* Taken from the inner source by one pull. */
	PIECE = 16 << 10,
	/* And by one response in a turn of the loop: about 1 ms. */
	SHARE = 64 << 10,
	/* What comes of one piece at most: encoders collect up to a window of half a megabyte. */
	OUT_MAX = 4 << 20,
	/* An encoder holds up to a megabyte as long as its response lasts, and streams of events
	 * last for hours. Further responses go out as they are. */
	ENCODERS_MAX = 256,
};

struct encoded {
	struct source source;
	struct request *request; /* NULL: closed, and freed when the task has run */
	struct loop *loop;
	struct source *inner; /* NULL once it has ended */
	struct outq pulled;   /* from it, not yet encoded */
	struct encoder *encoder;
	struct task again;
	unsigned share; /* what is left of it */
	bool unflushed; /* the encoder may hold something back */
};

static unsigned encoders;
static char piece[PIECE];
static struct buf out;

static void on_again(struct task *t)
{
	struct encoded *e = CONTAINER_OF(t, struct encoded, again);
	if (!e->request) {
		mem_free(e);
		return;
	}
	e->share = SHARE;
	response_wake(e->request);
}

/* True: the others first, on_again follows. */
static bool rests(struct encoded *e)
{
	if (e->share > 0 || !e->loop)
		return false;
	loop_defer(e->loop, &e->again);
	return true;
}

static int encode(struct encoded *e, struct slice in, enum encoder_step step, struct outq *q)
{
	buf_clear(&out);
	int rc = encoder_write(e->encoder, in, step, &out);
	if (rc == OK)
		outq_copy(q, buf_peek(&out));
	e->unflushed = step == ENCODER_RUN && (e->unflushed || in.len > 0);
	return rc;
}

/* Takes more from the inner source if there is nothing left to encode. */
static enum pull refill(struct encoded *e)
{
	if (!e->inner || !outq_empty(&e->pulled))
		return PULL_MORE;
	enum pull result = e->inner->ops->pull(e->inner, &e->pulled, PIECE);
	if (result == PULL_END) {
		e->inner->ops->close(e->inner);
		e->inner = NULL;
	}
	/* What came with a WAIT is encoded first; then it is asked again, for it may have called
	 * for us meanwhile. */
	return result == PULL_WAIT && !outq_empty(&e->pulled) ? PULL_MORE : result;
}

/* The receiver can use all that was there so far: an event is not held back for the next one. */
static enum pull pass_on(struct encoded *e, struct outq *q)
{
	if (e->unflushed && encode(e, SLICE_NONE, ENCODER_FLUSH, q) < 0)
		return PULL_ERROR;
	return PULL_WAIT;
}

static enum pull pull(struct source *source, struct outq *q, size_t max)
{
	struct encoded *e = CONTAINER_OF(source, struct encoded, source);
	(void)max; /* a piece becomes smaller */
	if (rests(e))
		return PULL_WAIT;
	enum pull result = refill(e);
	if (result == PULL_ERROR)
		return result;
	if (result == PULL_WAIT)
		return pass_on(e, q);
	ssize_t n = outq_read(&e->pulled, piece, PIECE);
	if (n < 0)
		return PULL_ERROR;
	bool last = !e->inner && outq_empty(&e->pulled);
	e->share -= e->share < (size_t)n ? e->share : (unsigned)n;
	if (encode(e, slice_of(piece, (size_t)n), last ? ENCODER_FINISH : ENCODER_RUN, q) < 0)
		return PULL_ERROR;
	return last ? PULL_END : PULL_MORE;
}

static void on_close(struct source *source)
{
	struct encoded *e = CONTAINER_OF(source, struct encoded, source);
	if (e->inner)
		e->inner->ops->close(e->inner);
	outq_clear(&e->pulled);
	encoder_free(&e->encoder);
	encoders--;
	e->request = NULL;
	if (!e->again.queued)
		mem_free(e);
}

static const struct source_ops encoded_ops = { .pull = pull, .close = on_close };

static int encode_at_once(struct request *r, struct encoder *encoder)
{
	buf_clear(&out);
	int rc = encoder_write(encoder, r->response.body, ENCODER_FINISH, &out);
	encoder_free(&encoder);
	if (rc == OK)
		response_set_body(r, arena_dup(&r->arena, buf_peek(&out)), NULL);
	return rc;
}

static void wrap(struct request *r, struct encoder *encoder, struct loop *loop)
{
	struct response *response = &r->response;
	struct encoded *e = mem_zalloc(sizeof(*e));
	e->source.ops = &encoded_ops;
	e->request = r;
	e->loop = loop;
	e->inner = response->source;
	e->encoder = encoder;
	e->again.run = on_again;
	e->share = SHARE;
	if (!e->inner)
		outq_borrow(&e->pulled, response->body, response->body_owner);
	response->source = &e->source;
	response->length = -1;
	encoders++;
}

int encoded_start(struct request *r, enum coding c, int level, struct loop *loop)
{
	const struct response *response = &r->response;
	if (r->method == METHOD_HEAD) {
		r->response.length = -1;
		return OK;
	}
	bool at_once = !response->source && response->body.len <= AT_ONCE_MAX;
	if (!at_once && encoders == ENCODERS_MAX)
		return ERR_FULL;
	struct encoder *encoder = encoder_new(c, level);
	if (!encoder)
		return ERR_IO;
	buf_clear(&out);
	out.max = OUT_MAX;
	if (at_once)
		return encode_at_once(r, encoder);
	wrap(r, encoder, loop);
	return OK;
}
