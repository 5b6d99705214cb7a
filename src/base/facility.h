/*
 * facility.h - the facilities of syslog by name: "syslog:local1" in the configuration.
 */
#ifndef BASE_FACILITY_H
#define BASE_FACILITY_H

extern const char *const facility_names[]; /* NULL-terminated */

/* LOG_LOCAL1 for "local1"; ERR_NOTFOUND for a name that is none. */
int facility_find(const char *name);
/* The same for a log's destination, "syslog:local1"; ERR_SYNTAX for one that is not syslog. */
int facility_of(const char *destination);

#endif
