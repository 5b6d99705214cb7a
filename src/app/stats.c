/*
 * stats.c - see stats.h. Counters are read one by one while others write them: each is exact for
 * its moment, and sums of finished requests are exact when nothing is under way.
 */
#include "app/stats.h"

#include "base/clock.h"

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_site(struct stats_site *out, const struct score_site *s)
{
	out->content_in += get(&s->content_in);
	out->content_out += get(&s->content_out);
	out->duration_us += get(&s->duration_us);
	for (unsigned i = 0; i <= SCORE_BUCKETS; i++) {
		uint64_t n = get(&s->durations[i]);
		out->durations[i] += n;
		out->answered += n;
	}
	for (unsigned p = 0; p < SCORE_PROTOCOLS; p++)
		for (unsigned c = 0; c < SCORE_STATUS_CLASSES; c++)
			out->requests[p][c] += get(&s->requests[p][c]);
}

static void add_totals(struct stats *out, const struct score_slot *slot)
{
	out->accepted += get(&slot->accepted);
	out->refused += get(&slot->refused);
	out->rate_limited += get(&slot->rate_limited);
	out->requests += get(&slot->requests);
	out->bytes_in += get(&slot->bytes_in);
	out->bytes_out += get(&slot->bytes_out);
	for (unsigned hit = 0; hit < 2; hit++) {
		out->file_cache[hit] += get(&slot->file_cache[hit]);
		out->cache[hit] += get(&slot->cache[hit]);
	}
	for (unsigned v = 0; v < SCORE_TLS_VERSIONS; v++)
		for (unsigned r = 0; r < 2; r++)
			out->tls_handshakes[v][r] += get(&slot->tls_handshakes[v][r]);
	for (unsigned f = 0; f < SCORE_TLS_FAILURES; f++)
		out->tls_failures[f] += get(&slot->tls_failures[f]);
}

static void add_worker(struct stats *out, unsigned index, const struct score_slot *slot)
{
	struct stats_worker *w = &out->workers[out->worker_count++];
	*w = (struct stats_worker){
		.slot = index,
		.number = atomic_load(&slot->number),
		.generation = atomic_load(&slot->generation),
		.pid = atomic_load(&slot->pid),
		.state = (enum score_state)atomic_load(&slot->state),
		.connections = atomic_load(&slot->connections),
		.idle = atomic_load(&slot->idle),
		.in_hand = atomic_load(&slot->in_hand),
		.requests = get(&slot->requests) - get(&slot->requests_before),
		.started_ms = get(&slot->started_ms),
	};
	out->workers_in[w->state <= SCORE_DEAD ? w->state : SCORE_DEAD]++;
	out->connections += w->connections;
	out->idle += w->idle;
	out->in_hand += w->in_hand;
	out->handshakes += atomic_load(&slot->handshakes);
	out->closing += atomic_load(&slot->closing);
	if (w->state != SCORE_READY)
		return;
	if (w->generation > out->generation)
		out->generation = w->generation;
	out->sandbox &= atomic_load(&slot->sandbox);
}

static void take_slots(struct stats *out, struct arena *a)
{
	unsigned used = score_slots_used();
	out->workers = arena_alloc(a, (used + 1) * sizeof(*out->workers));
	out->sandbox = SANDBOX_LANDLOCK | SANDBOX_SECCOMP;
	for (unsigned i = 0; i < used; i++) {
		const struct score_slot *slot = score_at((int)i);
		add_totals(out, slot);
		if (score_is_alive(slot))
			add_worker(out, i, slot);
		for (unsigned k = 0; k < out->site_count; k++)
			add_site(&out->sites[k], &slot->sites[k]);
	}
	if (out->workers_in[SCORE_READY] == 0)
		out->sandbox = 0;
	unsigned apart = out->idle + out->handshakes + out->closing;
	out->active = out->connections > apart ? out->connections - apart : 0;
}

static void take_master(struct stats *out)
{
	const struct score_master *m = score_master();
	out->started_ms = get(&m->started_ms);
	out->reloaded_ms = get(&m->reloaded_ms);
	out->reload_failed = atomic_load(&m->reload_failed) != 0;
	out->restarts = get(&m->restarts);
	for (unsigned i = 0; i < 2; i++) {
		out->reloads[i] = get(&m->reloads[i]);
		out->upgrades[i] = get(&m->upgrades[i]);
	}
	for (unsigned i = 0; i < EVENT_LEVELS; i++)
		out->log_lines[i] = get(&score_events()->counts[i]);
}

void stats_take(struct stats *out, struct arena *a)
{
	*out = (struct stats){ .now_ms = clock_wall_ms(), .site_count = score_site_count() };
	out->sites = arena_zalloc(a, out->site_count * sizeof(*out->sites));
	for (unsigned i = 0; i < out->site_count; i++)
		out->sites[i].name = score_site_name(i);
	take_slots(out, a);
	take_master(out);
}

uint64_t stats_quantile(const uint64_t durations[SCORE_BUCKETS + 1], double part)
{
	uint64_t total = 0, below = 0;
	for (unsigned i = 0; i <= SCORE_BUCKETS; i++)
		total += durations[i];
	double wanted = part * (double)total;
	for (unsigned i = 0; i < SCORE_BUCKETS && total > 0; i++) {
		double from = i ? score_bucket_us[i - 1] : 0, to = score_bucket_us[i];
		if (durations[i] > 0 && (double)(below + durations[i]) >= wanted)
			return (uint64_t)(from + (to - from) * (wanted - (double)below) /
						     (double)durations[i]);
		below += durations[i];
	}
	return total > 0 ? score_bucket_us[SCORE_BUCKETS - 1] : 0;
}

void stats_total(const struct stats *s, struct stats_site *out)
{
	*out = (struct stats_site){ .name = SLICE("all") };
	for (unsigned i = 0; i < s->site_count; i++) {
		const struct stats_site *site = &s->sites[i];
		out->answered += site->answered;
		out->duration_us += site->duration_us;
		out->content_in += site->content_in;
		out->content_out += site->content_out;
		for (unsigned b = 0; b <= SCORE_BUCKETS; b++)
			out->durations[b] += site->durations[b];
		for (unsigned p = 0; p < SCORE_PROTOCOLS; p++)
			for (unsigned c = 0; c < SCORE_STATUS_CLASSES; c++)
				out->requests[p][c] += site->requests[p][c];
	}
}
