/*
 * file_choose.c - the choice by Accept-Encoding among what there is or could be (RFC 9110
 * section 12.5.3).
 *
 * Siblings are looked for only when one would be taken, and at most once a second. What is missing
 * and can be made is made (file_encode.h). A choice is carried on from where it stood when a disk
 * or a thread has been waited for.
 */
#include "handler/file_choose.h"

#include "app/module.h"
#include "handler/file_cache.h"
#include "handler/file_encode.h"
#include "handler/file_load.h"
#include "handler/file_look.h"

struct choice {
	struct file_waiter load;
	struct encode_waiter encode;
	struct file_entry *entry;
	file_chosen_fn fn;
	struct slice accept;
	unsigned makable;   /* CODING_BIT of what this request may have made */
	enum coding coding; /* looked for or made just now */
	uint64_t begun_ms;
	bool failed; /* it could not be made */
	bool kept;   /* in the arena: it has waited */
};

static void carry_on(struct choice *c);

/* ---- siblings -------------------------------------------------------------------------------- */

/* What was seen after the request came counts, however long the disk has taken. */
static bool sibling_known(const struct choice *c, enum coding coding)
{
	const struct file_variants *v = c->entry->variants;
	uint64_t looked_ms = v ? v->of[coding].looked_ms : 0;
	return looked_ms && (looked_ms >= c->begun_ms || c->begun_ms - looked_ms < FILE_VALID_MS);
}

/* Tools that give a compressed file its original's time may cut it to seconds or microseconds. */
static bool as_old(struct timespec t, struct timespec original)
{
	if (t.tv_sec != original.tv_sec)
		return t.tv_sec > original.tv_sec;
	return t.tv_nsec >= original.tv_nsec || t.tv_nsec == 0 ||
	       t.tv_nsec == original.tv_nsec / 1000 * 1000;
}

static bool sibling_good(const struct file_entry *e, const struct file_entry *sibling)
{
	return sibling->kind == FILE_REGULAR && sibling->stamp.size > 0 &&
	       as_old(sibling->stamp.modified, e->stamp.modified);
}

/* NULL: there is none. */
static void see_sibling(struct choice *c, struct file_entry *sibling)
{
	file_variant_set_sibling(c->entry, c->coding, sibling);
	file_variants_of(c->entry)->of[c->coding].looked_ms = file_load_clock_ms();
}

static void take_sibling(struct choice *c, struct file_entry *found)
{
	see_sibling(c, sibling_good(c->entry, found) ? found : NULL);
	/* Remembered here; three for each page would push pages out of the cache. */
	if (found->kind == FILE_MISSING)
		file_cache_drop(found);
}

/* A choice that is to wait leaves the stack. The response keeps the entry meanwhile, whether the
 * request is answered or ends. */
static struct choice *keep(struct choice *c)
{
	struct request *r = c->load.request;
	if (c->kept)
		return c;
	struct choice *kept = arena_alloc(&r->arena, sizeof(*kept));
	*kept = *c;
	kept->kept = true;
	response_set_body(r, SLICE_NONE, &c->entry->owner);
	return kept;
}

/* Whoever comes back holds the entry himself: the response lets go of it when it is answered. */
static void come_back(struct choice *c)
{
	struct file_entry *e = c->entry;
	owner_hold(&e->owner);
	carry_on(c);
	owner_release(&e->owner);
}

static void on_sibling(struct file_waiter *w, struct file_entry *found)
{
	struct choice *c = CONTAINER_OF(w, struct choice, load);
	take_sibling(c, found);
	come_back(c);
}

/* False: a disk is in the way, on_sibling follows. */
static bool look_for_sibling(struct choice *c)
{
	const struct file_entry *e = c->entry;
	struct slice path = slice_str(arena_printf(&c->load.request->arena, SLICE_FMT "%s%s",
	    SLICE_ARG(e->path), e->index ? e->index : "", coding_suffix(c->coding)));
	struct file_entry *found = file_load_now(c->load.files, path);
	if (found) {
		take_sibling(c, found);
		owner_release(&found->owner);
		return true;
	}
	struct choice *kept = keep(c);
	kept->load.on_loaded = on_sibling;
	if (file_load_wait(&kept->load, path) == OK)
		return false;
	see_sibling(c, NULL); /* too much is being read: this second goes without */
	return true;
}

/* A large one may have changed within its second. */
static void forget_changed_sibling(struct choice *c)
{
	struct file_variants *variants = c->entry->variants;
	struct file_variant *v = variants ? variants->of[c->coding].sibling : NULL;
	if (!v || file_look_unchanged(v->sibling))
		return;
	file_cache_drop(v->sibling);
	see_sibling(c, NULL);
	variants->of[c->coding].looked_ms = 0;
}

/* ---- what is made ---------------------------------------------------------------------------- */

static unsigned makable(const struct request *r, const struct files *f, const struct file_entry *e)
{
	if (!f->compress.enabled || e->stamp.size < f->compress.min_size || !file_encode_can(e) ||
	    fields_has_token(&r->fields, FIELD_CACHE_CONTROL, SLICE("no-transform")))
		return 0;
	return f->compress.codings;
}

static void on_encoded(struct encode_waiter *w, bool ok)
{
	struct choice *c = CONTAINER_OF(w, struct choice, encode);
	if (!ok)
		c->makable = 0;
	c->failed = !ok;
	come_back(c);
}

/* False: on_encoded follows. */
static bool make(struct choice *c)
{
	struct choice *kept = keep(c);
	kept->encode.on_encoded = on_encoded;
	if (file_encode_wait(&kept->encode, c->load.files, c->entry, c->coding) == OK)
		return false;
	c->makable = 0;
	return true;
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* CODING_BIT of what there is, and of what there may be. */
static unsigned possible(const struct choice *c)
{
	const struct file_variants *v = c->entry->variants;
	unsigned bits = v && v->worthless ? 0 : c->makable;
	if (!c->load.files->precompressed)
		return bits;
	for (enum coding coding = CODING_GZIP; coding < CODING_COUNT; coding++)
		if (!sibling_known(c, coding) || v->of[coding].sibling)
			bits |= CODING_BIT(coding);
	return bits;
}

static struct file_variant *variant_now(const struct choice *c)
{
	const struct file_variants *v = c->entry->variants;
	if (!v || v->of[c->coding].sibling)
		return v ? v->of[c->coding].sibling : NULL;
	struct file_variant *made = v->of[c->coding].made;
	if (made && made->quick)
		file_encode_small(c->load.files, c->entry, c->coding);
	return made;
}

static void answer_reloaded(struct request *r, file_chosen_fn fn, struct file_entry *e)
{
	if (e->kind == FILE_REGULAR)
		fn(r, e, NULL);
	else if (e->kind == FILE_MISSING)
		response_error(r, 404, NULL);
	else
		response_error(r, 503, "the file changes while it is read");
}

static void on_reloaded(struct file_waiter *w, struct file_entry *e)
{
	answer_reloaded(w->request, CONTAINER_OF(w, struct choice, load)->fn, e);
}

/* The file changed while a thread read it: what we know of it holds no more. The visitor has waited
 * long enough, so he gets what is there now as it is. */
static void choose_changed(struct choice *c)
{
	struct request *r = c->load.request;
	file_cache_drop(c->entry);
	struct file_entry *e = file_load_now(c->load.files, c->entry->path);
	if (e) {
		answer_reloaded(r, c->fn, e);
		owner_release(&e->owner);
		return;
	}
	struct choice *kept = keep(c);
	kept->load.on_loaded = on_reloaded;
	if (file_load_wait(&kept->load, c->entry->path) < 0)
		response_error(r, 503, "too many files are being read");
}

static void carry_on(struct choice *c)
{
	for (;;) {
		c->coding = coding_choose(c->accept, possible(c), coding_order_small);
		if (c->coding == CODING_IDENTITY)
			break;
		forget_changed_sibling(c);
		if (c->load.files->precompressed && !sibling_known(c, c->coding)) {
			if (!look_for_sibling(c))
				return;
			continue;
		}
		struct file_variant *v = variant_now(c);
		if (v) {
			c->fn(c->load.request, c->entry, v);
			return;
		}
		if (!make(c))
			return;
	}
	if (c->failed && !file_look_again(c->entry))
		choose_changed(c);
	else
		c->fn(c->load.request, c->entry, NULL);
}

void file_choose(struct request *r, const struct files *f, struct file_entry *e, file_chosen_fn fn)
{
	struct choice c = {
		.load = { .request = r, .files = f },
		.encode = { .request = r },
		.entry = e,
		.fn = fn,
		.accept = fields_join(&r->fields, FIELD_ACCEPT_ENCODING, &r->arena),
		.makable = makable(r, f, e),
		.begun_ms = file_load_clock_ms(),
	};
	carry_on(&c);
}
