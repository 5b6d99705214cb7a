/*
 * htpasswd.c - see htpasswd.h. The names are the operator's: a plain hash does.
 */
#include "middleware/htpasswd.h"

#include "base/arena.h"
#include "base/mem.h"
#include "crypto/password.h"

struct entry {
	struct slice user; /* ptr NULL: free */
	struct slice hash;
};

struct htpasswd {
	struct arena arena;
	struct entry *places; /* mask + 1, at least half of them free */
	unsigned mask;
	struct entry **list; /* in the order of the file */
	size_t count;
};

struct parse {
	struct htpasswd *table;
	htpasswd_fn fn;
	void *ctx;
	unsigned line;
};

static void tell(const struct parse *p, bool taken, const char *what)
{
	if (p->fn)
		p->fn(p->ctx, p->line, taken, what);
}

static struct entry *place_of(const struct htpasswd *t, struct slice user)
{
	unsigned i = slice_hash(user) & t->mask;
	while (t->places[i].user.ptr && !slice_eq(t->places[i].user, user))
		i = (i + 1) & t->mask;
	return &t->places[i];
}

static const char *wrong_user(struct slice user)
{
	if (user.len == 0 || user.len > HTPASSWD_USER_MAX)
		return "no name, or one over 255 bytes";
	for (size_t i = 0; i < user.len; i++)
		if ((unsigned char)user.ptr[i] < ' ' || user.ptr[i] == 0x7f)
			return "a control character in the name";
	return NULL;
}

static void take(const struct parse *p, struct slice user, struct slice hash)
{
	struct htpasswd *t = p->table;
	struct entry *place = place_of(t, user);
	if (place->user.ptr) {
		tell(p, false, "this user has a line before");
		return;
	}
	place->user = arena_dup(&t->arena, user);
	place->hash = arena_dup(&t->arena, hash);
	t->list[t->count++] = place;
}

static void parse_line(const struct parse *p, struct slice line)
{
	const char *reason;
	if (line.len == 0 || line.ptr[0] == '#')
		return;
	if (slice_find(line, ':') < 0) {
		tell(p, false, "expected user:hash");
		return;
	}
	struct slice user = slice_split(&line, ':');
	struct slice hash = slice_split(&line, ':'); /* what follows is a remark */
	reason = wrong_user(user);
	if (reason) {
		tell(p, false, reason);
		return;
	}
	enum password_method method = password_method(hash, &reason);
	if (method == PASSWORD_UNKNOWN) {
		tell(p, false, reason);
		return;
	}
	if (method == PASSWORD_APR1)
		tell(p, true, "apr1 is weak: whoever gets the file has the password soon");
	take(p, user, hash);
}

static void make_room(struct htpasswd *t, struct slice text)
{
	size_t lines = 1, places = 16;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	while (places < lines * 2)
		places *= 2;
	t->places = arena_zalloc(&t->arena, places * sizeof(*t->places));
	t->mask = (unsigned)places - 1;
	t->list = arena_alloc(&t->arena, lines * sizeof(struct entry *));
}

struct htpasswd *htpasswd_parse(struct slice text, htpasswd_fn fn, void *ctx)
{
	struct htpasswd *t = mem_zalloc(sizeof(*t));
	struct parse p = { .table = t, .fn = fn, .ctx = ctx };
	arena_init(&t->arena);
	make_room(t, text);
	while (text.ptr) {
		struct slice line = slice_split(&text, '\n');
		if (slice_ends(line, SLICE("\r")))
			line.len--;
		p.line++;
		parse_line(&p, line);
	}
	return t;
}

void htpasswd_free(struct htpasswd **t)
{
	if (!*t)
		return;
	arena_fini(&(*t)->arena);
	mem_free(*t);
	*t = NULL;
}

struct slice htpasswd_find(const struct htpasswd *t, struct slice user, bool *known_out)
{
	const struct entry *place = place_of(t, user);
	*known_out = place->user.ptr != NULL;
	if (*known_out)
		return place->hash;
	return t->count ? t->list[slice_hash(user) % t->count]->hash : SLICE_NONE;
}
