/*
 * check.c - methods, expectations and sizes that no handler gets to see. Called by the engines.
 */
#include "http/check.h"

#include "base/number.h"

const struct http_fault http_too_large = { 413, "content is too large (RFC 9110 15.5.14)" };

static const struct http_fault fine = { 0 };

void http_refuse(struct request *r, struct http_fault fault)
{
	r->app = NULL;
	if (fault.status == 405)
		response_add_static(r, FIELD_OTHER, SLICE("Allow"),
		    SLICE("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"));
	response_error(r, fault.status, fault.reason);
}

struct http_fault http_check_length(struct request *r)
{
	uint64_t length;

	if (number_parse(fields_get(&r->fields, FIELD_CONTENT_LENGTH), INT64_MAX, &length) != OK)
		return (struct http_fault){ 400, "malformed Content-Length (RFC 9110 8.6)" };
	r->content_length = (int64_t)length;
	return fine;
}

/* CONNECT would make us a proxy, TRACE echoes what scripts may not see. */
struct http_fault http_check_method(const struct request *r)
{
	if (r->method == METHOD_CONNECT)
		return (struct http_fault){ 405, "CONNECT is for proxies (RFC 9110 9.3.6)" };
	if (r->method == METHOD_TRACE)
		return (struct http_fault){ 405, "TRACE is not offered (RFC 9110 9.3.8)" };
	return fine;
}

struct http_fault http_check_expect(struct request *r)
{
	struct slice expect = fields_get(&r->fields, FIELD_EXPECT);

	r->expect_continue = false;
	if (!expect.ptr)
		return fine;
	if (fields_count(&r->fields, FIELD_EXPECT) > 1 ||
	    !slice_eq_ci(expect, SLICE("100-continue")))
		return (struct http_fault){ 417, "unknown expectation (RFC 9110 10.1.1)" };
	r->expect_continue = r->version != HTTP_1_0 && r->content_length != 0;
	return fine;
}

struct http_fault http_check_size(const struct request *r)
{
	if (r->terms->body > 0 && r->content_length > r->terms->body)
		return http_too_large;
	return fine;
}
