/*
 * error.h - the return values that every layer shares.
 *
 * A function that can fail returns 0 or one of these; its header says which. Where errno says
 * more (ERR_IO) it is left as the failing call set it.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum error {
	OK = 0,
	ERR_IO = -1,       /* a system call failed; errno says why */
	ERR_FULL = -2,     /* a bound was reached: of a buffer, a table, a limit */
	ERR_SYNTAX = -3,   /* the text is not of the expected form */
	ERR_RANGE = -4,    /* well formed, but out of the permitted range */
	ERR_AGAIN = -5,    /* nothing to do now; an event will tell */
	ERR_NOTFOUND = -6, /* no such thing */
	ERR_CLOSED = -7,   /* the peer is gone */
	ERR_DENIED = -8,   /* not permitted */
};

#endif
