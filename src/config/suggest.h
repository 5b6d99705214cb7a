/*
 * suggest.h - the known name that is nearest to a misspelt one.
 */
#ifndef CONFIG_SUGGEST_H
#define CONFIG_SUGGEST_H

struct suggestion {
	const char *wrong;
	const char *name; /* the best so far, borrowed; NULL when none is near enough */
	unsigned distance;
	unsigned most; /* at which a name is still near */
};

void suggest_start(struct suggestion *s, const char *wrong);
void suggest_try(struct suggestion *s, const char *known); /* among equals the first stays */

/* Insertions, deletions, substitutions and swaps of neighbours between the two, in ASCII without
 * regard to case; names over 64 bytes are far from everything. */
unsigned suggest_distance(const char *a, const char *b);

#endif
