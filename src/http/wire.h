/*
 * wire.h - what the response calls on the engine that brought the request.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

struct request;
struct fields;
struct net_addr;

struct wire {
	const char *name; /* "HTTP/1.1", "HTTP/2.0": as in ${protocol} */
	/* The response's head is final. The engine sends it and pulls the source as the peer takes
	 * bytes. Called once. */
	void (*start)(struct request *r);
	/* The source has more. */
	void (*wake)(struct request *r);
	/* Give the exchange up without a (complete) answer. */
	void (*reset)(struct request *r, int error);
	void (*interim)(struct request *r, int status, const struct fields *fields);
	/* The content is wanted: request->sink is set. Sends 100 if due. */
	void (*read_body)(struct request *r);
	void (*read_on)(struct request *r);
	/* This side of the connection, with the address in place of "any". NULL: request.local is
	 * it. */
	void (*local)(const struct request *r, struct net_addr *out);
};

#endif
