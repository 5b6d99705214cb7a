/*
 * file_head.h - the fields that go out with a file, ready-made: with all of it, with a part, and
 * with word that it has not changed.
 */
#ifndef HANDLER_FILE_HEAD_H
#define HANDLER_FILE_HEAD_H

#include "handler/file_find.h"
#include "http/coding.h"
#include "http/conditions.h"
#include "http/response.h"

enum { HEAD_FIELDS = 8 };

/* Stays where it was made: it points into itself. */
struct file_head {
	struct field_block full; /* all fields of a 200 */
	struct field_block base; /* without those of the content: of a 304, of a multipart 206 */
	struct validators validators;
	struct field list[HEAD_FIELDS];
};

struct file_facts {
	const struct file_stamp *stamp; /* of the file whose bytes are sent */
	struct slice type;
	struct slice cache_control; /* empty: no field */
	enum coding coding;
	bool varies; /* who asks with another Accept-Encoding may get other bytes */
	bool packed; /* the file itself is in gzip, for everybody */
};

void file_head_make(struct file_head *h, const struct file_facts *facts);
void file_head_fini(struct file_head *h);

#endif
