/*
 * stats_text.c - what --status says of requests: one fact a line, `name: value`, a line for each
 * site. The last function of stats.h.
 */
#include "app/stats.h"

#include "app/page.h"
#include "base/human.h"
#include "base/log.h"

static void put_classes(struct page *p, const struct stats_site *site)
{
	for (unsigned c = 2; c < SCORE_STATUS_CLASSES; c++) {
		uint64_t n = 0;
		for (unsigned k = 0; k < SCORE_PROTOCOLS; k++)
			n += site->requests[k][c];
		page_put(p, ", %uxx %llu", c, (unsigned long long)n);
	}
}

static void put_latency(struct page *p, const struct stats_site *site)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		uint64_t us = stats_quantile(site->durations, parts[i].part);
		page_put(p, "%s%s %u.%02ums", i ? ", " : "", parts[i].name, (unsigned)(us / 1000),
		    (unsigned)(us % 1000 / 10));
	}
}

static void put_site(struct page *p, const struct stats_site *site)
{
	char size[HUMAN_TEXT];
	human_size(site->content_out, size);
	page_put(p, "site: ");
	page_escape(p, site->name, ESCAPE_LOG);
	page_put(p, ", requests %llu", (unsigned long long)site->answered);
	put_classes(p, site);
	page_put(p, ", ");
	put_latency(p, site);
	page_put(p, ", sent %s\n", size);
}

static void put_sums(struct page *p, const struct stats *s)
{
	struct stats_site all;
	char sent[HUMAN_TEXT], received[HUMAN_TEXT];
	stats_total(s, &all);
	human_size(s->bytes_out, sent);
	human_size(s->bytes_in, received);
	page_put(p, "requests: %llu", (unsigned long long)all.answered);
	put_classes(p, &all);
	page_put(p, "\nlatency: ");
	put_latency(p, &all);
	page_put(p, "\ntraffic: sent %s, received %s\n", sent, received);
	page_put(p, "open: active %u, idle %u, in handshake %u, closing %u\n", s->active, s->idle,
	    s->handshakes, s->closing);
	page_put(p, "turned away: connections %llu, requests over a rate %llu\n",
	    (unsigned long long)s->refused, (unsigned long long)s->rate_limited);
	page_put(p, "tls: full %llu, resumed %llu, failed %llu\n",
	    (unsigned long long)(s->tls_handshakes[0][0] + s->tls_handshakes[1][0]),
	    (unsigned long long)(s->tls_handshakes[0][1] + s->tls_handshakes[1][1]),
	    (unsigned long long)(s->tls_failures[0] + s->tls_failures[1] + s->tls_failures[2]));
	page_put(p, "hot files: found %llu, read %llu\n", (unsigned long long)s->file_cache[1],
	    (unsigned long long)s->file_cache[0]);
	page_put(p, "cache: found %llu, not found %llu\n", (unsigned long long)s->cache[1],
	    (unsigned long long)s->cache[0]);
}

void stats_write(struct buf *out)
{
	enum { TEXT_MAX = 128 << 10 }; /* 127 sites with names of 254 bytes */
	struct page text;
	struct arena a;
	struct stats s;
	page_init(&text, TEXT_MAX);
	arena_init(&a);
	stats_take(&s, &a);
	put_sums(&text, &s);
	for (unsigned i = 0; i < s.site_count; i++)
		if (i > 0 || s.sites[0].answered > 0)
			put_site(&text, &s.sites[i]);
	arena_fini(&a);
	if (buf_append(out, buf_peek(&text.text)) < 0)
		log_debug("the status is too long to be told");
	buf_fini(&text.text);
}
