/*
 * title.h - what ps(1) shows for this process.
 *
 * The kernel shows the memory where the arguments and the environment were at the start, so a title
 * is written there.
 */
#ifndef PROCESS_TITLE_H
#define PROCESS_TITLE_H

/*
 * To be called first in main, before anybody keeps a pointer into argv or environ: replaces each of
 * their strings by a copy, so that the memory is free for titles. Without this call title_set does
 * nothing.
 */
void title_init(char **argv);

/* "httpd: worker 3"; cut to the room there is. */
void title_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
