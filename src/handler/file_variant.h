/*
 * file_variant.h - a file in a content coding: from a sibling that was compressed beforehand
 * (page.html.br), or from bytes that were compressed here.
 *
 * Variants hang on the entry of the file as it is, count as its bytes in the cache, and go with it.
 * Only the loop's thread touches them.
 */
#ifndef HANDLER_FILE_VARIANT_H
#define HANDLER_FILE_VARIANT_H

#include "handler/file_entry.h"

struct encoding;

/* Reference-counted: its place among the variants holds one, each response one. */
struct file_variant {
	struct owner owner;
	struct file_entry *sibling; /* a reference: whose bytes are sent; NULL: those of body */
	struct slice body;
	struct file_head head;
	bool quick; /* a smaller one is to take its place */
};

struct file_variants {
	struct {
		struct file_variant *sibling;
		struct file_variant *made;
		uint64_t looked_ms;        /* when the sibling was last looked for; 0: never */
		struct encoding *encoding; /* being made for the first time */
	} of[CODING_COUNT];
	bool worthless; /* compressed it is not smaller */
};

/* The entry's; made at the first call. */
struct file_variants *file_variants_of(struct file_entry *e);
void file_variants_free(struct file_variants **v);

/* The sibling's entry (NULL: there is none) takes the place of what was known. The variant it
 * belongs to already stays as it is. */
void file_variant_set_sibling(struct file_entry *e, enum coding c, struct file_entry *sibling);

/* Takes the bytes, from mem_alloc. */
struct file_variant *file_variant_set_made(struct file_entry *e, enum coding c, struct slice bytes);

#endif
