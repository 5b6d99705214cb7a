/*
 * rundir.h - what is served, and the directory of the files of a running server. (Where the control
 * socket is, control_path in master.h tells; it is defined beside this.)
 */
#ifndef PROCESS_RUNDIR_H
#define PROCESS_RUNDIR_H

#include "config/snapshot.h"

/* What is served: the configuration's file, or without one the directory. */
const char *rundir_served(const struct snapshot *s);

/* Makes the directory that a file is to stand in, if only that one is missing; below RUNSTATEDIR
 * any. What fails shows when the file is made. */
void rundir_make(const char *file);

#endif
