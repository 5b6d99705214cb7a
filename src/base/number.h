/*
 * number.h - numbers, durations and sizes in text. Strict: the whole slice must be the number.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

/* 1*DIGIT; ERR_SYNTAX for anything else (a sign, an empty slice), ERR_RANGE over max. */
MUST_CHECK int number_parse(struct slice s, uint64_t max, uint64_t *value_out);
MUST_CHECK int number_parse_hex(struct slice s, uint64_t max, uint64_t *value_out);

/* "250ms" "30s" "5m" "12h" "1d"; a bare number is seconds. Fractions are refused. */
MUST_CHECK int duration_parse(struct slice s, int64_t *ms_out);
/* "16k" "10M" "1G" in powers of 1024, either case; a bare number is bytes. */
MUST_CHECK int size_parse(struct slice s, int64_t *bytes_out);

/* The shortest text that parses to the same (a duration with its unit: "30s"); at least 24 bytes
 * of room. */
void duration_format(int64_t ms, char *text_out, size_t room);
void size_format(int64_t bytes, char *text_out, size_t room);

/* Decimal digits without a NUL; returns their number. text_out has room for 20. */
size_t number_format(uint64_t value, char *text_out);

#endif
