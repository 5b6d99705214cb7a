/*
 * suggest.c - nearest names by edit distance (Damerau-Levenshtein, each place edited once); where
 * none is near, one that begins or ends with the other.
 */
#include "config/suggest.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LEN = 64 }; /* longer ones are nobody's slip of the finger */

static unsigned lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A' + 'a') : (unsigned char)c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

unsigned suggest_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	/* Three rows of the table are enough: a swap looks two rows back. */
	unsigned table[3][NAME_MAX_LEN + 1];
	unsigned *older = table[0], *above = table[1], *row = table[2];
	if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN)
		return UINT_MAX;
	for (size_t j = 0; j <= nb; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned differs = lower(a[i - 1]) != lower(b[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && older[j - 2] + differs < row[j])
				row[j] = older[j - 2] + differs;
		}
		unsigned *spare = older;
		older = above;
		above = row;
		row = spare;
	}
	return above[nb];
}

/* "cert" for "certificate", "allow_credentials" for "credentials"; three letters are chance. */
static bool is_part(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	const char *part = na < nb ? a : b, *whole = na < nb ? b : a;
	size_t len = na < nb ? na : nb, more = na < nb ? nb - na : na - nb;
	return len > 3 &&
	       (strncasecmp(whole, part, len) == 0 || strcasecmp(whole + more, part) == 0);
}

void suggest_start(struct suggestion *s, const char *wrong)
{
	/* One slip in three letters is a likely slip (of four, two would be half of a word), more
	 * than three in all is another word. */
	size_t slips = (strlen(wrong) + 1) / 3;
	s->wrong = wrong;
	s->name = NULL;
	s->most = (unsigned)(slips < 3 ? slips : 3);
	s->distance = s->most + 1;
}

void suggest_try(struct suggestion *s, const char *known)
{
	unsigned distance = suggest_distance(s->wrong, known);
	if (distance > s->most && is_part(s->wrong, known))
		distance = s->most;
	/* A name of which every letter would have to change is no suggestion. */
	if (distance < s->distance && distance < strlen(known)) {
		s->distance = distance;
		s->name = known;
	}
}
