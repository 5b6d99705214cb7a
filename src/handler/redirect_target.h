/*
 * redirect_target.h - where a redirect leads: a URL with ${variables}, safe whatever they hold.
 */
#ifndef HANDLER_REDIRECT_TARGET_H
#define HANDLER_REDIRECT_TARGET_H

#include "app/template.h"

struct redirect_target;

/* `params` as in template.h. ERR_SYNTAX with a static text that says what is wrong. */
MUST_CHECK int redirect_target_compile(struct slice text, const char *const *params,
    struct arena *a, const struct redirect_target **out, const char **reason_out);

/*
 * The URL for this request, in its arena. The host is never one that a client has chosen: without a
 * host in the text the URL stays at this site; with a variable in it, the value can be nothing but
 * labels. ERR_SYNTAX if there is no such host, ERR_FULL for a URL that is too long to send.
 */
MUST_CHECK int redirect_target_expand(
    const struct redirect_target *t, struct request *r, struct slice *url_out);
/* As template_is_personal. */
bool redirect_target_is_personal(const struct redirect_target *t);

#endif
