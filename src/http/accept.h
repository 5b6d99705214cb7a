/*
 * accept.h - which of the media types that we can give a client likes best (RFC 9110
 * section 12.5.1).
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/slice.h"

/*
 * The quality, 0 to 1000, that an Accept value gives to `type` ("text/html"): that of the most
 * specific range that matches it, 0 if none does. An empty value accepts everything. What is
 * malformed is as if it were not there.
 */
unsigned accept_quality(struct slice accept, struct slice type);

/* The weight in "q=0.5", in thousandths, of the parameters behind a list member; 1000 without one,
 * 0 if it is malformed. */
unsigned accept_weight(struct slice parameters);

#endif
