/*
 * auth_users.c - names and passwords: the scheme Basic (RFC 7617) against a file of users.
 *
 * A file is read once a worker however many routes name it, and again when it has changed. What an
 * outsider can learn from time: nothing of the name, as an unknown one is hashed as well; that an
 * address has failed too often, which it is told.
 */
#include "middleware/auth_way.h"

#include "app/escape.h"
#include "app/site.h"
#include "app/watched.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/core.h"
#include "crypto/password.h"
#include "event/loop.h"
#include "middleware/auth_tries.h"
#include "middleware/auth_verify.h"
#include "middleware/htpasswd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CREDENTIALS_MAX = HTPASSWD_USER_MAX + 1 + PASSWORD_MAX };

struct users {
	struct list node; /* of all_users */
	unsigned refs;
	struct watched file;
	struct htpasswd *table; /* NULL: could not be read yet */
};

static struct list all_users = { &all_users, &all_users };

/* What a client sent, decoded. */
struct basic {
	char text[CREDENTIALS_MAX];
	struct slice user;
	struct slice password;
};

/* A request whose password is being looked at, or whose answer has to wait. */
struct attempt {
	struct verify_wait wait;
	struct timer timer;
	struct request *r;
	const struct auth *auth;
	struct slice user;
	unsigned char address[VERIFY_ADDRESS];
};

/* ---- the file ----------------------------------------------------------------------------------
 */

struct told {
	struct config_report *report;
	struct config_place place;
	const char *path;
};

static void on_line(void *ctx, unsigned line, bool taken, const char *what)
{
	struct told *t = ctx;
	if (!t->report)
		log_warning("%s:%u: %s%s", t->path, line, what, taken ? "" : " (left out)");
	else if (taken)
		report_warning(t->report, t->place, "auth.users: %s:%u: %s", t->path, line, what);
	else
		report_mistake(t->report, t->place,
		    "auth.users: %s:%u: %s (httpd --hash-password makes lines)", t->path, line,
		    what);
}

static bool is_below(const char *path, const char *root)
{
	char *real = realpath(path, NULL), *top = realpath(root, NULL);
	size_t len = top ? strlen(top) : 0;
	bool below = real && top && strncmp(real, top, len) == 0 &&
		     (real[len] == '/' || (len == 1 && top[0] == '/'));
	free(real);
	free(top);
	return below;
}

static void check_placing(const struct config_scope *scope, const char *path, const struct stat *st,
    struct config_report *report)
{
	const struct site_settings *site = config_settings(scope, &site_group);
	struct config_place place = config_place(scope, &auth_group, "users");
	if (st->st_mode & S_IROTH)
		report_warning(report, place,
		    "auth.users: everybody on this machine can read %s (chmod o= %s)", path, path);
	if (site->root && is_below(path, site->root))
		report_mistake(report, place,
		    "auth.users: '%s' stands below the site's root: visitors could fetch it", path);
}

/* A warning: the file may be about to change. */
static void check_required(const struct config_scope *scope, const struct auth_settings *s,
    const struct htpasswd *table, struct config_report *report)
{
	for (size_t i = 0; i < s->require.count; i++) {
		bool known;
		(void)htpasswd_find(table, slice_str(s->require.list[i]), &known);
		if (!known)
			report_warning(report, config_place(scope, &auth_group, "require"),
			    "auth.require: '%s' is not in %s", s->require.list[i], s->users);
	}
}

static void check(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	struct told told = { report, config_place(scope, &auth_group, "users"), s->users };
	struct buf content;
	struct stat st;
	if (!s->users || config_mistaken(scope, &auth_group, "users"))
		return;
	if (watched_read(s->users, HTPASSWD_FILE_MAX, &st, &content) < 0) {
		report_mistake(
		    report, told.place, "auth.users: '%s': %s", s->users, strerror(errno));
		return;
	}
	struct htpasswd *table = htpasswd_parse(buf_peek(&content), on_line, &told);
	check_required(scope, s, table, report);
	htpasswd_free(&table);
	explicit_bzero(content.data, content.cap);
	buf_fini(&content);
	check_placing(scope, s->users, &st, report);
}

static void refresh(struct users *u)
{
	struct told told = { .path = u->file.path };
	struct buf content;
	if (!watched_look(&u->file, loop_now_ms(app_worker.loop), &content))
		return;
	bool first = !u->table;
	htpasswd_free(&u->table);
	u->table = htpasswd_parse(buf_peek(&content), first ? NULL : on_line, &told);
	buf_fini(&content);
}

static struct users *users_open(const char *path)
{
	LIST_EACH (node, &all_users) {
		struct users *u = CONTAINER_OF(node, struct users, node);
		if (strcmp(u->file.path, path) != 0)
			continue;
		u->refs++;
		return u;
	}
	struct users *u = mem_zalloc(sizeof(*u));
	u->refs = 1;
	u->file =
	    (struct watched){ .path = path, .what = "password file", .max = HTPASSWD_FILE_MAX };
	list_append(&all_users, &u->node);
	verify_open();
	refresh(u);
	return u;
}

static void prepare(struct auth *auth, struct arena *a)
{
	auth->state = users_open(auth->settings->users);
	auth->challenge = slice_str(arena_printf(
	    a, "Basic realm=%s, charset=\"UTF-8\"", auth_quote(a, auth->settings->realm)));
}

static void release(struct auth *auth)
{
	struct users *u = auth->state;
	if (--u->refs > 0)
		return;
	verify_close();
	list_remove(&u->node);
	htpasswd_free(&u->table);
	mem_free(u);
}

/* ---- what the client says ----------------------------------------------------------------------
 */

static bool is_control(unsigned char c)
{
	return c < ' ' || c == 0x7f;
}

/* RFC 7617 section 2: user-id ":" password, without controls; the name has no colon. */
static bool split(struct basic *b, size_t len)
{
	struct slice rest = slice_of(b->text, len);
	for (size_t i = 0; i < len; i++)
		if (is_control((unsigned char)b->text[i]))
			return false;
	b->user = slice_split(&rest, ':');
	b->password = rest;
	return rest.ptr && b->user.len > 0 && b->user.len <= HTPASSWD_USER_MAX &&
	       rest.len <= PASSWORD_MAX;
}

/* OK; ERR_NOTFOUND without credentials of this scheme; ERR_SYNTAX for bad ones. */
static int read_basic(const struct request *r, struct basic *b)
{
	struct slice rest = fields_get(&r->fields, FIELD_AUTHORIZATION);
	if (!rest.ptr)
		return ERR_NOTFOUND;
	if (!slice_eq_ci(slice_split(&rest, ' '), SLICE("Basic")))
		return ERR_NOTFOUND;
	if (fields_count(&r->fields, FIELD_AUTHORIZATION) > 1)
		return ERR_SYNTAX;
	ssize_t len = base64_decode(slice_trim(rest), BASE64_PADDED, b->text, sizeof(b->text));
	return len >= 0 && split(b, (size_t)len) ? OK : ERR_SYNTAX;
}

/* ---- the answer --------------------------------------------------------------------------------
 */

/* Programs that watch this log to shut out addresses know the line by its form. */
static void log_failure(const struct attempt *a)
{
	struct buf user;
	char address[NET_ADDR_TEXT] = "-";
	buf_init(&user, 4 * HTPASSWD_USER_MAX + 1);
	if (a->r->peer)
		net_addr_host(a->r->peer, address);
	if (escape_append(&user, a->user, ESCAPE_LOG) == OK)
		log_notice("auth: wrong credentials for \"%s\" from %s on " SLICE_FMT, user.data,
		    address, SLICE_ARG(exchange_of(a->r)->site->name));
	buf_fini(&user);
}

/* Behind a unix socket there is a proxy, and all of its clients would have one count. */
static bool has_address(const struct request *r)
{
	return r->peer && r->peer->any.sa_family != AF_UNIX;
}

static void refuse(struct attempt *a)
{
	chain_came_back(a->r);
	auth_ask(a->r, a->auth->challenge, "wrong user or password");
}

static void on_delayed(struct timer *t)
{
	refuse(CONTAINER_OF(t, struct attempt, timer));
}

static void on_gone(struct request *r, void *ctx)
{
	struct attempt *a = ctx;
	(void)r;
	verify_cancel(&a->wait);
	timer_clear(app_worker.loop, &a->timer);
}

static void on_verdict(struct verify_wait *w, bool right)
{
	struct attempt *a = CONTAINER_OF(w, struct attempt, wait);
	struct request *r = a->r;
	if (right) {
		chain_came_back(r);
		if (auth_admit(r, a->auth, a->user))
			chain_resume(r);
		return;
	}
	uint64_t delay_ms = 0;
	if (w->counts)
		log_failure(a);
	if (w->counts && has_address(r))
		delay_ms = auth_tries_take(a->address, (unsigned)a->auth->settings->failures);
	if (delay_ms == 0)
		refuse(a);
	else
		timer_set(app_worker.loop, &a->timer, loop_now_ms(app_worker.loop) + delay_ms);
}

static void answer_later(struct request *r, int status, unsigned wait_s, const char *note)
{
	char *text = arena_printf(&r->arena, "%u", wait_s ? wait_s : 1);
	response_add_static(r, FIELD_OTHER, SLICE("Retry-After"), slice_str(text));
	response_error(r, status, note);
}

static struct attempt *attempt_new(
    struct request *r, const struct auth *auth, const struct verify_question *q)
{
	struct attempt *a = arena_zalloc(&r->arena, sizeof(*a));
	a->r = r;
	a->auth = auth;
	a->user = arena_dup(&r->arena, q->user);
	a->timer.on_due = on_delayed;
	a->wait.on_verdict = on_verdict;
	memcpy(a->address, q->address, sizeof(a->address));
	return a;
}

/* Guesses that are still being looked at count as wrong ones, or many at once would pass. */
static bool may_try(struct request *r, const struct auth *auth, const unsigned char *address)
{
	struct auth_tries tries = auth_tries_look(address, (unsigned)auth->settings->failures);
	if (!has_address(r) || tries.left > verify_pending(address))
		return true;
	answer_later(r, 429, tries.wait_s, "too many wrong passwords from this address");
	return false;
}

static enum step ask_verifier(
    struct request *r, const struct auth *auth, const struct verify_question *q)
{
	struct attempt *a = attempt_new(r, auth, q);
	if (verify_start(q, &a->wait) == OK) {
		chain_wait(r, on_gone, a);
		return STEP_WAIT;
	}
	answer_later(r, 503, 1, "too many passwords to check");
	return STEP_ANSWERED;
}

static enum step look_up(struct request *r, const struct auth *auth, const struct basic *b)
{
	const struct users *u = auth->state;
	struct verify_question q = { .user = b->user, .password = b->password };
	q.hash = htpasswd_find(u->table, b->user, &q.known);
	if (r->peer)
		net_addr_key(r->peer, q.address);
	if (!q.hash.ptr) {
		auth_ask(r, auth->challenge, "the password file is empty");
		return STEP_ANSWERED;
	}
	if (verify_remembers(&q))
		return auth_admit(r, auth, b->user) ? STEP_NEXT : STEP_ANSWERED;
	return may_try(r, auth, q.address) ? ask_verifier(r, auth, &q) : STEP_ANSWERED;
}

static enum step enter(struct request *r, const struct auth *auth)
{
	struct users *u = auth->state;
	struct basic b;
	int rc = read_basic(r, &b);
	refresh(u);
	enum step step = STEP_ANSWERED;
	if (!u->table)
		response_error(r, 500, "the password file can not be read");
	else if (rc < 0)
		auth_ask(r, auth->challenge, rc == ERR_SYNTAX ? "malformed credentials" : NULL);
	else
		step = look_up(r, auth, &b);
	explicit_bzero(b.text, sizeof(b.text));
	return step;
}

static enum step explain(struct request *r, const struct auth *auth, char *text_out, size_t room)
{
	const char *path = auth->settings->users;
	struct basic b;
	if (read_basic(r, &b) < 0) {
		r->response.status = 401;
		snprintf(text_out, room, "401: no name and password (users of %s)", path);
		return STEP_ANSWERED;
	}
	explicit_bzero(b.text, sizeof(b.text));
	snprintf(text_out, room, "if the password is right by %s", path);
	return STEP_WAIT;
}

const struct auth_way auth_users_way = {
	.check = check,
	.prepare = prepare,
	.release = release,
	.enter = enter,
	.explain = explain,
};
