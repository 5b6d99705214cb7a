/*
 * transport_tls.h - bytes over TLS 1.2 or 1.3.
 */
#ifndef TLS_TRANSPORT_TLS_H
#define TLS_TRANSPORT_TLS_H

#include "net/transport.h"

extern const struct transport transport_tls;

#endif
