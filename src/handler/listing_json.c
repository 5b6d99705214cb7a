/*
 * listing_json.c - a listing for programs: all of it, in the order asked for.
 */
#include "handler/listing_write.h"

#include "app/escape.h"
#include "base/date.h"

static int write_row(struct buf *out, const struct listing_row *row)
{
	char date[32];
	struct slice name = slice_str(row->name);
	date_format_iso(row->modified, 0, date);
	/* A name need not be UTF-8; the link is exact. */
	if (buf_append(out, SLICE("{\"name\":\"")) < 0 ||
	    escape_append(out, name, ESCAPE_JSON) < 0 ||
	    buf_append(out, SLICE("\",\"href\":\"./")) < 0 ||
	    escape_append(out, name, ESCAPE_URL) < 0)
		return ERR_FULL;
	if (row->directory)
		return buf_printf(out, "/\",\"type\":\"directory\",\"modified\":\"%s\"}", date);
	return buf_printf(out, "\",\"type\":\"file\",\"size\":%llu,\"modified\":\"%s\"}",
	    (unsigned long long)row->size, date);
}

int listing_write_json(struct buf *out, const struct listing *l, const struct listing_view *v)
{
	if (buf_append(out, SLICE("{\"path\":\"")) < 0 ||
	    escape_append(out, v->path, ESCAPE_JSON) < 0 ||
	    buf_printf(out, "\",\"complete\":%s,\"entries\":[", l->cut ? "false" : "true") < 0)
		return ERR_FULL;
	for (size_t i = 0; i < l->count; i++)
		if (buf_append(out, i ? SLICE(",\n") : SLICE("\n")) < 0 ||
		    write_row(out, &l->rows[i]) < 0)
			return ERR_FULL;
	return buf_append(out, SLICE("\n]}\n"));
}
