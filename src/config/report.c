/*
 * report.c - collects mistakes and warnings, tells them in the order of the lines.
 */
#include "config/report.h"

#include "base/mem.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *file; /* a copy: the report outlives the snapshot that was refused; NULL: not in a
		       file */
	int line;
	char *source;
	char *text;
	bool mistake;
	size_t order; /* of arrival, among those of one line */
};

struct config_report {
	struct entry *entries;
	size_t count;
	size_t room;
	size_t mistakes;
};

struct config_report *report_new(void)
{
	return mem_zalloc(sizeof(struct config_report));
}

void report_free(struct config_report **r)
{
	struct config_report *old = *r;
	*r = NULL;
	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++) {
		mem_free(old->entries[i].file);
		mem_free(old->entries[i].source);
		mem_free(old->entries[i].text);
	}
	mem_free(old->entries);
	mem_free(old);
}

static char *dup_or_null(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

/* Longer than any value is quoted; what is over it is left out. */
enum { TEXT_MAX = 4096 };

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
	char text[TEXT_MAX];
	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *c = text; *c; c++) /* what a file has in it can not make two lines of one */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return mem_strdup(text);
}

static void add(struct config_report *r, bool mistake, const struct config_place *at,
    const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));
static void add(struct config_report *r, bool mistake, const struct config_place *at,
    const char *fmt, va_list ap)
{
	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		r->entries = mem_realloc(r->entries, r->room * sizeof(*r->entries));
	}
	r->entries[r->count] = (struct entry){
		.file = dup_or_null(at->file),
		.line = at->line,
		.source = dup_or_null(at->source),
		.text = format(fmt, ap),
		.mistake = mistake,
		.order = r->count,
	};
	r->count++;
	r->mistakes += mistake;
}

void report_mistake(struct config_report *r, struct config_place at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(r, true, &at, fmt, ap);
	va_end(ap);
}

void report_warning(struct config_report *r, struct config_place at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(r, false, &at, fmt, ap);
	va_end(ap);
}

size_t report_mistakes(const struct config_report *r)
{
	return r->mistakes;
}

size_t report_warnings(const struct config_report *r)
{
	return r->count - r->mistakes;
}

/* Files in the order of their names, each by lines; what is in no file comes last. */
static int compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	if (!a->file != !b->file)
		return a->file ? -1 : 1;
	int by_file = a->file ? strcmp(a->file, b->file) : 0;
	if (by_file != 0)
		return by_file;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static char *place_of(const struct entry *e)
{
	if (e->file && e->line > 0)
		return mem_printf("%s:%d: ", e->file, e->line);
	const char *where = e->file ? e->file : e->source;
	return mem_printf("%s%s", where ? where : "", where ? ": " : "");
}

void report_each(const struct config_report *r,
    void (*fn)(void *ctx, bool mistake, const char *place, const char *text), void *ctx)
{
	if (r->count == 0)
		return;
	struct entry *sorted = mem_alloc(r->count * sizeof(*sorted));
	memcpy(sorted, r->entries, r->count * sizeof(*sorted));
	qsort(sorted, r->count, sizeof(*sorted), compare);
	for (size_t i = 0; i < r->count; i++) {
		char *place = place_of(&sorted[i]);
		fn(ctx, sorted[i].mistake, place, sorted[i].text);
		mem_free(place);
	}
	mem_free(sorted);
}
