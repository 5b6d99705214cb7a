/*
 * file_age.c - see file_age.h. RFC 9111 section 5.2.2.1 (max-age), RFC 8246 (immutable).
 */
#include "handler/file_age.h"

#include "http/media.h"

enum {
	HEX_MIN = 8,    /* webpack and others: at least 8 hexadecimal digits */
	BASE64_LEN = 8, /* Vite, Rollup and esbuild: exactly 8 letters and digits */
};

struct file_age_row {
	struct config_strings types;
	struct slice value;
};

static struct slice value_of(int64_t ms, struct arena *a)
{
	if (ms <= 0)
		return SLICE_NONE;
	return slice_str(arena_printf(a, "max-age=%lld", (long long)(ms / 1000)));
}

void file_ages_prepare(struct file_ages *ages, const struct files_settings *s, struct arena *a)
{
	const struct files_age *given = s->ages.list;
	struct file_age_row *rows = arena_zalloc(a, (s->ages.count + 1) * sizeof(*rows));
	for (size_t i = 0; i < s->ages.count; i++) {
		rows[i].types = given[i].types;
		rows[i].value = value_of(given[i].max_age, a);
	}
	ages->rows = rows;
	ages->count = (unsigned)s->ages.count;
	ages->others = value_of(s->max_age, a);
	ages->immutable = s->immutable;
}

struct letters {
	unsigned hex, digits, upper, lower, others;
};

static struct letters count_letters(struct slice s)
{
	struct letters n = { 0 };
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		n.hex += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		n.digits += c >= '0' && c <= '9';
		n.upper += c >= 'A' && c <= 'Z';
		n.lower += c >= 'a' && c <= 'z';
		n.others += !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			      (c >= 'a' && c <= 'z') || c == '_');
	}
	return n;
}

/*
 * Rather one too few than one too many: who is told that a file never changes does not ask again
 * for a year. So all digits are a date, and a word with a capital in front is a word.
 */
static bool is_digest(struct slice part)
{
	struct letters n = count_letters(part);
	if (n.hex == part.len && part.len >= HEX_MIN)
		return n.digits > 0 && n.digits < part.len;
	if (part.len != BASE64_LEN || n.others > 0)
		return false;
	bool capital_first = part.ptr[0] >= 'A' && part.ptr[0] <= 'Z';
	return n.upper > (capital_first ? 1u : 0u) && n.digits + n.lower > 0;
}

/* The part before the extension, behind a dot or a hyphen. */
bool file_age_fingerprinted(struct slice name)
{
	ptrdiff_t dot = slice_find_last(name, '.');
	if (dot <= 0)
		return false;
	struct slice stem = slice_head(name, (size_t)dot);
	for (size_t at = stem.len; at-- > 1;)
		if (stem.ptr[at] == '.' || stem.ptr[at] == '-')
			return is_digest(slice_tail(stem, at + 1));
	return false;
}

static bool row_matches(const struct file_age_row *row, struct slice type)
{
	for (size_t i = 0; i < row->types.count; i++)
		if (media_matches(type, slice_str(row->types.list[i])))
			return true;
	return false;
}

struct slice file_age_of(const struct file_ages *ages, struct slice name, struct slice type)
{
	struct slice parameters = type;
	struct slice bare = slice_trim(slice_split(&parameters, ';'));
	if (ages->immutable && file_age_fingerprinted(name))
		return SLICE("max-age=31536000, immutable");
	for (unsigned i = 0; i < ages->count; i++)
		if (row_matches(&ages->rows[i], bare))
			return ages->rows[i].value;
	return ages->others;
}
