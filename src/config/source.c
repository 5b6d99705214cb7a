/*
 * source.c - reads configuration files and follows their @include lines.
 *
 * Only as much of the syntax is known here as is needed to tell an @include from text in a string
 * or a comment: the rest is libconfig's.
 */
#include "config/source.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	/* A configuration of ten thousand sites has about 3 MB; more is a wrong file name. */
	TEXT_MAX = 16 << 20,
	/* Deeper than anyone nests; a file that includes itself ends here if a link hides it. */
	DEPTH_MAX = 10,
};

enum state { IN_CODE, IN_STRING, IN_COMMENT };

/* A file being read. */
struct input {
	const struct input *up; /* the one that includes it */
	const char *path;
	int line;
	enum state state;
	int since;      /* the line in which the string or comment began */
	int first_long; /* that of the first string that goes over a line's end; 0: none */
	int depth;
};

static struct config_place here(const struct input *in)
{
	return (struct config_place){ in->path, in->line, NULL };
}

static int read_all(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	for (;;) {
		enum { CHUNK = 16384 };
		char *to = buf_reserve(out, CHUNK);
		ssize_t n = to ? read(fd, to, CHUNK) : 0;
		if (n > 0) {
			out->len += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			int error = errno;
			close(fd);
			errno = error;
			return !to ? ERR_FULL : n < 0 ? ERR_IO : OK;
		}
	}
}

static void note_line(struct source *s, const struct input *in)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->lines = mem_realloc(s->lines, s->room * sizeof(*s->lines));
	}
	s->lines[s->count++] = (struct source_line){ in->path, in->line };
}

/* Follows one line through strings and comments. */
static void scan_line(struct input *in, struct slice line)
{
	if (in->state == IN_STRING && in->first_long == 0)
		in->first_long = in->since;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.ptr[i], next = i + 1 < line.len ? line.ptr[i + 1] : '\0';
		if (in->state == IN_STRING) {
			i += c == '\\';
			in->state = c == '"' ? IN_CODE : IN_STRING;
		} else if (in->state == IN_COMMENT) {
			if (c == '*' && next == '/') {
				in->state = IN_CODE;
				i++;
			}
		} else if (c == '#' || (c == '/' && next == '/')) {
			return;
		} else if (c == '"' || (c == '/' && next == '*')) {
			in->state = c == '"' ? IN_STRING : IN_COMMENT;
			in->since = in->line;
			i += c == '/';
		}
	}
}

static bool is_comment(struct slice s)
{
	return s.len == 0 || slice_starts(s, SLICE("#")) || slice_starts(s, SLICE("//"));
}

/* `@include "name"` gives true and the name; a name with ptr NULL is a line that only looks like
 * one. */
static bool include_of(struct slice line, struct slice *name_out)
{
	struct slice rest = slice_trim(line);
	*name_out = SLICE_NONE;
	if (slice_ends(rest, SLICE("\r")))
		rest = slice_trim(slice_head(rest, rest.len - 1));
	if (!slice_starts(rest, SLICE("@include")))
		return false;
	rest = slice_trim(slice_tail(rest, SLICE("@include").len));
	if (!slice_starts(rest, SLICE("\"")))
		return true;
	rest = slice_tail(rest, 1);
	struct slice name = slice_split(&rest, '"');
	if (rest.ptr && name.len > 0 && is_comment(slice_trim(rest)))
		*name_out = name;
	return true;
}

/* Relative names start at the directory of the file that includes. */
static const char *include_path(struct source *s, const struct input *in, struct slice name)
{
	ptrdiff_t slash = slice_find_last(slice_str(in->path), '/');
	if (name.ptr[0] == '/' || slash < 0)
		return arena_dup(s->arena, name).ptr;
	return arena_printf(s->arena, "%.*s" SLICE_FMT, (int)slash + 1, in->path, SLICE_ARG(name));
}

static int read_file(struct source *s, const char *path, const struct input *up);

static void include(struct source *s, const struct input *in, struct slice name)
{
	if (!name.ptr) {
		report_mistake(
		    s->report, here(in), "an include is a line of its own: @include \"FILE\"");
		return;
	}
	const char *path = include_path(s, in, name);
	for (const struct input *at = in; at; at = at->up) {
		if (strcmp(at->path, path) == 0) {
			report_mistake(
			    s->report, here(in), "'%s' would be included by itself", path);
			return;
		}
	}
	if (in->depth == DEPTH_MAX)
		report_mistake(s->report, here(in), "'%s': includes are nested more than %d deep",
		    path, DEPTH_MAX);
	else
		(void)!read_file(s, path, in); /* the mistake is told, what remains is read on */
}

static int add_line(struct source *s, const struct input *in, struct slice line)
{
	if (buf_append(&s->text, line) < 0 || buf_byte(&s->text, '\n') < 0) {
		report_mistake(
		    s->report, here(in), "more than %d MB: not a configuration", TEXT_MAX >> 20);
		return ERR_FULL;
	}
	note_line(s, in);
	return OK;
}

static int add_lines(struct source *s, struct input *in, struct slice text)
{
	if (slice_starts(text, SLICE("\xef\xbb\xbf"))) /* a byte order mark, which editors hide */
		text = slice_tail(text, 3);
	while (text.ptr && text.len > 0) {
		struct slice line = slice_split(&text, '\n'), name;
		in->line++;
		if (in->state == IN_CODE && include_of(line, &name)) {
			include(s, in, name);
			continue;
		}
		scan_line(in, line);
		if (add_line(s, in, line) < 0)
			return ERR_FULL;
	}
	return OK;
}

/* A string or comment left open would swallow what follows the include as well. */
static void check_end(struct source *s, const struct input *in)
{
	struct config_place at = { in->path, in->since, NULL };
	if (in->state == IN_CODE)
		return;
	s->broken = true;
	if (in->state == IN_COMMENT) {
		report_mistake(
		    s->report, at, "a comment that begins here does not end ('*/' is missing)");
		return;
	}
	/* Where a quote is missing, each later one opens what it should close: the first long
	 * string is the likely place. */
	at.line = in->first_long ? in->first_long : in->since;
	report_mistake(s->report, at,
	    "the string that begins here has no closing '\"' in its line, and the file lacks one");
}

static int read_file(struct source *s, const char *path, const struct input *up)
{
	struct buf bytes;
	struct input in = { .up = up, .path = path, .depth = up ? up->depth + 1 : 0 };
	struct config_place at = up ? here(up) : here(&in);
	buf_init(&bytes, TEXT_MAX);
	int rc = read_all(path, &bytes);
	if (rc == ERR_IO)
		report_mistake(s->report, at, "cannot read '%s': %s", path, strerror(errno));
	else if (rc == ERR_FULL)
		report_mistake(s->report, at, "'%s' has more than %d MB: not a configuration", path,
		    TEXT_MAX >> 20);
	else if (bytes.len > 0 && memchr(bytes.data, '\0', bytes.len)) {
		report_mistake(
		    s->report, at, "'%s' has NUL bytes in it: not a configuration", path);
		rc = ERR_SYNTAX;
	}
	if (rc == OK) {
		rc = add_lines(s, &in, buf_peek(&bytes));
		check_end(s, &in);
	}
	buf_fini(&bytes);
	return rc;
}

int source_read(
    struct source *s, const char *path, struct arena *arena, struct config_report *report)
{
	*s = (struct source){ .arena = arena, .report = report };
	buf_init(&s->text, TEXT_MAX);
	return read_file(s, arena_strdup(arena, path), NULL);
}

void source_fini(struct source *s)
{
	buf_fini(&s->text);
	mem_free(s->lines);
}

struct config_place source_place(const struct source *s, unsigned line)
{
	if (s->count == 0 || line == 0)
		return (struct config_place){ 0 };
	const struct source_line *l = &s->lines[line <= s->count ? line - 1 : s->count - 1];
	return (struct config_place){ l->file, l->line, NULL };
}
