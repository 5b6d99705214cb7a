/*
 * harness_app.h - the application of harness.h, and what a test can tell it.
 */
#ifndef TESTS_HTTP1_HARNESS_APP_H
#define TESTS_HTTP1_HARNESS_APP_H

#include "http/app.h"

extern const struct app harness_app;

void harness_answer(const char *text); /* the request that is held */
void harness_wake(void);               /* its source has bytes now */
void harness_read_on(void);            /* its sink takes five more */

#endif
