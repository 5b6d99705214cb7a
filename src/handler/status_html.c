/*
 * status_html.c - /status for people. All numbers stand in the page as the server knew them when it
 * was asked for, totals since counting began; with a script they come to life (status.js).
 *
 * What has an id here is filled in by the script under that id.
 */
#include "handler/status_write.h"

#include "base/date.h"
#include "base/human.h"

static void html(struct page *p, struct slice text)
{
	page_escape(p, text, ESCAPE_HTML);
}

static void put_number(struct page *p, uint64_t n)
{
	page_put(p, "%llu", (unsigned long long)n);
}

static void put_size(struct page *p, uint64_t bytes)
{
	char text[HUMAN_TEXT];
	human_size(bytes, text);
	page_put(p, "%s", text);
}

static void put_age(struct page *p, uint64_t from_ms, uint64_t to_ms)
{
	char text[HUMAN_TEXT];
	human_age(to_ms > from_ms ? to_ms - from_ms : 0, text);
	page_put(p, "%s", text);
}

static void put_duration(struct page *p, uint64_t us)
{
	if (us < 1000)
		page_put(p, "%u µs", (unsigned)us);
	else if (us < 1000000)
		page_put(p, "%u.%u ms", (unsigned)us / 1000, (unsigned)us / 100 % 10);
	else
		page_put(p, "%u.%u s", (unsigned)us / 1000000, (unsigned)us / 100000 % 10);
}

/* --- head --- */

static void put_head(struct page *p, const struct status_view *v)
{
	page_append(
	    p, SLICE("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		     "<meta name=\"robots\" content=\"noindex\">\n"
		     "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n"
		     "<link rel=\"icon\" href=\"data:,\">\n"
		     "<title>Server status</title>\n<style nonce=\""));
	html(p, v->nonce);
	page_append(p, SLICE("\">\n"));
	page_append(p, slice_str(status_style));
	page_append(p, SLICE("</style>\n</head>\n<body>\n"));
}

static void begin_fact(struct page *p, const char *name, const char *id)
{
	page_put(p, "<div><dt>%s</dt><dd id=\"%s\">", name, id);
}

static void end_fact(struct page *p)
{
	page_append(p, SLICE("</dd></div>\n"));
}

static const char *sandbox_text(unsigned parts)
{
	static const char *const texts[] = { "none", "landlock", "seccomp", "landlock, seccomp" };
	return texts[parts & (SANDBOX_LANDLOCK | SANDBOX_SECCOMP)];
}

static void put_facts(struct page *p, const struct status_view *v)
{
	page_append(p, SLICE("<header>\n<h1>Server status</h1>\n"
			     "<p class=\"live\" id=\"live\"><span><b></b> "
			     "<span id=\"state\" role=\"status\">as it was</span></span>"
			     "<button type=\"button\" id=\"pause\" hidden>Pause</button></p>\n"
			     "<dl class=\"facts\">\n"));
	begin_fact(p, "httpd", "version");
	html(p, slice_str(v->version));
	end_fact(p);
	begin_fact(p, "up", "uptime");
	put_age(p, v->stats.started_ms, v->stats.now_ms);
	end_fact(p);
	begin_fact(p, "generation", "generation");
	put_number(p, v->stats.generation);
	end_fact(p);
	begin_fact(p, "configuration", "configuration");
	html(p, slice_str(v->file ? v->file : "none"));
	page_put(p, " (%s)", v->digest);
	end_fact(p);
	begin_fact(p, "sandbox", "sandbox");
	page_put(p, "%s", sandbox_text(v->stats.sandbox));
	end_fact(p);
	page_append(p, SLICE("</dl>\n</header>\n"));
}

/* --- tiles --- */

static void begin_tile(struct page *p, const char *title, const char *id)
{
	page_put(p, "<div class=\"tile\"><h2>%s</h2><p class=\"value\" id=\"%s\">", title, id);
}

static void more_tile(struct page *p, const char *id)
{
	page_put(p, "</p><p id=\"%s-more\">", id);
}

static void end_tile(struct page *p)
{
	page_append(p, SLICE("</p></div>\n"));
}

static void put_latency_tile(struct page *p, const struct status_view *v)
{
	const uint64_t *durations = v->all.durations;
	begin_tile(p, "Latency, p99", "latency");
	put_duration(p, stats_quantile(durations, 0.99));
	more_tile(p, "latency");
	page_append(p, SLICE("p50 "));
	put_duration(p, stats_quantile(durations, 0.5));
	page_append(p, SLICE(", p90 "));
	put_duration(p, stats_quantile(durations, 0.9));
	end_tile(p);
}

static void put_error_tile(struct page *p, const struct status_view *v)
{
	uint64_t errors = 0;
	for (unsigned k = 0; k < SCORE_PROTOCOLS; k++)
		errors += v->all.requests[k][5];
	begin_tile(p, "Errors, 5xx", "errors");
	put_number(p, errors);
	more_tile(p, "errors");
	page_append(p, SLICE("since the start"));
	end_tile(p);
}

static void put_handshake_tile(struct page *p, const struct stats *s)
{
	uint64_t resumed = s->tls_handshakes[0][1] + s->tls_handshakes[1][1], failed = 0;
	for (unsigned i = 0; i < SCORE_TLS_FAILURES; i++)
		failed += s->tls_failures[i];
	begin_tile(p, "TLS handshakes", "handshakes");
	put_number(p, s->tls_handshakes[0][0] + s->tls_handshakes[1][0] + resumed);
	more_tile(p, "handshakes");
	page_put(p, "resumed %llu, failed %llu", (unsigned long long)resumed,
	    (unsigned long long)failed);
	end_tile(p);
}

static void put_cache_tile(struct page *p, const struct stats *s)
{
	uint64_t hits = s->file_cache[1], misses = s->file_cache[0];
	begin_tile(p, "Hot files", "cache");
	if (hits + misses > 0)
		page_put(p, "%u %%", (unsigned)(100 * hits / (hits + misses)));
	else
		page_append(p, SLICE("–"));
	more_tile(p, "cache");
	page_put(p, "%llu found, %llu read", (unsigned long long)hits, (unsigned long long)misses);
	if (s->cache[0] + s->cache[1] > 0)
		page_put(p, "; answers: %llu found, %llu asked for",
		    (unsigned long long)s->cache[1], (unsigned long long)s->cache[0]);
	end_tile(p);
}

static void put_tiles(struct page *p, const struct status_view *v)
{
	const struct stats *s = &v->stats;
	page_append(p, SLICE("<main>\n<div class=\"tiles\">\n"));
	begin_tile(p, "Requests", "requests");
	put_number(p, v->all.answered);
	more_tile(p, "requests");
	page_append(p, SLICE("since the start"));
	end_tile(p);
	put_latency_tile(p, v);
	begin_tile(p, "Connections", "connections");
	put_number(p, s->connections);
	more_tile(p, "connections");
	page_put(
	    p, "%u active, %u idle, of %lld", s->active, s->idle, (long long)v->connections_max);
	end_tile(p);
	begin_tile(p, "Traffic", "traffic");
	put_size(p, s->bytes_out);
	more_tile(p, "traffic");
	put_size(p, s->bytes_in);
	page_append(p, SLICE(" received"));
	end_tile(p);
	put_error_tile(p, v);
	begin_tile(p, "Worker restarts", "restarts");
	put_number(p, s->restarts);
	more_tile(p, "restarts");
	page_put(p, "reloads %llu, refused %llu, upgrades %llu", (unsigned long long)s->reloads[1],
	    (unsigned long long)s->reloads[0], (unsigned long long)s->upgrades[1]);
	end_tile(p);
	put_handshake_tile(p, s);
	put_cache_tile(p, s);
	page_append(p, SLICE("</div>\n"));
}

static void put_charts(struct page *p)
{
	static const char *const charts[][2] = { { "chart-requests", "Requests a second" },
		{ "chart-latency", "Latency" }, { "chart-connections", "Connections" } };
	page_append(p, SLICE("<div class=\"charts\" id=\"charts\" hidden>\n"));
	for (size_t i = 0; i < sizeof(charts) / sizeof(*charts); i++)
		page_put(p,
		    "<figure><figcaption><h2>%s</h2><ul class=\"legend\" id=\"%s-legend\"></ul>"
		    "</figcaption><svg id=\"%s\" role=\"img\" aria-label=\"%s\"></svg></figure>\n",
		    charts[i][1], charts[i][0], charts[i][0], charts[i][1]);
	page_append(p, SLICE("</div>\n"));
}

/* --- tables --- */

/* Columns' titles: one that begins with "-" stays away from a telephone, one with "=" is of text.
 */
static void begin_table(
    struct page *p, const char *title, const char *id, const char *const *columns)
{
	page_put(p,
	    "<section aria-labelledby=\"h-%s\"><h2 id=\"h-%s\">%s</h2>\n"
	    "<div class=\"table %s\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-%s\">"
	    "<table>\n<thead><tr>",
	    id, id, title, id, id);
	for (; *columns; columns++) {
		bool minor = **columns == '-', text = **columns == '=';
		const char *class = minor ? " class=\"minor\"" : text ? " class=\"text\"" : "";
		page_put(p, "<th scope=\"col\"%s>%s</th>", class, *columns + (minor || text));
	}
	page_put(p, "</tr></thead>\n<tbody id=\"%s\">\n", id);
}

static void end_table(struct page *p)
{
	page_append(p, SLICE("</tbody>\n</table></div></section>\n"));
}

static void put_cell(struct page *p, bool minor, uint64_t n)
{
	page_put(p, "<td%s>%llu</td>", minor ? " class=\"minor\"" : "", (unsigned long long)n);
}

static void put_worker(struct page *p, const struct stats_worker *w, uint64_t now_ms)
{
	const char *colour = w->state == SCORE_READY ? "good" : "warn";
	page_append(p, SLICE("<tr>"));
	put_cell(p, false, w->number);
	put_cell(p, true, (uint64_t)w->pid);
	put_cell(p, true, w->generation);
	page_put(p, "<td><span class=\"state %s\">%s</span></td><td class=\"minor\">", colour,
	    status_worker_state(w->state));
	put_age(p, w->started_ms, now_ms);
	page_append(p, SLICE("</td>"));
	put_cell(p, false, w->connections);
	put_cell(p, true, w->in_hand);
	put_cell(p, true, w->requests);
	page_append(p, SLICE("<td>–</td></tr>\n"));
}

static void put_workers(struct page *p, const struct status_view *v)
{
	static const char *const columns[] = { "Worker", "-Pid", "-Generation", "State", "-Up",
		"Connections", "-In flight", "-Requests", "A second", NULL };
	begin_table(p, "Workers", "workers", columns);
	for (unsigned i = 0; i < v->stats.worker_count; i++)
		put_worker(p, &v->stats.workers[i], v->stats.now_ms);
	end_table(p);
}

static void put_site(struct page *p, const struct stats_site *site)
{
	page_append(p, SLICE("<tr><td class=\"long\">"));
	html(p, site->name);
	page_append(p, SLICE("</td><td>–</td>"));
	put_cell(p, true, site->answered);
	for (unsigned c = 2; c < SCORE_STATUS_CLASSES; c++) {
		uint64_t n = 0;
		for (unsigned k = 0; k < SCORE_PROTOCOLS; k++)
			n += site->requests[k][c];
		put_cell(p, c < 4, n);
	}
	page_append(p, SLICE("<td class=\"minor\">"));
	put_duration(p, stats_quantile(site->durations, 0.5));
	page_append(p, SLICE("</td><td>"));
	put_duration(p, stats_quantile(site->durations, 0.99));
	page_append(p, SLICE("</td><td class=\"minor\">"));
	put_size(p, site->content_out);
	page_append(p, SLICE("</td></tr>\n"));
}

static void put_sites(struct page *p, const struct status_view *v)
{
	static const char *const columns[] = { "Site", "A second", "-Requests", "-2xx", "-3xx",
		"4xx", "5xx", "-p50", "p99", "-Sent", NULL };
	begin_table(p, "Sites", "sites", columns);
	for (unsigned i = 0; i < v->stats.site_count; i++)
		if (i > 0 || v->stats.sites[0].answered > 0)
			put_site(p, &v->stats.sites[i]);
	end_table(p);
}

static void put_certificates(struct page *p, const struct status_view *v)
{
	static const char *const columns[] = { "Certificate", "-Ends", "Left", NULL };
	int64_t now_s = (int64_t)(v->stats.now_ms / 1000);
	if (v->certificate_count == 0)
		return;
	begin_table(p, "Certificates", "certificates", columns);
	for (size_t i = 0; i < v->certificate_count; i++) {
		const struct status_certificate *c = &v->certificates[i];
		char date[DATE_HTTP_LEN];
		date_format_iso((time_t)c->ends_s, 0, date);
		page_append(p, SLICE("<tr><td class=\"long\">"));
		html(p, c->name);
		page_put(p, "</td><td class=\"minor\">%.10s</td><td>%lld days</td></tr>\n", date,
		    (long long)((c->ends_s - now_s) / 86400));
	}
	end_table(p);
}

static void put_events(struct page *p, const struct status_view *v)
{
	static const char *const columns[] = { "Time", "=Level", "=What", NULL };
	static const char *const colours[] = { "bad", "warn", "more" };
	begin_table(p, "Recent events", "events", columns);
	for (size_t i = 0; i < v->event_count; i++) {
		const struct event *e = &v->events[i];
		char date[DATE_HTTP_LEN];
		date_format_iso((time_t)(e->time_ms / 1000), (unsigned)(e->time_ms % 1000), date);
		page_put(p, "<tr><td>%.19sZ</td><td><span class=\"state %s\">%s</span></td>", date,
		    colours[e->level], log_level_name(e->level));
		page_append(p, SLICE("<td class=\"long\">"));
		html(p, slice_of(e->text, e->len));
		page_append(p, SLICE("</td></tr>\n"));
	}
	end_table(p);
}

void status_write_html(struct page *p, const struct status_view *v)
{
	put_head(p, v);
	put_facts(p, v);
	put_tiles(p, v);
	put_charts(p);
	page_append(p, SLICE("<noscript><p class=\"note\">Without a script the numbers are totals "
			     "since the start, and the page loads anew every five seconds."
			     "</p></noscript>\n"));
	put_workers(p, v);
	put_sites(p, v);
	put_certificates(p, v);
	put_events(p, v);
	page_append(p, SLICE("</main>\n<script nonce=\""));
	html(p, v->nonce);
	page_append(p, SLICE("\">\n"));
	page_append(p, slice_str(status_script));
	page_append(p, SLICE("</script>\n</body>\n</html>\n"));
}
