/*
 * engine.h - a connection, and what the files of the engine share; nobody outside http2/ includes
 * it.
 *
 * A connection has a session of nghttp2, which does frames, states, windows and compression, and a
 * list of streams: those the session knows. h2_run (conn.c) reads what there is and feeds it to the
 * session, frame by frame; the session's callbacks make requests of it and hand them to the app;
 * then the session is asked for frames as long as the queue is short. What happens outside of that
 * (an answer that comes later, a source that wakes) is told to the session and asks for a run.
 */
#ifndef HTTP2_ENGINE_H
#define HTTP2_ENGINE_H

#include "http/pace.h"
#include "http/sending.h"
#include "http/server.h"
#include "http2/guard.h"
#include "net/acceptor.h"
#include "net/conn.h"

#include <nghttp2/nghttp2.h>

enum {
	/*
	 * Streams at once. RFC 9113 section 6.5.2 wants 100 or more, browsers open no more than
	 * that; 7 KiB each while a request is in hand, so 1 MiB a connection at most.
	 */
	H2_STREAMS_MAX = 128,
	/*
	 * What the peer may send unasked, a stream: the protocol's default, so that a form needs no
	 * round trip. Once the content is wanted: what 20 ms of a 100 Mbit/s line hold. All streams
	 * together: one that is stuck must not stop the others.
	 */
	H2_WINDOW = 65535,
	H2_WINDOW_WANTED = 256 << 10,
	H2_WINDOW_CONN = 512 << 10,
	/*
	 * Frames are asked for while less than this waits in the queue. Ranges of files and cached
	 * bodies only stand there, they take no memory; of what is made up on the way a thousand
	 * slow readers hold 256 MiB at most. Half of it costs a tenth more for each byte sent: the
	 * peer is woken as often again.
	 */
	H2_HIGH_WATER = 256 << 10,
	/* A frame of content with its head: what one record of TLS holds. */
	H2_DATA_FRAME = 16 << 10,
	H2_DATA_MAX = H2_DATA_FRAME - H2_FRAME_HEAD,
};

enum h2_state {
	H2_OPEN,    /* takes requests */
	H2_NOTICE,  /* told the peer to stop, but still takes what is under way */
	H2_LEAVING, /* takes none; ends with the last stream */
	H2_CLOSED,  /* conn_close or conn_linger was called; nothing is done any more */
};

/* A connection. All that an idle one costs beside struct conn and the session. */
struct h2 {
	struct conn *conn; /* NULL: it is gone, and this goes with the last kick */
	const struct http_server *server;
	nghttp2_session *session;
	struct list streams;
	struct h2_stream *heading; /* whose fields are coming in */
	struct task kick;
	struct sending sending;
	uint64_t read_us;      /* when the bytes at hand were read */
	uint64_t due_ms;       /* without streams: the end of patience */
	uint64_t head_due_ms;  /* a block of fields is coming in; 0: none */
	uint64_t grace_due_ms; /* NOTICE */
	struct h2_guard guard;
	struct h2_fault fault; /* for which it is to be given up */
	uint32_t preface;      /* bytes of the preface that are still to come */
	uint32_t left;         /* of the payload of the frame at hand */
	uint8_t type;          /* of that frame */
	uint32_t served;       /* streams that were taken */
	uint32_t pulled;       /* bytes of content queued in this run */
	uint8_t head[H2_FRAME_HEAD + H2_GUARD_LOOKS_AT]; /* of a frame, while it is not whole */
	uint8_t head_len;
	enum h2_state state : 8; /* written by set_state of conn.c alone */
	bool running : 1;        /* h2_run is at work */
	bool again : 1;          /* something changed while it was */
	bool paused : 1;         /* the session has more frames than the queue takes */
	bool woken : 1;          /* a stream's content is wanted again */
	bool eof : 1;            /* the peer sends nothing more */
	bool busy : 1;           /* there were streams since the last look */
	bool id_named : 1;       /* the peer has seen the name of X-Request-ID */
};

static inline uint64_t h2_now_ms(const struct h2 *h)
{
	return loop_now_ms(h->conn->net->loop);
}

/* conn.c */
void h2_kick(struct h2 *h); /* something changed: a run is going on, or follows in this turn */
void h2_give_up(struct h2 *h, struct h2_fault fault); /* GOAWAY follows, and the end */
void h2_leave(struct h2 *h); /* takes no new streams; the peer is told in two steps */
void h2_leave_now(struct h2 *h);
void h2_notice_sent(struct h2 *h); /* GOAWAY is in the queue */

/* session.c */
void h2_session_open(struct h2 *h);
void h2_session_close(struct h2 *h);
void h2_session_feed(struct h2 *h);           /* the unread bytes, while it has room */
void h2_session_produce(struct h2 *h);        /* frames into the queue; sets `paused` */
bool h2_session_has_room(const struct h2 *h); /* not too many frames wait to be sent */
bool h2_session_at_rest(const struct h2 *h);  /* between two frames */
bool h2_session_in_head(const struct h2 *h);  /* a block of fields has begun, and not ended */

/* memory.c */
nghttp2_mem *h2_memory(void);

#endif
