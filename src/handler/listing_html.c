/*
 * listing_html.c - a listing for people: no script, dark when the system is, readable on a
 * telephone.
 *
 * Names are shown as text in an isolate of their own (a name from right to left does not turn its
 * row around) and linked byte by byte; whatever they hold, it is neither markup nor a URL with a
 * scheme.
 */
#include "handler/listing_write.h"

#include "app/escape.h"
#include "base/human.h"

#include <stdio.h>

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\n"
    "nav{font-size:1.25rem;overflow-wrap:anywhere}\n"
    "a{text-decoration:none}a:hover,a:focus{text-decoration:underline}\n"
    "table{width:100%;border-collapse:collapse;margin:1rem 0}\n"
    "th{text-align:start;font-weight:500}th a{color:inherit}\n"
    "td,th{padding:.3rem .6rem;border-bottom:1px solid #8884}\n"
    "tbody tr:hover{background:#8882}\n"
    "td:first-child{overflow-wrap:anywhere}td.d{font-weight:600}\n"
    "td+td,th+th{white-space:nowrap;text-align:end;font-variant-numeric:tabular-nums;"
    "width:1%}\n"
    "td+td{opacity:.75}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid #8884;"
    "border-radius:.5rem}\n"
    "@media(max-width:36rem){td+td+td,th+th+th{display:none}}\n"
    "</style>\n";

static int html(struct buf *out, struct slice text)
{
	return escape_append(out, text, ESCAPE_HTML);
}

static int url(struct buf *out, struct slice text)
{
	return escape_append(out, text, ESCAPE_URL);
}

/* The steps down to here, each a link. */
static int write_trail(struct buf *out, const struct listing_view *v)
{
	struct slice rest = slice_tail(v->path, 1);
	struct slice first = v->host.len ? v->host : SLICE("/");
	if (buf_append(out, SLICE("<nav><a href=\"/\">")) < 0 || html(out, first) < 0 ||
	    buf_append(out, SLICE("</a>")) < 0)
		return ERR_FULL;
	while (rest.len) {
		struct slice part = slice_split(&rest, '/');
		size_t end = (size_t)(part.ptr + part.len - v->path.ptr);
		if (buf_append(out, SLICE(" / <a href=\"")) < 0 ||
		    url(out, slice_head(v->path, end)) < 0 ||
		    buf_append(out, SLICE("/\"><bdi>")) < 0 || html(out, part) < 0 ||
		    buf_append(out, SLICE("</bdi></a>")) < 0)
			return ERR_FULL;
	}
	return buf_append(out, SLICE("</nav>\n"));
}

static const char *const sort_names[] = { "name", "size", "date" };

/* A column's head: a link that sorts by it, and turns the order around when it is sorted by it. */
static int write_column(
    struct buf *out, const struct listing_view *v, enum listing_sort sort, const char *title)
{
	bool here = v->sort == sort;
	bool down = here && !v->descending;
	const char *now = v->descending ? "descending" : "ascending";
	return buf_printf(out, "<th%s%s%s><a href=\"?sort=%s&amp;order=%s\">%s%s</a></th>\n",
	    here ? " aria-sort=\"" : "", here ? now : "", here ? "\"" : "", sort_names[sort],
	    down ? "desc" : "asc", title,
	    !here           ? ""
	    : v->descending ? " ↓"
			    : " ↑");
}

static int write_row(struct buf *out, const struct listing_row *row)
{
	char size[HUMAN_TEXT] = "", date[24] = "";
	struct slice name = slice_str(row->name);
	const char *slash = row->directory ? "/" : "";
	struct tm tm;
	if (!row->directory)
		human_size(row->size, size);
	if (gmtime_r(&row->modified, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm);
	/* "./" because a name with a colon in it would be a scheme. */
	if (buf_printf(out, "<tr><td%s><a href=\"./", row->directory ? " class=d" : "") < 0 ||
	    url(out, name) < 0 || buf_printf(out, "%s\"><bdi>", slash) < 0 || html(out, name) < 0)
		return ERR_FULL;
	return buf_printf(out, "</bdi>%s</a></td><td>%s</td><td>%s</td></tr>\n", slash, size, date);
}

static int write_table(struct buf *out, const struct listing *l, const struct listing_view *v)
{
	size_t from = v->page * LISTING_PAGE_ROWS;
	size_t to = l->count - from < LISTING_PAGE_ROWS ? l->count : from + LISTING_PAGE_ROWS;
	if (buf_append(out, SLICE("<table>\n<thead><tr>\n")) < 0 ||
	    write_column(out, v, LISTING_NAME, "Name") < 0 ||
	    write_column(out, v, LISTING_SIZE, "Size") < 0 ||
	    write_column(out, v, LISTING_DATE, "Changed") < 0 ||
	    buf_append(out, SLICE("</tr></thead>\n<tbody>\n")) < 0)
		return ERR_FULL;
	if (v->path.len > 1 && buf_append(out, SLICE("<tr><td class=d><a href=\"../\">../</a></td>"
						     "<td></td><td></td></tr>\n")) < 0)
		return ERR_FULL;
	for (size_t i = from; i < to; i++)
		if (write_row(out, &l->rows[i]) < 0)
			return ERR_FULL;
	return buf_append(out, SLICE("</tbody>\n</table>\n"));
}

static int write_page_link(
    struct buf *out, const struct listing_view *v, size_t page, const char *text)
{
	return buf_printf(out, "<a href=\"?sort=%s&amp;order=%s&amp;page=%zu\">%s</a>\n",
	    sort_names[v->sort], v->descending ? "desc" : "asc", page + 1, text);
}

static int write_pages(struct buf *out, const struct listing *l, const struct listing_view *v)
{
	size_t pages = (l->count + LISTING_PAGE_ROWS - 1) / LISTING_PAGE_ROWS;
	if (l->count == 0)
		return buf_append(out, SLICE("<p>Nothing here.</p>\n"));
	if (pages <= 1)
		return OK;
	if (buf_append(out, SLICE("<p>")) < 0 ||
	    (v->page > 0 && write_page_link(out, v, v->page - 1, "← back") < 0) ||
	    buf_printf(out, "page %zu of %zu, %zu%s entries\n", v->page + 1, pages, l->count,
		l->cut ? " of more" : "") < 0 ||
	    (v->page + 1 < pages && write_page_link(out, v, v->page + 1, "on →") < 0))
		return ERR_FULL;
	return buf_append(out, SLICE("</p>\n"));
}

static int write_readme(struct buf *out, const struct listing *l)
{
	struct slice rest = buf_peek(&l->readme);
	if (rest.len == 0)
		return OK;
	if (buf_append(out, SLICE("<pre>")) < 0)
		return ERR_FULL;
	while (rest.ptr) {
		struct slice line = slice_split(&rest, '\n');
		if (slice_ends(line, SLICE("\r")))
			line.len--;
		while (line.ptr) { /* a tab is a control, but one that belongs here */
			struct slice part = slice_split(&line, '\t');
			if (html(out, part) < 0 || (line.ptr && buf_byte(out, '\t') < 0))
				return ERR_FULL;
		}
		if (rest.ptr && buf_byte(out, '\n') < 0)
			return ERR_FULL;
	}
	return buf_append(out, SLICE("</pre>\n"));
}

int listing_write_html(struct buf *out, const struct listing *l, const struct listing_view *v)
{
	if (buf_append(out,
		SLICE("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		      "<title>")) < 0 ||
	    html(out, v->path) < 0 || buf_append(out, SLICE("</title>\n")) < 0 ||
	    buf_append(out, slice_str(style)) < 0 || write_trail(out, v) < 0 ||
	    write_table(out, l, v) < 0 || write_pages(out, l, v) < 0)
		return ERR_FULL;
	return write_readme(out, l);
}
