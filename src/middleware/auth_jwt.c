/*
 * auth_jwt.c - signed tokens (jwt.h), as the field Authorization brings them (RFC 6750) or a
 * cookie.
 *
 * Verifying takes less than a tenth of a millisecond: it is done in the loop.
 */
#include "middleware/auth_way.h"

#include "app/site.h"
#include "app/watched.h"
#include "base/log.h"
#include "crypto/signature.h"
#include "event/loop.h"
#include "middleware/jwt.h"

#include <errno.h>
#include <stdio.h>

struct tokens {
	const struct auth_jwt_settings *settings;
	struct watched file;
	struct jwt_keys *keys; /* NULL: could not be read yet */
	struct jwt_rules rules;
};

/* ---- the settings ------------------------------------------------------------------------------
 */

static unsigned wanted_algorithms(const struct auth_jwt_settings *s)
{
	unsigned algorithms = 0;
	for (size_t i = 0; i < s->algorithms.count; i++) {
		enum signature_algorithm a = signature_find(slice_str(s->algorithms.list[i]));
		if (a != SIGNATURE_UNKNOWN)
			algorithms |= 1u << a;
	}
	return s->algorithms.count ? algorithms : ~0u;
}

static void check_algorithms(const struct auth_jwt_settings *s, const struct jwt_keys *keys,
    struct config_place place, struct config_report *report)
{
	for (size_t i = 0; i < s->algorithms.count; i++) {
		enum signature_algorithm a = signature_find(slice_str(s->algorithms.list[i]));
		if (a == SIGNATURE_UNKNOWN)
			report_mistake(report, place,
			    "auth.jwt.algorithms: '%s' is not one of HS256, RS256 and ES256",
			    s->algorithms.list[i]);
		else if (keys && !(jwt_keys_algorithms(keys) & 1u << a))
			report_mistake(report, place,
			    "auth.jwt.algorithms: no key in '%s' is for %s", s->key,
			    s->algorithms.list[i]);
	}
}

static void check_key(
    const struct auth_jwt_settings *s, struct config_place place, struct config_report *report)
{
	const char *reason = NULL;
	struct buf content;
	struct stat st;
	if (watched_read(s->key, JWT_FILE_MAX, &st, &content) < 0) {
		report_mistake(report, place, "auth.jwt.key: '%s': %s", s->key, strerror(errno));
		return;
	}
	struct jwt_keys *keys = jwt_keys_parse(buf_peek(&content), &reason);
	if (!keys)
		report_mistake(report, place, "auth.jwt.key: '%s': %s", s->key, reason);
	else if (jwt_keys_algorithms(keys) & 1u << SIGNATURE_HS256 && st.st_mode & S_IROTH)
		report_warning(report, place,
		    "auth.jwt.key: everybody on this machine can read the secret in %s (chmod o= "
		    "%s)",
		    s->key, s->key);
	check_algorithms(s, keys, place, report);
	jwt_keys_free(&keys);
	explicit_bzero(content.data, content.cap);
	buf_fini(&content);
}

static void check(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	struct config_place place = config_place(scope, &auth_group, "jwt");
	if (config_mistaken(scope, &auth_group, "jwt"))
		return;
	if (!jwt_library())
		report_mistake(report, place,
		    "auth.jwt: this httpd was built without a JSON library (jansson)");
	else if (!s->jwt.key)
		report_mistake(report, place, "auth.jwt: 'key' is missing (a file)");
	else
		check_key(&s->jwt, place, report);
}

static void refresh(struct tokens *t)
{
	const char *reason = NULL;
	struct buf content;
	if (!watched_look(&t->file, loop_now_ms(app_worker.loop), &content))
		return;
	struct jwt_keys *keys = jwt_keys_parse(buf_peek(&content), &reason);
	if (keys) {
		jwt_keys_free(&t->keys);
		t->rules.keys = t->keys = keys;
	} else {
		log_error("%s: %s%s", t->file.path, reason,
		    t->keys ? " (the keys that were read last stay in force)" : "");
	}
	explicit_bzero(content.data, content.cap);
	buf_fini(&content);
}

static void prepare(struct auth *auth, struct arena *a)
{
	const struct auth_jwt_settings *s = &auth->settings->jwt;
	struct tokens *t = arena_zalloc(a, sizeof(*t));
	t->settings = s;
	t->file = (struct watched){ .path = s->key, .what = "key file", .max = JWT_FILE_MAX };
	t->rules = (struct jwt_rules){
		.algorithms = wanted_algorithms(s),
		.audience = &s->audience,
		.issuer = s->issuer,
		.leeway_s = s->leeway / 1000,
		.expires = s->expires,
	};
	refresh(t);
	auth->state = t;
	auth->challenge =
	    slice_str(arena_printf(a, "Bearer realm=%s", auth_quote(a, auth->settings->realm)));
}

static void release(struct auth *auth)
{
	struct tokens *t = auth->state;
	jwt_keys_free(&t->keys);
}

/* ---- a request ---------------------------------------------------------------------------------
 */

static struct slice cookie_in(struct slice list, struct slice name)
{
	while (list.ptr) {
		struct slice value = slice_trim(slice_split(&list, ';'));
		if (slice_eq(slice_split(&value, '='), name) && value.ptr)
			return value;
	}
	return SLICE_NONE;
}

/* HTTP/2 may bring each cookie in a field of its own. */
static struct slice cookie_of(const struct request *r, const char *name)
{
	for (unsigned i = 0; i < r->fields.count; i++) {
		const struct field *f = &r->fields.list[i];
		struct slice value =
		    f->id == FIELD_COOKIE ? cookie_in(f->value, slice_str(name)) : SLICE_NONE;
		if (value.ptr)
			return value;
	}
	return SLICE_NONE;
}

/* ptr NULL: none. Of two fields none is believed: the token is empty. */
static struct slice token_of(const struct request *r, const struct auth_jwt_settings *s)
{
	struct slice rest = fields_get(&r->fields, FIELD_AUTHORIZATION);
	if (fields_count(&r->fields, FIELD_AUTHORIZATION) > 1)
		return SLICE("");
	if (rest.ptr && slice_eq_ci(slice_split(&rest, ' '), SLICE("Bearer")))
		return rest.ptr ? slice_trim(rest) : SLICE("");
	return s->cookie ? cookie_of(r, s->cookie) : SLICE_NONE;
}

static const char *verify(
    struct request *r, const struct tokens *t, struct slice token, struct jwt_claims *claims)
{
	return jwt_verify(token, &t->rules, loop_wall_s(app_worker.loop), &r->arena, claims);
}

static struct slice claim_of(const struct jwt_claims *claims, const char *name)
{
	for (unsigned i = 0; i < claims->count; i++)
		if (slice_eq(claims->list[i].name, slice_str(name)))
			return claims->list[i].value;
	return SLICE_NONE;
}

static void keep_claims(struct request *r, const struct jwt_claims *claims)
{
	struct route_param *kept = arena_alloc(&r->arena, (claims->count + 1) * sizeof(*kept));
	for (unsigned i = 0; i < claims->count; i++)
		kept[i] = (struct route_param){ claims->list[i].name, claims->list[i].value };
	exchange_of(r)->claims = kept;
	exchange_of(r)->claim_count = claims->count;
}

/* RFC 6750 section 3. */
static void refuse(struct request *r, const struct auth *auth, const char *reason)
{
	static struct log_gate gate;
	char address[NET_ADDR_TEXT] = "-";
	if (r->peer)
		net_addr_host(r->peer, address);
	log_gated(&gate, LOG_LEVEL_INFO, "auth: invalid token from %s on " SLICE_FMT ": %s",
	    address, SLICE_ARG(exchange_of(r)->site->name), reason);
	char *challenge =
	    arena_printf(&r->arena, SLICE_FMT ", error=\"invalid_token\", error_description=\"%s\"",
		SLICE_ARG(auth->challenge), reason);
	auth_ask(r, slice_str(challenge), reason);
}

static enum step enter(struct request *r, const struct auth *auth)
{
	struct tokens *t = auth->state;
	struct slice token = token_of(r, t->settings);
	struct jwt_claims claims;
	refresh(t);
	if (!t->keys) {
		response_error(r, 500, "the keys of auth.jwt can not be read");
		return STEP_ANSWERED;
	}
	if (!token.ptr) {
		auth_ask(r, auth->challenge, NULL);
		return STEP_ANSWERED;
	}
	const char *reason = verify(r, t, token, &claims);
	if (reason) {
		refuse(r, auth, reason);
		return STEP_ANSWERED;
	}
	keep_claims(r, &claims);
	return auth_admit(r, auth, claim_of(&claims, t->settings->user)) ? STEP_NEXT
									 : STEP_ANSWERED;
}

static enum step explain(struct request *r, const struct auth *auth, char *text_out, size_t room)
{
	const struct tokens *t = auth->state;
	struct slice token = token_of(r, t->settings);
	struct jwt_claims claims;
	const char *reason = "no token";
	int status = 401;
	if (!t->keys) {
		status = 500;
		reason = "the keys can not be read";
	} else if (token.ptr) {
		reason = verify(r, t, token, &claims);
	}
	if (!reason && auth_permits(auth, claim_of(&claims, t->settings->user)))
		return STEP_NEXT;
	if (!reason) {
		status = 403;
		reason = "the user is not in auth.require";
	}
	r->response.status = status;
	snprintf(text_out, room, "%d: %s", status, reason);
	return STEP_ANSWERED;
}

const struct auth_way auth_jwt_way = {
	.check = check,
	.prepare = prepare,
	.release = release,
	.enter = enter,
	.explain = explain,
};
