/*
 * vectors_framing.c - how long a message is (RFC 9112 sections 6 and 7): Content-Length,
 * Transfer-Encoding, chunks.
 */
#include "vectors.h"

#define POST(fields, body) "POST / HTTP/1.1\r\n" HOST fields "\r\n" body
#define LENGTH(value, body) POST("Content-Length:" value "\r\n", body)
#define CODED(value) POST("Transfer-Encoding:" value "\r\n", "0\r\n\r\n")
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)
#define END "0\r\n\r\n"

static const struct vector lengths[] = {
	/* RFC 9110 section 8.6, RFC 9112 section 6.3. */
	KEEP(LENGTH(" 0", "")),
	KEEP(LENGTH(" 5", "hello")),
	KEEP(LENGTH("5", "hello")),
	KEEP(LENGTH("\t5 ", "hello")),
	KEEP(LENGTH(" 0005", "hello")),
	KEEP(LENGTH(" 5", "\r\n\r\n\0")),
	KEEP(LENGTH(" 18", "GET / HTTP/1.1\r\n\r\n")),
	KEEP(POST("", "")),
	KEEP("GET / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"),
	KEEP("DELETE / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"),
	CLOSE("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab"),
	REFUSE(400, "9110 8.6", LENGTH("", "")),
	REFUSE(400, "9110 8.6", LENGTH(" ", "")),
	REFUSE(400, "9110 8.6", LENGTH(" -1", "")),
	REFUSE(400, "9110 8.6", LENGTH(" +5", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5x", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" x5", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 0x5", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5.0", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5e0", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5 5", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5,", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5, 5", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5, 6", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 5;a", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" \"5\"", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" five", "hello")),
	REFUSE(400, "9110 8.6", LENGTH(" 9223372036854775808", "")),
	REFUSE(400, "9110 8.6", LENGTH(" 18446744073709551621", "hello")), /* 2^64 + 5 */
	REFUSE(400, "9110 8.6", LENGTH(" 99999999999999999999999999", "")),
	REFUSE(400, "9112 6.3", LENGTH(" 5\r\nContent-Length: 5", "hello")),
	REFUSE(400, "9112 6.3", LENGTH(" 5\r\nContent-Length: 6", "hello")),
	REFUSE(400, "9112 6.3", LENGTH(" 5\r\nA: b\r\ncontent-length:5", "hello")),
	REFUSE(400, "9112 5.1", POST("Content-Length : 5\r\n", "hello")),
	REFUSE(400, "9110 5.1", POST("Content-Length\0: 5\r\n", "hello")),
	REFUSE(400, "9110 8.6", "GET / HTTP/1.0\r\nContent-Length: a\r\n\r\n"),
	/* RFC 9110 section 15.5.14. */
	KEEP(LENGTH(" 1000", A256 A256 A256 A128 A32 A32 A32 A8)),
	REFUSE(413, "9110 15.5.14", LENGTH(" 1001", "")),
	REFUSE(413, "9110 15.5.14", LENGTH(" 9223372036854775807", "")),
};

static const struct vector codings[] = {
	/* RFC 9112 sections 6.1 and 6.3. */
	KEEP(CODED(" chunked")),
	KEEP(CODED("chunked")),
	KEEP(CODED(" Chunked")),
	KEEP(CODED(" CHUNKED\t")),
	KEEP("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n" END),
	CLOSE(POST("Transfer-Encoding: chunked\r\nConnection: close\r\n", END)),
	REFUSE(400, "9112 6.1", CODED("")),
	REFUSE(400, "9112 6.1", CODED(" ,")),
	REFUSE(400, "9112 6.1", CODED(" chunked, chunked")),
	REFUSE(400, "9112 6.1", CODED(" chunked,")),
	REFUSE(400, "9112 6.1", CODED(" , chunked")),
	REFUSE(400, "9112 6.1", CODED(" chunked\r\nTransfer-Encoding: chunked")),
	REFUSE(400, "9112 6.1", CODED(" chunked\r\nTransfer-Encoding: identity")),
	REFUSE(400, "9112 6.1", CODED(" identity\r\nTransfer-Encoding: chunked")),
	REFUSE(400, "9112 6.1", CODED("\r\nTransfer-Encoding: chunked")),
	REFUSE(400, "9112 6.3", CODED(" chunked, gzip")),
	REFUSE(400, "9112 6.3", CODED(" chunked, identity")),
	REFUSE(400, "9112 6.3", CODED(" gzip")),
	REFUSE(400, "9112 6.3", CODED(" deflate")),
	REFUSE(400, "9112 6.3", CODED(" gzip, compress")),
	REFUSE(501, "9112 6.1", CODED(" gzip, chunked")),
	REFUSE(501, "9112 6.1", CODED(" foo, chunked")),
	REFUSE(501, "9112 6.1", CODED(" identity, chunked")),
	REFUSE(501, "9112 6.1", CODED(" identity")),
	REFUSE(501, "9112 6.1", CODED(" xchunked")),
	REFUSE(501, "9112 6.1", CODED(" chunkedx")),
	REFUSE(501, "9112 6.1", CODED(" chunked;a=b")),
	REFUSE(501, "9112 6.1", CODED(" \"chunked\"")),
	REFUSE(501, "9112 6.1", CODED(" chunked a")),
	REFUSE(501, "9112 6.1", CODED(" chun ked")),
	REFUSE(501, "9112 6.1", CODED(" 'chunked'")),
	REFUSE(400, "9110 5.5", CODED(" \013chunked")),
	REFUSE(400, "9110 5.5", CODED(" chunked\0")),
	REFUSE(400, "9110 5.5", CODED(" chunked\r")),
	REFUSE(400, "9112 5.2", CODED("\r\n chunked")),
	REFUSE(400, "9112 5.1", POST("Transfer-Encoding : chunked\r\n", END)),
	REFUSE(400, "9110 5.1", POST("Transfer-Encoding\v: chunked\r\n", END)),
	REFUSE(400, "9112 6.1", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", END)),
	REFUSE(400, "9112 6.1", POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", END)),
	REFUSE(400, "9112 6.1", POST("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", END)),
	REFUSE(400, "9112 6.1", POST("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello")),
	REFUSE(400, "9112 6.1", POST("Transfer-Encoding: chunked\r\nContent-Length: a\r\n", END)),
	REFUSE(400, "9112 6.1", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" END),
	REFUSE(400, "9112 6.1", "POST / HTTP/1.0\r\nTransfer-Encoding: a\r\n\r\n"),
	/* Not fields of framing. */
	KEEP(POST("Transfer_Encoding: chunked\r\n", "")),
	KEEP(POST("Content_Length: 5\r\n", "")),
	KEEP(POST("TE: chunked\r\n", "")),
};

static const struct vector chunks[] = {
	/* RFC 9112 section 7.1. */
	KEEP(CHUNKED("5\r\nhello\r\n" END)),
	KEEP(CHUNKED("1\r\na\r\n1\r\nb\r\n" END)),
	KEEP(CHUNKED("a\r\n0123456789\r\n" END)),
	KEEP(CHUNKED("A\r\n0123456789\r\n" END)),
	KEEP(CHUNKED("0005\r\nhello\r\n" END)),
	KEEP(CHUNKED("0000000000000005\r\nhello\r\n" END)),
	KEEP(CHUNKED("5\r\nhello\r\n0000\r\n\r\n")),
	KEEP(CHUNKED("2\r\n\r\n\r\n" END)),
	KEEP(CHUNKED("5\r\n0\r\n\r\n\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("\r\n")),
	REFUSE(400, "9112 7.1", CHUNKED(" 5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("x\r\n")),
	REFUSE(400, "9112 7.1", CHUNKED("0x5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("-5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("+5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5x\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5.0\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5,5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5 \r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\t\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5 5\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\0\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED(";a\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("00000000000000005\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("8000000000000000\r\n")),
	REFUSE(400, "9112 7.1", CHUNKED("FFFFFFFFFFFFFFFF\r\n")),
	REFUSE(400, "9112 7.1", CHUNKED("10000000000000005\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\rhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello\r" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello!\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhell\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello\r\n\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5\r\nhello\r\n\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("0\n\r\n")),

	/* Extensions: RFC 9112 section 7.1.1. */
	KEEP(CHUNKED("5;a\r\nhello\r\n" END)),
	KEEP(CHUNKED("5;a=b\r\nhello\r\n" END)),
	KEEP(CHUNKED("5;a=b;c=d;e\r\nhello\r\n" END)),
	KEEP(CHUNKED("5 ; a = b\r\nhello\r\n" END)),
	KEEP(CHUNKED("5\t;\ta\t;b\r\nhello\r\n" END)),
	KEEP(CHUNKED("5;a=\"b c;\\\"d\"\r\nhello\r\n" END)),
	KEEP(CHUNKED("5;a=\"\" ;b\r\nhello\r\n" END)),
	KEEP(CHUNKED("5\r\nhello\r\n0;a=b\r\n\r\n")),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;;a\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a \r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;=b\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a b\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=b c\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=\"b\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=\"b\nc\"\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=\"b\"c\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=\"\\\r\n\"\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a\0\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a=b\nhello\r\n" END)),
	REFUSE(400, "9112 7.1", CHUNKED("5;a\rhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;a(\r\nhello\r\n" END)),
	REFUSE(400, "9112 7.1.1", CHUNKED("5;" A1024 A1024 A1024 A1024 "\r\nhello\r\n" END)),
	REFUSE(
	    400, "9112 7.1.1", CHUNKED("1;" A1024 A1024 "\r\na\r\n1;" A1024 A1024 "\r\nb\r\n" END)),

	/* Trailers: RFC 9112 section 7.1.2, RFC 9110 section 6.5. */
	KEEP(CHUNKED("0\r\nA: b\r\n\r\n")),
	KEEP(CHUNKED("1\r\na\r\n0\r\nA: b\r\nC:d\r\n\r\n")),
	KEEP(CHUNKED("0\r\nETag: \"a\"\r\n\r\n")),
	REFUSE(400, "9112 2.2", CHUNKED("0\r\n\n")),
	REFUSE(400, "9112 2.2", CHUNKED("0\r\nA: b\n\r\n")),
	REFUSE(400, "9112 5.2", CHUNKED("0\r\nA: b\r\n c\r\n\r\n")),
	REFUSE(400, "9112 5.2", CHUNKED("0\r\n A: b\r\n\r\n")),
	REFUSE(400, "9112 5.1", CHUNKED("0\r\nA : b\r\n\r\n")),
	REFUSE(400, "9110 5.1", CHUNKED("0\r\n: b\r\n\r\n")),
	REFUSE(400, "9112 5.1", CHUNKED("0\r\nGET / HTTP\r\n\r\n")),
	REFUSE(400, "9110 5.5", CHUNKED("0\r\nA: b\0\r\n\r\n")),
	REFUSE(400, "9110 6.5.1", CHUNKED("0\r\nContent-Length: 5\r\n\r\n")),
	REFUSE(400, "9110 6.5.1", CHUNKED("0\r\nTransfer-Encoding: chunked\r\n\r\n")),
	REFUSE(400, "9110 6.5.1", CHUNKED("0\r\nHost: a\r\n\r\n")),
	REFUSE(400, "9110 6.5.1", CHUNKED("0\r\nTrailer: a\r\n\r\n")),
	REFUSE(400, "9110 6.5.1", CHUNKED("0\r\nConnection: close\r\n\r\n")),
	REFUSE(400, "9112 7.1.2", CHUNKED("0\r\nA: " A1024 "\r\n\r\n")),
	REFUSE(400, "9112 7.1.2",
	    CHUNKED("0\r\nA: " A256 "\r\nA: " A256 A256 "\r\nA: " A256 "\r\n\r\n")),
};

const struct vectors length_vectors = VECTORS(lengths);
const struct vectors coding_vectors = VECTORS(codings);
const struct vectors chunk_vectors = VECTORS(chunks);

const struct vectors *const all_vectors[] = { &request_line_vectors, &target_vectors,
	&field_vectors, &host_vectors, &persistence_vectors, &length_vectors, &coding_vectors,
	&chunk_vectors, NULL };

/* Small, so that a row over one of them is split at every offset in no time. */
const struct http_limits vector_limits = {
	.uri = 256, .header_size = 1024, .headers = 10, .pipeline = 4096
};
const struct http_terms vector_terms = { .body = 1000 };
