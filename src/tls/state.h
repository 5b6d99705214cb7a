/*
 * state.h - where this server keeps what it made or fetched itself: certificates for development,
 * OCSP responses.
 */
#ifndef TLS_STATE_H
#define TLS_STATE_H

#include "tls/settings.h"

#include "base/error.h"

#include <limits.h>

/*
 * $STATE_DIRECTORY when a service manager gives one, LOCALSTATEDIR/lib/httpd for root, else
 * $XDG_STATE_HOME/httpd or ~/.local/state/httpd. Made if need be; ERR_IO with errno. The path
 * leaves room for a name of NAME_MAX in PATH_MAX.
 */
MUST_CHECK int tls_state_directory(char out[PATH_MAX]);

/* The file with the OCSP response of the i-th certificate: the one that the settings name, or ours
 * if it is fetched; that one's path stands in `room`. */
const char *tls_staple_file(const struct tls_settings *s, size_t i, char room[PATH_MAX]);

#endif
