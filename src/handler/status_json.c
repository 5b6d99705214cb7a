/*
 * status_json.c - /status for programs, and for the script of the page, which draws its charts from
 * the differences of two answers. Names stay what they are: scripts of others read them, too.
 *
 * Times are milliseconds since the epoch, durations microseconds.
 */
#include "handler/status_write.h"

static const char *separator(size_t i)
{
	return i ? ",\n" : "\n";
}

static void put_text(struct page *p, const char *name, struct slice value)
{
	page_put(p, "\"%s\":\"", name);
	page_escape(p, value, ESCAPE_JSON);
	page_put(p, "\"");
}

static void put_list(struct page *p, const char *name, const uint64_t *list, size_t count)
{
	page_put(p, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++)
		page_put(p, "%s%llu", i ? "," : "", (unsigned long long)list[i]);
	page_put(p, "]");
}

static void put_server(struct page *p, const struct status_view *v)
{
	const struct stats *s = &v->stats;
	page_put(p, "\"now\":%llu,\"started\":%llu,\"reloaded\":%llu,",
	    (unsigned long long)s->now_ms, (unsigned long long)s->started_ms,
	    (unsigned long long)s->reloaded_ms);
	put_text(p, "version", slice_str(v->version));
	page_put(p, ",\"generation\":%u,", s->generation);
	put_text(p, "configuration", slice_str(v->file ? v->file : "none"));
	page_put(p, ",");
	put_text(p, "digest", slice_str(v->digest));
	page_put(p, ",\n\"sandbox\":{\"landlock\":%s,\"seccomp\":%s},\n",
	    s->sandbox & SANDBOX_LANDLOCK ? "true" : "false",
	    s->sandbox & SANDBOX_SECCOMP ? "true" : "false");
	page_put(p,
	    "\"restarts\":%llu,\"reloads\":{\"ok\":%llu,\"failed\":%llu,\"last_failed\":%s},"
	    "\"upgrades\":{\"ok\":%llu,\"failed\":%llu},\n",
	    (unsigned long long)s->restarts, (unsigned long long)s->reloads[1],
	    (unsigned long long)s->reloads[0], s->reload_failed ? "true" : "false",
	    (unsigned long long)s->upgrades[1], (unsigned long long)s->upgrades[0]);
}

static void put_connections(struct page *p, const struct status_view *v)
{
	const struct stats *s = &v->stats;
	page_put(p,
	    "\"connections\":{\"active\":%u,\"idle\":%u,\"handshake\":%u,\"closing\":%u,"
	    "\"limit\":%lld,\"accepted\":%llu,\"refused\":%llu},"
	    "\"in_flight\":%u,\"rate_limited\":%llu,\n",
	    s->active, s->idle, s->handshakes, s->closing, (long long)v->connections_max,
	    (unsigned long long)s->accepted, (unsigned long long)s->refused, s->in_hand,
	    (unsigned long long)s->rate_limited);
	page_put(p, "\"bytes\":{\"received\":%llu,\"sent\":%llu},\n",
	    (unsigned long long)s->bytes_in, (unsigned long long)s->bytes_out);
	page_put(p, "\"tls\":{\"full\":%llu,\"resumed\":%llu,\"failed\":%llu},\n",
	    (unsigned long long)(s->tls_handshakes[0][0] + s->tls_handshakes[1][0]),
	    (unsigned long long)(s->tls_handshakes[0][1] + s->tls_handshakes[1][1]),
	    (unsigned long long)(s->tls_failures[0] + s->tls_failures[1] + s->tls_failures[2]));
	page_put(p, "\"file_cache\":{\"hits\":%llu,\"misses\":%llu},\n",
	    (unsigned long long)s->file_cache[1], (unsigned long long)s->file_cache[0]);
	page_put(p, "\"cache\":{\"hits\":%llu,\"misses\":%llu},\n", (unsigned long long)s->cache[1],
	    (unsigned long long)s->cache[0]);
}

static void put_site(struct page *p, const struct stats_site *site)
{
	uint64_t classes[SCORE_STATUS_CLASSES] = { 0 }, protocols[SCORE_PROTOCOLS] = { 0 };
	for (unsigned k = 0; k < SCORE_PROTOCOLS; k++)
		for (unsigned c = 0; c < SCORE_STATUS_CLASSES; c++) {
			classes[c] += site->requests[k][c];
			protocols[k] += site->requests[k][c];
		}
	page_put(p, "{");
	put_text(p, "name", site->name);
	page_put(p, ",\"requests\":%llu,", (unsigned long long)site->answered);
	put_list(p, "classes", classes, SCORE_STATUS_CLASSES);
	page_put(p, ",");
	put_list(p, "protocols", protocols, SCORE_PROTOCOLS);
	page_put(p, ",");
	put_list(p, "durations", site->durations, SCORE_BUCKETS + 1);
	page_put(p, ",\"duration_us\":%llu,\"content_in\":%llu,\"content_out\":%llu}",
	    (unsigned long long)site->duration_us, (unsigned long long)site->content_in,
	    (unsigned long long)site->content_out);
}

static void put_sites(struct page *p, const struct status_view *v)
{
	bool any = false;
	page_put(p, "\"bounds_us\":[");
	for (unsigned i = 0; i < SCORE_BUCKETS; i++)
		page_put(p, "%s%u", i ? "," : "", (unsigned)score_bucket_us[i]);
	page_put(p, "],\n\"all\":");
	put_site(p, &v->all);
	page_put(p, ",\n\"sites\":[");
	for (unsigned i = 0; i < v->stats.site_count; i++) {
		if (i == 0 && v->stats.sites[0].answered == 0)
			continue;
		page_put(p, "%s", separator(any));
		put_site(p, &v->stats.sites[i]);
		any = true;
	}
	page_put(p, "],\n");
}

static void put_workers(struct page *p, const struct status_view *v)
{
	page_put(p, "\"workers\":[");
	for (unsigned i = 0; i < v->stats.worker_count; i++) {
		const struct stats_worker *w = &v->stats.workers[i];
		page_put(p,
		    "%s{\"slot\":%u,\"number\":%u,\"pid\":%d,\"generation\":%u,\"state\":\"%s\","
		    "\"started\":%llu,\"connections\":%u,\"idle\":%u,\"in_flight\":%u,"
		    "\"requests\":%llu}",
		    separator(i), w->slot, w->number, w->pid, w->generation,
		    status_worker_state(w->state), (unsigned long long)w->started_ms,
		    w->connections, w->idle, w->in_hand, (unsigned long long)w->requests);
	}
	page_put(p, "],\n");
}

static void put_certificates(struct page *p, const struct status_view *v)
{
	page_put(p, "\"certificates\":[");
	for (size_t i = 0; i < v->certificate_count; i++) {
		page_put(p, "%s{", separator(i));
		put_text(p, "name", v->certificates[i].name);
		page_put(p, ",\"ends\":%lld}", (long long)v->certificates[i].ends_s * 1000);
	}
	page_put(p, "],\n");
}

static void put_events(struct page *p, const struct status_view *v)
{
	page_put(p, "\"events\":[");
	for (size_t i = 0; i < v->event_count; i++) {
		const struct event *e = &v->events[i];
		page_put(p, "%s{\"number\":%llu,\"time\":%llu,\"level\":\"%s\",", separator(i),
		    (unsigned long long)e->number, (unsigned long long)e->time_ms,
		    log_level_name(e->level));
		put_text(p, "text", slice_of(e->text, e->len));
		page_put(p, "}");
	}
	page_put(p, "]");
}

void status_write_json(struct page *p, const struct status_view *v)
{
	page_put(p, "{");
	put_server(p, v);
	put_connections(p, v);
	put_sites(p, v);
	put_workers(p, v);
	put_certificates(p, v);
	put_events(p, v);
	page_put(p, "}\n");
}
