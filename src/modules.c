/*
 * modules.c - the lists that modules.h promises. A new feature is one line here.
 */
#include "modules.h"

#include "app/auth.h"
#include "app/compress.h"
#include "app/guard.h"
#include "app/https.h"
#include "config/core.h"
#include "handler/files.h"
#include "handler/health.h"
#include "handler/metrics.h"
#include "handler/redirect.h"
#include "handler/respond.h"
#include "handler/status.h"
#include "http1/http1.h"
#include "http2/http2.h"
#include "middleware/access.h"
#include "middleware/access_log.h"
#include "middleware/auth.h"
#include "middleware/cache.h"
#include "middleware/cache_keys.h"
#include "middleware/compress.h"
#include "middleware/cors.h"
#include "middleware/errors.h"
#include "middleware/headers.h"
#include "middleware/https.h"
#include "middleware/rate_limit.h"
#include "middleware/request_id.h"
#include "middleware/slow_log.h"
#include "tls/settings.h"
#include "web.h"

/* In the order in which ALPN prefers them. */
static const struct protocol *const protocols[] = { &http2_protocol, &http1_protocol, NULL };

static const struct handler *const handlers[] = {
	&files_handler,
	&redirect_handler,
	&respond_handler,
	&health_handler,
	&metrics_handler,
	&status_handler,
	NULL,
};

/* In the order in which a request meets them, and the reverse of that in which they change its
 * answer: so `errors`, which does no more than that, puts its page in place before anything else
 * sees it. */
static const struct middleware *const middleware[] = {
	&request_id_middleware,
	&access_log_middleware,
	&slow_log_middleware,
	&https_middleware,
	&access_middleware,
	&rate_limit_middleware,
	&cors_middleware, /* before whoever asks for credentials: a preflight has none */
	&auth_middleware,
	&rate_limit_user_middleware,
	&headers_middleware,
	&compress_middleware,
	&cache_middleware,
	&errors_middleware,
	NULL,
};

static const struct key_group *const groups[] = {
	&core_group,
	&listen_group,
	&log_group,
	&limits_group,
	&timeouts_group,
	&site_group,
	&https_group,
	&tls_group,
	&route_group,
	&files_group,
	&file_cache_group,
	&health_group,
	&redirect_group,
	&respond_group,
	&request_id_group,
	&errors_group,
	&access_group,
	&cors_group,
	&headers_group,
	&rate_limit_group,
	&auth_group,
	&compress_group,
	&cache_group,
	&cache_store_group,
	NULL,
};

const struct modules modules = {
	.protocols = protocols,
	.handlers = handlers,
	.middleware = middleware,
	.groups = groups,
};

const struct worker_group *const worker_groups[] = { &web_group, NULL };
