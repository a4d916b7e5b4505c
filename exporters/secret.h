/* A secret that is given in the configuration or kept in a file that changes (rotated tokens, mounted Kubernetes secrets). */
#ifndef EXPORTERS_SECRET_H
#define EXPORTERS_SECRET_H

#include "parsers/bytes/buf.h"

/* The file door as destination_options lends it: 0 or -errno, the content appended to out. */
struct secret_door {
	int64_t (*read_file)(void *ctx, struct str path, struct buf *out);
	void *ctx;
};

struct secret {
	struct str path;   /* empty: the literal is all there is */
	struct buf value;  /* use buf_view; the last good one */
};

void secret_init(struct secret *s, struct str literal, struct str path);
void secret_fini(struct secret *s); /* the value is overwritten before its memory is given back */
static inline bool secret_is_set(const struct secret *s)
{
	return s->value.n > 0;
}
/* Reads the file again. 1 = another value, 0 = the same (or no file), -1 = unusable: the old value stays, err says why
 * (the file's name, never its content). Blanks and line ends behind the value are cut off; control bytes inside, an empty
 * file and more than 64 KiB are refused. */
int secret_read(struct secret *s, const struct secret_door *door, char err[256]);

#endif
