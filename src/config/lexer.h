/*
 * lexer.h - the words of a configuration file. Private to config/.
 */
#ifndef CONFIG_LEXER_H
#define CONFIG_LEXER_H

#include "base/slice.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,   /* also a word that is no value, such as yes */
	TOKEN_STRING, /* one pair of quotes */
	TOKEN_BOOL,
	TOKEN_INT,  /* fits 32 bits, or has an L behind it */
	TOKEN_LONG, /* needs the L, but has none */
	TOKEN_FLOAT,
	TOKEN_MARK,  /* one of = : ; , { } ( ) [ ] */
	TOKEN_OTHER, /* belongs to nothing: 30s, /srv, @ */
};

struct token {
	enum token_kind kind;
	char mark;         /* of TOKEN_MARK; else 0 */
	struct slice text; /* of the source */
	unsigned line;     /* where it begins, from 1 */
	unsigned last;     /* where it ends: strings can have line ends in them */
};

struct lexer {
	struct slice rest;
	unsigned line;
};

/* The next word, behind space and comments. An unfinished string is TOKEN_OTHER to the end of the
 * text. */
struct token lexer_next(struct lexer *l);

#endif
