/*
 * syntax.c - reads the form of a configuration file, and writes it again without what is wrong.
 *
 *   settings = { NAME ("=" | ":") value [";" | ","] }
 *   value    = BOOL | number | STRING { STRING } | "{" settings "}" | "(" values ")" | "[" scalars
 * "]" values   = [ value { "," value } ]
 *
 * What the names and values mean is not known here: that is for reader.c.
 */
#include "config/syntax.h"

#include "base/number.h"
#include "config/lexer.h"

#include <stdarg.h>
#include <stdio.h>

/* Far more than groups nest in any configuration: each level is a few frames of the stack. */
enum { DEPTH_MAX = 32, QUOTED_MAX = 40 };

/* A name that a group has already. */
struct seen {
	const struct seen *next;
	struct slice name;
	unsigned line;
};

/* How far the copy had come, to go back to. */
struct mark {
	size_t len;
	unsigned line;
};

struct parser {
	const struct source *source;
	struct lexer lexer;
	struct token token; /* the one to be looked at */
	struct buf *out;
	unsigned out_line;
	enum syntax result;
	int depth;
	struct token long_string; /* the last one with a line end in it; line 0: none */
	struct arena arena;       /* of the names */
};

static void worsen(struct parser *p, enum syntax result)
{
	p->result = result > p->result ? result : p->result;
}

/* Nothing that follows can be understood. */
static void stop(struct parser *p)
{
	worsen(p, SYNTAX_BROKEN);
	p->token = (struct token){ .kind = TOKEN_END, .line = p->token.line };
	p->lexer.rest = SLICE_NONE;
}

static void mistake(struct parser *p, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void mistake(struct parser *p, unsigned line, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Where a quote is missing the next one takes its place, and the error shows only behind
	 * that. */
	if (p->long_string.line > 0 && line == p->long_string.last) {
		line = p->long_string.line;
		snprintf(text, sizeof(text),
		    "a string that begins here goes over the end of the line: "
		    "is its closing '\"' missing?");
		stop(p);
	}
	report_mistake(p->source->report, source_place(p->source, line), "%s", text);
}

static void put(struct parser *p, struct slice text, unsigned line)
{
	bool fits = true;
	for (; p->out_line < line; p->out_line++)
		fits &= buf_byte(p->out, '\n') == OK;
	fits &= buf_byte(p->out, ' ') == OK && buf_append(p->out, text) == OK;
	for (size_t i = 0; i < text.len; i++)
		p->out_line += text.ptr[i] == '\n';
	if (!fits)
		worsen(p, SYNTAX_BROKEN);
}

static struct mark mark(const struct parser *p)
{
	return (struct mark){ p->out->len, p->out_line };
}

static void go_back(struct parser *p, struct mark to)
{
	p->out->len = to.len;
	p->out_line = to.line;
	if (p->out->data)
		p->out->data[to.len] = '\0'; /* it is read as a string */
}

static void next(struct parser *p)
{
	p->token = lexer_next(&p->lexer);
	if (p->token.kind == TOKEN_STRING && p->token.last > p->token.line)
		p->long_string = p->token;
}

/* Copies the token and goes on. */
static void take(struct parser *p)
{
	put(p, p->token.text, p->token.line);
	next(p);
}

static bool at(const struct parser *p, char c)
{
	return p->token.mark == c;
}

static const char *found(const struct parser *p, char out[QUOTED_MAX + 8])
{
	struct slice line = p->token.text;
	struct slice shown = slice_head(slice_split(&line, '\n'), QUOTED_MAX);
	if (p->token.kind == TOKEN_END)
		return "the end of the file";
	snprintf(out, QUOTED_MAX + 8, "'" SLICE_FMT "%s'", SLICE_ARG(shown),
	    shown.len < p->token.text.len ? "..." : "");
	return out;
}

static bool value_begins(const struct parser *p)
{
	switch (p->token.kind) {
	case TOKEN_END:
		return false;
	case TOKEN_MARK:
		return strchr("{([", p->token.mark) != NULL;
	default:
		return true;
	}
}

static void parse_settings(struct parser *p);
static bool parse_value(struct parser *p, struct slice name);

static void take_long(struct parser *p)
{
	char text[32]; /* libconfig would cut it to 32 bits without a word */
	snprintf(text, sizeof(text), SLICE_FMT "L", SLICE_ARG(p->token.text));
	put(p, slice_str(text), p->token.line);
	next(p);
}

/* To the end of what can not be understood: a separator, a bracket, or the end of the line. */
static void skip_rest(struct parser *p, unsigned line)
{
	while (p->token.kind != TOKEN_END && p->token.line == line &&
	       !(p->token.kind == TOKEN_MARK && strchr(";,{}()[]", p->token.mark)))
		next(p);
}

static void refuse_word(struct parser *p, struct slice name)
{
	char quoted[QUOTED_MAX + 8];
	struct slice word = p->token.text;
	static const char *const truths[] = { "yes", "no", "on", "off", NULL };
	bool truth = false;
	for (const char *const *t = truths; *t; t++)
		truth |= slice_eq_ci(word, slice_str(*t));
	found(p, quoted);
	if (number_parse(word, 0, &(uint64_t){ 0 }) == ERR_RANGE)
		mistake(
		    p, p->token.line, SLICE_FMT ": %s is out of range", SLICE_ARG(name), quoted);
	else if (truth)
		mistake(p, p->token.line, SLICE_FMT ": %s is not a value (expected true or false)",
		    SLICE_ARG(name), quoted);
	else
		mistake(p, p->token.line,
		    SLICE_FMT ": %s is not a value (text stands in quotes: \"" SLICE_FMT "\")",
		    SLICE_ARG(name), quoted, SLICE_ARG(slice_head(word, QUOTED_MAX)));
	worsen(p, SYNTAX_MENDED);
	skip_rest(p, p->token.line);
}

/* The string would end there, without a word. */
static bool has_nul(struct slice string)
{
	for (size_t i = 0; i + 3 < string.len; i++) {
		if (string.ptr[i] != '\\')
			continue;
		if (slice_eq_ci(slice_head(slice_tail(string, i), 4), SLICE("\\x00")))
			return true;
		i++;
	}
	return false;
}

/* False when nothing usable stands there; the mistake is told. */
static bool parse_scalar(struct parser *p, struct slice name)
{
	switch (p->token.kind) {
	case TOKEN_BOOL:
	case TOKEN_INT:
	case TOKEN_FLOAT:
		take(p);
		return true;
	case TOKEN_LONG:
		take_long(p);
		return true;
	case TOKEN_STRING:
		while (p->token.kind == TOKEN_STRING) {
			if (has_nul(p->token.text))
				mistake(p, p->token.line,
				    SLICE_FMT ": a string can not have \\x00 in it",
				    SLICE_ARG(name));
			take(p);
		}
		return true;
	default:
		refuse_word(p, name);
		return false;
	}
}

static void close_bracket(struct parser *p, char close, const struct token *open)
{
	char quoted[QUOTED_MAX + 8];
	if (at(p, close)) {
		/* In the line of what stands before it: libconfig looks ahead before it notes a
		 * string's line. */
		put(p, p->token.text, p->out_line);
		next(p);
		return;
	}
	if (p->token.kind == TOKEN_END && p->result != SYNTAX_BROKEN)
		mistake(p, open->line, "the '%c' that stands here is not closed ('%c' is missing)",
		    open->mark, close);
	else if (p->token.kind != TOKEN_END)
		mistake(p, p->token.line, "'%c' expected to close the '%c' of line %d, found %s",
		    close, open->mark, source_place(p->source, open->line).line, found(p, quoted));
	stop(p);
}

/* What libconfig demands of an array: scalars of one type. A list takes all; what is wrong is then
 * told by the key's type. */
struct array {
	size_t at; /* of the '[' in the copy */
	enum token_kind kind;
	bool uniform;
};

static void array_look(struct parser *p, struct array *a)
{
	enum token_kind kind = p->token.kind;
	if (kind == TOKEN_INT && slice_ends(p->token.text, SLICE("L")))
		kind = TOKEN_LONG; /* of 64 bits: another type */
	if (a->kind != TOKEN_END && kind != a->kind)
		a->uniform = false;
	a->kind = kind;
	if (kind == TOKEN_MARK && a->uniform) {
		mistake(p, p->token.line,
		    "an array [ ] has plain values only (expected a list: ( ... ))");
		a->uniform = false;
		worsen(p, SYNTAX_MENDED);
	}
}

/* Behind an element: whether another one is to come. */
static bool parse_comma(struct parser *p, char close)
{
	unsigned line = p->token.line;
	if (!at(p, ',')) {
		if (value_begins(p))
			mistake(p, line, "a ',' is missing before this element");
		return value_begins(p);
	}
	next(p);
	if (at(p, close))
		mistake(p, line, "a ',' with nothing behind it before '%c'", close);
	return value_begins(p);
}

static void parse_elements(struct parser *p, char close, struct array *a, struct slice name)
{
	bool first = true, more = value_begins(p);
	while (more) {
		struct mark before = mark(p);
		if (a)
			array_look(p, a);
		if (!first)
			put(p, SLICE(","), p->out_line);
		if (parse_value(p, name))
			first = false;
		else
			go_back(p, before);
		more = parse_comma(p, close);
	}
}

static void parse_list(struct parser *p, struct slice name)
{
	struct token open = p->token;
	take(p);
	parse_elements(p, ')', NULL, name);
	close_bracket(p, ')', &open);
}

static void parse_array(struct parser *p, struct slice name)
{
	struct token open = p->token;
	take(p);
	struct array a = { p->out->len - 1, TOKEN_END, true };
	parse_elements(p, ']', &a, name);
	close_bracket(p, ']', &open);
	if (!a.uniform && p->result != SYNTAX_BROKEN) {
		p->out->data[a.at] = '(';
		p->out->data[p->out->len - 1] = ')';
	}
}

static void parse_group(struct parser *p)
{
	struct token open = p->token;
	take(p);
	parse_settings(p);
	close_bracket(p, '}', &open);
}

static bool parse_value(struct parser *p, struct slice name)
{
	if (p->token.kind != TOKEN_MARK)
		return parse_scalar(p, name);
	if (++p->depth > DEPTH_MAX) {
		mistake(p, p->token.line, "brackets are nested more than %d deep", DEPTH_MAX);
		stop(p);
	} else if (at(p, '{')) {
		parse_group(p);
	} else if (at(p, '(')) {
		parse_list(p, name);
	} else {
		parse_array(p, name);
	}
	p->depth--;
	return true;
}

static void refuse_key(struct parser *p)
{
	char quoted[QUOTED_MAX + 8];
	unsigned line = p->token.line;
	if (p->token.kind == TOKEN_OTHER && p->token.text.ptr[0] == '@')
		mistake(p, line, "an include is a line of its own: @include \"FILE\"");
	else
		mistake(p, line, "expected a key, found %s", found(p, quoted));
	worsen(p, SYNTAX_MENDED);
	if (p->token.kind == TOKEN_MARK && strchr("{([", p->token.mark)) {
		struct mark before = mark(p);
		parse_value(p, SLICE_NONE);
		go_back(p, before);
	} else {
		next(p);
		skip_rest(p, line);
	}
}

/* Whether the group has the name already: then the second one is told and left out. */
static bool repeated(struct parser *p, const struct seen *names, const struct token *name)
{
	for (; names; names = names->next) {
		if (!slice_eq(names->name, name->text))
			continue;
		struct config_place first = source_place(p->source, names->line);
		mistake(p, name->line, "'" SLICE_FMT "' is given twice (first at %s:%d)",
		    SLICE_ARG(name->text), first.file, first.line);
		return true;
	}
	return false;
}

static const struct seen *note(struct parser *p, const struct seen *names, const struct token *name)
{
	struct seen *s = arena_alloc(&p->arena, sizeof(*s));
	*s = (struct seen){ names, name->text, name->line };
	return s;
}

/* False when there is none and no value either, so that nothing more is to be said of it. */
static bool parse_assignment(struct parser *p, const struct token *name)
{
	char quoted[QUOTED_MAX + 8];
	if (at(p, '=') || at(p, ':')) {
		take(p);
		return true;
	}
	mistake(p, name->line, "'=' expected behind '" SLICE_FMT "', found %s",
	    SLICE_ARG(name->text), found(p, quoted));
	worsen(p, SYNTAX_MENDED);
	put(p, SLICE("="), p->token.line);
	return value_begins(p);
}

/* A name has been seen. False when the setting is to be left out. */
static bool parse_setting(struct parser *p, const struct token *name)
{
	put(p, name->text, name->line);
	if (!parse_assignment(p, name))
		return false;
	if (value_begins(p))
		return parse_value(p, name->text);
	mistake(p, name->line, "'" SLICE_FMT "' has no value", SLICE_ARG(name->text));
	worsen(p, SYNTAX_MENDED);
	return false;
}

static bool ends_group(const struct parser *p)
{
	return p->token.kind == TOKEN_END || at(p, '}') || at(p, ')') || at(p, ']');
}

static void parse_settings(struct parser *p)
{
	const struct seen *names = NULL;
	while (!ends_group(p)) {
		struct token name = p->token;
		struct mark before = mark(p);
		if (name.kind == TOKEN_NAME) {
			bool again = repeated(p, names, &name);
			next(p);
			names = again ? names : note(p, names, &name);
			if (!parse_setting(p, &name) || again)
				go_back(p, before);
		} else {
			refuse_key(p);
		}
		if (at(p, ';') || at(p, ',')) /* libconfig needs none */
			next(p);
	}
}

enum syntax syntax_check(const struct source *s, struct buf *out)
{
	struct parser p = {
		.source = s,
		.lexer = { buf_peek(&s->text), 1 },
		.out = out,
		.out_line = 1,
		.result = s->broken ? SYNTAX_BROKEN : SYNTAX_SOUND,
	};
	if (s->broken)
		return SYNTAX_BROKEN; /* told already: from there on all is one string or comment */
	next(&p);
	parse_settings(&p);
	if (p.token.kind != TOKEN_END) {
		mistake(&p, p.token.line, "'%c' closes nothing", p.token.mark);
		worsen(&p, SYNTAX_BROKEN);
	}
	arena_fini(&p.arena);
	return p.result;
}
