/*
 * https.h - from plain HTTP to HTTPS: for who asks on the wrong port, and for sites that want it.
 */
#ifndef APP_HTTPS_H
#define APP_HTTPS_H

#include "config/snapshot.h"
#include "http/request.h"

struct https_settings { /* of a site */
	bool redirect_https;
};

extern const struct key_group https_group;

static inline bool https_wanted(const struct config_scope *site)
{
	const struct https_settings *s = config_settings(site, &https_group);
	return s->redirect_https;
}

/* The port of the first listen entry that speaks TLS; 0: there is none. */
unsigned https_port(const struct snapshot *s);

/* The same address under https, and the status that a redirect to it has; NULL without a host. In
 * the request's arena. */
const char *https_location(struct request *r, unsigned port, int *status_out);
/* Answers with the same address under https: on the same port for a request gone astray.
 * ERR_NOTFOUND, and nothing is answered, without a host. */
MUST_CHECK int https_redirect(struct request *r, unsigned port);
/* Answers 400, and says where to look. */
void https_explain(struct request *r, unsigned port);

#endif
