/*
 * siphash.h - SipHash-2-4: a hash for tables whose keys a peer chooses. Without the secret nobody
 * can make keys that meet.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/slice.h"

#include <stdint.h>

uint64_t siphash(const uint64_t secret[2], struct slice bytes);

#endif
