/*
 * auth_verify.c - see auth_verify.h.
 *
 * Hashing has a thread of its own: jobs that take 50 ms each would hold up those who read files.
 * It runs at low priority, so a flood of wrong passwords gets the time that is left over. Who asks
 * the same as somebody before him waits for the same answer.
 *
 * What is remembered is not the password but a keyed hash of all that the answer depends on, the
 * stored hash included: a line that changes in the file is asked for anew at once. Only right
 * answers are remembered, so guessing fills no memory.
 */
#include "middleware/auth_verify.h"

#include "app/module.h"
#include "base/mem.h"
#include "crypto/password.h"
#include "crypto/secret.h"
#include "event/offload.h"

#include <assert.h>
#include <stdatomic.h>

enum {
	THREADS = 1,
	/* At 50 ms each the last one waits for less than two seconds; who would wait for longer is
	 * better told so. */
	QUEUE_MAX = 32,
	/* The lowest: everything else in the machine goes before. */
	NICE = 19,
	MAC = SECRET_MAC,
	REMEMBERED_MS = 60000,
	WAYS = 4,
	SETS = 512,
};

struct remembered {
	unsigned char mac[MAC];
	uint64_t until_ms; /* 0: free */
};

struct verify_job {
	struct offload_job offload;
	struct list node; /* of verifier.running */
	struct list waits;
	unsigned char mac[MAC];
	unsigned char address[VERIFY_ADDRESS];
	_Atomic bool wanted; /* somebody waits */
	bool known;
	bool right;
	char password[PASSWORD_MAX + 1];
	char hash[PASSWORD_HASH_MAX];
};

static struct verifier {
	unsigned users;
	struct offload *pool;
	struct list running;
	unsigned char key[MAC];
	struct remembered (*sets)[WAYS];
} verifier;

void verify_open(void)
{
	if (verifier.users++ > 0)
		return;
	list_init(&verifier.running);
	verifier.sets = mem_zalloc(SETS * sizeof(*verifier.sets));
	secret_random(verifier.key, MAC);
	verifier.pool = offload_new(app_worker.loop, THREADS, QUEUE_MAX);
	if (verifier.pool)
		offload_set_nice(verifier.pool, NICE);
}

void verify_close(void)
{
	assert(verifier.users > 0);
	if (--verifier.users > 0)
		return;
	offload_free(&verifier.pool);
	explicit_bzero(verifier.key, MAC);
	mem_free(verifier.sets);
	verifier.sets = NULL;
}

/* Each part with its length before it, so that no two questions look the same. */
static size_t put(unsigned char *to, struct slice part)
{
	to[0] = (unsigned char)(part.len >> 8);
	to[1] = (unsigned char)part.len;
	memcpy(to + 2, part.ptr, part.len);
	return part.len + 2;
}

static void make_mac(const struct verify_question *q, unsigned char mac_out[MAC])
{
	unsigned char text[256 + PASSWORD_MAX + PASSWORD_HASH_MAX + 8];
	size_t len = 1;
	assert(q->user.len + q->password.len + q->hash.len + 7 <= sizeof(text));
	text[0] = q->known;
	len += put(text + len, q->user);
	len += put(text + len, q->password);
	len += put(text + len, q->hash);
	secret_mac(
	    slice_of((const char *)verifier.key, MAC), slice_of((const char *)text, len), mac_out);
	explicit_bzero(text, sizeof(text));
}

static struct remembered *set_of(const unsigned char mac[MAC])
{
	return verifier.sets[(mac[0] | mac[1] << 8) % SETS];
}

bool verify_remembers(const struct verify_question *q)
{
	unsigned char mac[MAC];
	make_mac(q, mac);
	const struct remembered *set = set_of(mac);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].until_ms > loop_now_ms(app_worker.loop) &&
		    secret_equal(set[i].mac, mac, MAC))
			return true;
	return false;
}

static void remember(const unsigned char mac[MAC])
{
	struct remembered *set = set_of(mac), *oldest = set;
	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].until_ms < oldest->until_ms)
			oldest = &set[i];
	memcpy(oldest->mac, mac, MAC);
	oldest->until_ms = loop_now_ms(app_worker.loop) + REMEMBERED_MS;
}

/* In the thread. */
static void on_work(struct offload_job *o)
{
	struct verify_job *job = CONTAINER_OF(o, struct verify_job, offload);
	if (!atomic_load_explicit(&job->wanted, memory_order_relaxed))
		return;
	/* After the hashing, so that an unknown name takes as long. */
	job->right = password_matches(job->password, job->hash) && job->known;
}

static void on_worked(struct offload_job *o)
{
	struct verify_job *job = CONTAINER_OF(o, struct verify_job, offload);
	list_remove(&job->node);
	if (job->right)
		remember(job->mac);
	while (!list_empty(&job->waits)) {
		struct verify_wait *w = CONTAINER_OF(job->waits.next, struct verify_wait, node);
		list_remove(&w->node);
		w->job = NULL;
		w->on_verdict(w, job->right);
	}
	explicit_bzero(job, sizeof(*job));
	mem_free(job);
}

static struct verify_job *find_running(const unsigned char mac[MAC])
{
	LIST_EACH (node, &verifier.running) {
		struct verify_job *job = CONTAINER_OF(node, struct verify_job, node);
		if (secret_equal(job->mac, mac, MAC))
			return job;
	}
	return NULL;
}

static void copy(char *to, struct slice s)
{
	memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
}

static struct verify_job *start_job(const struct verify_question *q, const unsigned char mac[MAC])
{
	struct verify_job *job = mem_zalloc(sizeof(*job));
	job->offload = (struct offload_job){ .work = on_work, .done = on_worked };
	list_init(&job->waits);
	memcpy(job->mac, mac, MAC);
	memcpy(job->address, q->address, VERIFY_ADDRESS);
	copy(job->password, q->password);
	copy(job->hash, q->hash);
	job->known = q->known;
	atomic_init(&job->wanted, true);
	if (!verifier.pool || offload_submit(verifier.pool, &job->offload) < 0) {
		explicit_bzero(job, sizeof(*job));
		mem_free(job);
		return NULL;
	}
	list_append(&verifier.running, &job->node);
	return job;
}

int verify_start(const struct verify_question *q, struct verify_wait *w)
{
	unsigned char mac[MAC];
	assert(q->password.len <= PASSWORD_MAX && q->hash.len < PASSWORD_HASH_MAX);
	make_mac(q, mac);
	w->job = find_running(mac);
	w->counts = !w->job || memcmp(w->job->address, q->address, VERIFY_ADDRESS) != 0;
	if (!w->job)
		w->job = start_job(q, mac);
	if (!w->job)
		return ERR_FULL;
	list_append(&w->job->waits, &w->node);
	return OK;
}

void verify_cancel(struct verify_wait *w)
{
	if (!w->job)
		return;
	list_remove(&w->node);
	if (list_empty(&w->job->waits)) {
		/* It may never be worked on: nobody is to join it. */
		atomic_store_explicit(&w->job->wanted, false, memory_order_relaxed);
		list_remove(&w->job->node);
	}
	w->job = NULL;
}

unsigned verify_pending(const unsigned char address[VERIFY_ADDRESS])
{
	unsigned count = 0;
	LIST_EACH (node, &verifier.running) {
		const struct verify_job *job = CONTAINER_OF(node, struct verify_job, node);
		count += memcmp(job->address, address, VERIFY_ADDRESS) == 0;
	}
	return count;
}
