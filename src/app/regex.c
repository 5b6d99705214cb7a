/*
 * regex.c - see regex.h.
 *
 * Paths are bytes, which need not be UTF-8, and an expression in UTF mode would not match those
 * that are not: who sends "%FF" would walk past a route that asks for a password. So a character
 * is a byte, "." is any of them, a line break, too, and "$" is the end and nothing before it.
 */
#include "app/regex.h"

#include "config.h"

#ifdef HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <assert.h>
#include <pcre2.h>
#include <stdio.h>

enum {
	/* A path of 8 KiB, the default bound, against an expression that looks at each byte a few
	 * times; one that tries all combinations is stopped after some milliseconds. */
	MATCH_LIMIT = 200000,
	DEPTH_LIMIT = 20000,
	HEAP_LIMIT_KIB = 8192,
	JIT_STACK_MIN = 32 << 10,
	JIT_STACK_MAX = 1 << 20, /* mapped, not touched, until an expression needs it */
	OPTIONS = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP,
};

struct regex {
	pcre2_code *code;
	unsigned groups;
	unsigned name_count;
	struct regex_name *names;
};

/* One match at a time: what it needs is shared, and lasts while there are expressions. */
static struct {
	unsigned users;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
} shared;

static void shared_take(void)
{
	if (shared.users++ > 0)
		return;
	shared.context = pcre2_match_context_create(NULL);
	shared.data = pcre2_match_data_create(REGEX_GROUPS_MAX + 1, NULL);
	assert(shared.context && shared.data);
	pcre2_set_match_limit(shared.context, MATCH_LIMIT);
	pcre2_set_depth_limit(shared.context, DEPTH_LIMIT);
	pcre2_set_heap_limit(shared.context, HEAP_LIMIT_KIB);
	/* Without one, or without the translator at all, 32 KiB of our own stack are used. */
	shared.stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (shared.stack)
		pcre2_jit_stack_assign(shared.context, NULL, shared.stack);
}

static void shared_give(void)
{
	if (--shared.users > 0)
		return;
	pcre2_jit_stack_free(shared.stack);
	pcre2_match_data_free(shared.data);
	pcre2_match_context_free(shared.context);
}

const char *regex_library(void)
{
	static char text[64] = "PCRE2 ";
	char version[64];
	pcre2_config(PCRE2_CONFIG_VERSION, version);
	/* "10.42 2022-12-11" */
	snprintf(text, sizeof(text), "PCRE2 %.*s", (int)strcspn(version, " "), version);
	return text;
}

/* Rows of the table: the group's number in two bytes, its name, NUL. */
static void read_names(struct regex *x, struct arena *a)
{
	uint32_t size = 0;
	PCRE2_SPTR table = NULL;
	pcre2_pattern_info(x->code, PCRE2_INFO_NAMECOUNT, &x->name_count);
	pcre2_pattern_info(x->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(x->code, PCRE2_INFO_NAMETABLE, &table);
	x->names = arena_zalloc(a, (x->name_count + 1) * sizeof(*x->names));
	for (unsigned i = 0; i < x->name_count; i++, table += size)
		x->names[i] = (struct regex_name){
			arena_dup(a, slice_str((const char *)table + 2)),
			(unsigned)table[0] << 8 | table[1],
		};
}

int regex_compile(struct slice text, struct arena *a, struct regex **out, char why_out[REGEX_WHY])
{
	char said[128] = "";
	int error;
	size_t at;
	struct regex *x = arena_zalloc(a, sizeof(*x));
	x->code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, OPTIONS, &error, &at, NULL);
	if (!x->code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)said, sizeof(said));
		snprintf(why_out, REGEX_WHY, "%s (at offset %zu of the expression)", said, at);
		return ERR_SYNTAX;
	}
	pcre2_pattern_info(x->code, PCRE2_INFO_CAPTURECOUNT, &x->groups);
	read_names(x, a);
	/* Where memory must not become code (systemd's MemoryDenyWriteExecute) this fails, and the
	 * interpreter matches: slower, with the same result. */
	(void)pcre2_jit_compile(x->code, PCRE2_JIT_COMPLETE);
	shared_take();
	*out = x;
	return OK;
}

void regex_free(struct regex **x)
{
	if (!*x)
		return;
	pcre2_code_free((*x)->code);
	*x = NULL;
	shared_give();
}

enum match regex_match(
    const struct regex *x, struct slice subject, struct slice groups_out[REGEX_GROUPS_MAX + 1])
{
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.ptr ? subject.ptr : "");
	int rc = pcre2_match(x->code, text, subject.len, 0, 0, shared.data, shared.context);
	if (rc == PCRE2_ERROR_NOMATCH)
		return MATCH_NO;
	if (rc < 0)
		return MATCH_UNDECIDED;
	const size_t *ends = pcre2_get_ovector_pointer(shared.data);
	for (unsigned i = 0; i <= x->groups && i <= REGEX_GROUPS_MAX; i++, ends += 2) {
		bool took_part = ends[0] != PCRE2_UNSET && ends[0] <= ends[1];
		groups_out[i] = took_part
				    ? slice_of((const char *)text + ends[0], ends[1] - ends[0])
				    : SLICE("");
	}
	return MATCH_YES;
}

#else

struct regex {
	unsigned groups;
	unsigned name_count;
	struct regex_name *names;
};

const char *regex_library(void)
{
	return NULL;
}

int regex_compile(struct slice text, struct arena *a, struct regex **out, char why_out[REGEX_WHY])
{
	static const char why[] =
	    "regular expressions are not built in (configure httpd where PCRE2 "
	    "is installed, or write the path without one)";
	(void)text, (void)a, (void)out;
	memcpy(why_out, why, sizeof(why));
	return ERR_SYNTAX;
}

void regex_free(struct regex **x)
{
	*x = NULL;
}

enum match regex_match(
    const struct regex *x, struct slice subject, struct slice groups_out[REGEX_GROUPS_MAX + 1])
{
	(void)x, (void)subject, (void)groups_out;
	return MATCH_UNDECIDED;
}

#endif

unsigned regex_group_count(const struct regex *x)
{
	return x->groups;
}

const struct regex_name *regex_names(const struct regex *x, unsigned *count_out)
{
	*count_out = x->name_count;
	return x->names;
}
