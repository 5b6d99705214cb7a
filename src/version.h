/*
 * version.h - what this binary is: version, features built in, libraries.
 */
#ifndef VERSION_H
#define VERSION_H

#include <stdio.h>

void version_print(FILE *to);

#endif
