/*
 * body.h - content in motion: a source is pulled for a response, a sink is pushed from a request.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "net/outq.h"

enum pull {
	PULL_MORE, /* something was appended, and there is more at once */
	PULL_WAIT, /* nothing (more) for now: the source calls response_wake later */
	PULL_END,  /* what was appended, if anything, was the last */
	PULL_ERROR /* it can not go on: what was promised can not be kept, the engine cuts */
};

struct source;
struct source_ops {
	/* Appends about max bytes (one item may exceed it when it costs nothing: a file range, a
	 * cached body). */
	enum pull (*pull)(struct source *s, struct outq *q, size_t max);
	/* Exactly once: after END, ERROR, or when the response is given up. */
	void (*close)(struct source *s);
};
struct source {
	const struct source_ops *ops;
};

struct sink;
struct sink_ops {
	/* Takes as many bytes as it can and returns how many; less than all means full: it calls
	 * request_read_on later. */
	size_t (*push)(struct sink *s, struct slice bytes);
	void (*end)(struct sink *s);   /* the content is complete */
	void (*abort)(struct sink *s); /* it will not be; neither `end` nor `push` follow */
};
struct sink {
	const struct sink_ops *ops;
};

#endif
