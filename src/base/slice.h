/*
 * slice.h - a borrowed run of bytes, passed by value.
 *
 * A slice owns nothing: it is valid as long as the memory it points into, which the function
 * that hands it out states. It is not NUL-terminated. The empty slice may have ptr NULL.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)(s).len, (s).ptr

static inline struct slice slice_of(const char *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

static inline struct slice slice_str(const char *str) /* NULL gives the empty slice */
{
	return (struct slice){ str, str ? strlen(str) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The first n bytes (all, if there are fewer), and what follows them. */
static inline struct slice slice_head(struct slice s, size_t n)
{
	return slice_of(s.ptr, n < s.len ? n : s.len);
}

static inline struct slice slice_tail(struct slice s, size_t n)
{
	size_t skip = n < s.len ? n : s.len;
	return slice_of(skip ? s.ptr + skip : s.ptr, s.len - skip); /* NULL + 0 is undefined in C */
}

bool slice_eq_ci(struct slice a, struct slice b); /* ASCII case folded */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
int slice_cmp(struct slice a, struct slice b); /* as memcmp, the shorter first */

/* Index of the first c or of the first needle; -1 without one. */
ptrdiff_t slice_find(struct slice s, char c);
ptrdiff_t slice_find_last(struct slice s, char c);

/* Without the spaces and tabs (RFC 9110 OWS) at both ends. */
struct slice slice_trim(struct slice s);

/*
 * Cuts *rest at the first c: returns what stands before it and leaves in *rest what follows.
 * Without c returns the whole and leaves *rest empty with ptr NULL, so that a loop
 * `while (rest.ptr) part = slice_split(&rest, ',')` sees "a," as "a" and "".
 */
struct slice slice_split(struct slice *rest, char c);

/* FNV-1a, for tables whose keys a peer does not choose. */
unsigned slice_hash(struct slice s);

#endif
