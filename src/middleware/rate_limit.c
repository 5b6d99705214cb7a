/*
 * rate_limit.c - see rate_limit.h.
 *
 * The buckets are base/bucket_table.h's, or those of a store that several machines ask
 * (rate_store.h). While a store is not there each machine counts for itself: a limit never costs an
 * answer.
 */
#include "middleware/rate_limit.h"

#include "app/site.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "base/scoreboard.h"
#include "middleware/rate_rule.h"
#include "middleware/rate_store.h"

#include <stdio.h>

/* Kept with a request, for the answer's fields. */
struct verdict {
	const struct rate_rule *rule;
	struct bucket_state bucket;
	bool refused;
};

static const char owner; /* of the note */

static void *prepare(const struct config_scope *route, struct arena *a, bool by_user)
{
	struct rate_rule *rule = rate_rule_new(route, a);
	if (!rule || (rule->key == RATE_BY_USER) != by_user)
		return NULL;
	const char *url = rule->settings->store;
	if (url && *url)
		rule->store = rate_store_open(url, (uint64_t)rule->settings->store_timeout);
	return rule;
}

static void *prepare_early(const struct config_scope *route, struct arena *a)
{
	return prepare(route, a, false);
}

static void *prepare_late(const struct config_scope *route, struct arena *a)
{
	return prepare(route, a, true);
}

static void release(void *state)
{
	struct rate_rule *rule = state;
	rate_store_release(&rule->store);
}

static uint64_t seconds_up(uint64_t us)
{
	return (us + 999999) / 1000000;
}

/* --- the answer's fields --- */

static struct slice number_text(struct request *r, uint64_t value)
{
	char *text = arena_bytes(&r->arena, 20);
	return slice_of(text, number_format(value, text));
}

static char *put(char *to, struct slice s)
{
	memcpy(to, s.ptr, s.len);
	return to + s.len;
}

/* Retry-After and t are the same moment: an empty bucket's next token; else t is when it is full.
 */
static void add_fields(struct request *r, const struct verdict *v)
{
	static const struct slice r_is = { "\"default\";r=", 12 }, t_is = { ";t=", 3 };
	const struct bucket_state *b = &v->bucket;
	struct slice left = number_text(r, b->left);
	struct slice reset = number_text(r, seconds_up(b->wait_us ? b->wait_us : b->full_us));
	char *text = arena_bytes(&r->arena, r_is.len + left.len + t_is.len + reset.len);
	char *end = put(put(put(put(text, r_is), left), t_is), reset);
	response_add_static(r, FIELD_OTHER, SLICE("X-RateLimit-Limit"), v->rule->burst);
	response_add_static(r, FIELD_OTHER, SLICE("X-RateLimit-Remaining"), left);
	response_add_static(r, FIELD_OTHER, SLICE("RateLimit-Policy"), v->rule->policy);
	response_add_static(
	    r, FIELD_OTHER, SLICE("RateLimit"), slice_of(text, (size_t)(end - text)));
	if (v->refused)
		response_add_static(r, FIELD_OTHER, SLICE("Retry-After"), reset);
}

/* Here and not when it is decided: a response that is kept for others must not have them. */
static void head(struct request *r, void *state)
{
	const struct verdict *v = exchange_noted(r, &owner);
	(void)state;
	if (v)
		add_fields(r, v);
}

/* --- the decision --- */

/* One line for a flood: whose it is, not each of its requests. */
static void tell(const struct rate_rule *rule, const struct request *r)
{
	static struct log_gate gate;
	char peer[NET_ADDR_TEXT] = "unix:";
	if (r->peer)
		net_addr_host(r->peer, peer);
	log_gated(&gate, LOG_LEVEL_NOTICE, "rate_limit of %s: %s asks too often%s", rule->place,
	    peer, rule->settings->dry_run ? " (dry_run: it is answered)" : "");
}

static enum step decide(struct request *r, const struct rate_rule *rule, bool granted,
    const struct bucket_state *bucket)
{
	if (!granted)
		tell(rule, r);
	if (rule->settings->dry_run)
		return STEP_NEXT;
	struct verdict *v = arena_alloc(&r->arena, sizeof(*v));
	*v = (struct verdict){ .rule = rule, .bucket = *bucket, .refused = !granted };
	exchange_note(r, &owner, v);
	if (granted)
		return STEP_NEXT;
	score_add(&score_self()->rate_limited, 1);
	response_error(r, (int)rule->settings->status, "over the rate limit");
	return STEP_ANSWERED;
}

static enum step decide_here(
    struct request *r, const struct rate_rule *rule, const struct rate_subject *subject)
{
	struct bucket_state bucket;
	bool granted =
	    bucket_take(score_buckets(), subject->rule, subject->key, clock_mono_us(), &bucket);
	return decide(r, rule, granted, &bucket);
}

/* The store has answered, or it will not: `bucket` is NULL then. */
static void on_store(
    struct request *r, const void *ctx, bool granted, const struct bucket_state *bucket)
{
	const struct rate_rule *rule = ctx;
	struct rate_subject subject;
	enum step step = STEP_NEXT;
	chain_came_back(r);
	if (bucket)
		step = decide(r, rule, granted, bucket);
	else if (rate_rule_subject(rule, r, &subject))
		step = decide_here(r, rule, &subject);
	if (step == STEP_NEXT)
		chain_resume(r);
}

static void on_gone(struct request *r, void *ctx)
{
	(void)r;
	rate_store_forget(ctx);
}

static enum step enter(struct request *r, void *state)
{
	const struct rate_rule *rule = state;
	struct rate_subject subject;
	if (r->internal || !rate_rule_subject(rule, r, &subject))
		return STEP_NEXT;
	if (rule->store) {
		struct rate_ask *ask = rate_store_ask(
		    rule->store, &subject, &(struct rate_asker){ r, rule, on_store });
		if (ask) {
			chain_wait(r, on_gone, ask);
			return STEP_WAIT;
		}
	}
	return decide_here(r, rule, &subject);
}

static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	const struct rate_rule *rule = state;
	const struct rate_limit_settings *s = rule->settings;
	struct rate_subject subject;
	struct bucket_state bucket;
	if (rule->store || rule->key == RATE_BY_USER || !r->peer) {
		snprintf(text_out, room, "%g a second, burst %u, by %s%s%s", s->rate,
		    rule->bucket.burst, s->key, rule->store ? ", asked of " : "",
		    rule->store ? rate_store_name(rule->store) : "");
		return STEP_WAIT;
	}
	if (!rate_rule_subject(rule, r, &subject)) {
		snprintf(text_out, room, "not limited: a unix socket's clients have no address");
		return STEP_NEXT;
	}
	bool granted =
	    bucket_peek(score_buckets(), subject.rule, subject.key, clock_mono_us(), &bucket);
	snprintf(text_out, room, "%s%u of %u left, %g a second, by %s",
	    granted      ? ""
	    : s->dry_run ? "would be refused, dry_run: "
			 : "refused: ",
	    bucket.left, rule->bucket.burst, s->rate, s->key);
	return granted || s->dry_run ? STEP_NEXT : STEP_ANSWERED;
}

static const struct key_group *const groups[] = { &rate_limit_group, NULL };

const struct middleware rate_limit_middleware = {
	.name = "rate_limit",
	.groups = groups,
	.check = rate_rule_check,
	.prepare = prepare_early,
	.release = release,
	.enter = enter,
	.head = head,
	.explain = explain,
};

/* The settings are checked once. */
const struct middleware rate_limit_user_middleware = {
	.name = "rate_limit",
	.groups = groups,
	.prepare = prepare_late,
	.release = release,
	.enter = enter,
	.head = head,
	.explain = explain,
};
