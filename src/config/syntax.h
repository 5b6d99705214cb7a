/*
 * syntax.h - what is wrong with the form of a configuration file, all of it. Private to config/.
 *
 * libconfig ends at the first error, and its words for it are "syntax error". So the text is gone
 * through here first; what is wrong and can be understood is mended in a copy, so that the rest is
 * read and checked as well.
 */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "config/source.h"

enum syntax {
	SYNTAX_SOUND,
	SYNTAX_MENDED, /* something is left out: what is missing may be no mistake of its own */
	SYNTAX_BROKEN, /* brackets do not match: nobody knows what belongs where */
};

/* Mistakes go to the source's report. `out` gets what libconfig is to read, with every word in its
 * line; it is initialised and given back by the caller. */
enum syntax syntax_check(const struct source *s, struct buf *out);

#endif
