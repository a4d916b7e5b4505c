/* Reading /proc and /sys: whole files, small, often. Descriptors of files that are read at every scrape stay open (pread from 0 makes the
 * kernel write them anew), which saves half of the cost; a descriptor that turns bad is opened again once. */
#ifndef AGENT_COLLECTORS_FILES_H
#define AGENT_COLLECTORS_FILES_H

#include "parsers/bytes/buf.h"

enum { FILES_KEPT_MAX = 256, FILES_READ_MAX = 4 << 20 };

struct files; /* used by one thread at a time */
struct files *files_new(void);
void files_free(struct files *f);
/* From now on paths that begin with /net/ are read below /1/net/: the network of process 1 instead of our own. */
void files_take_net_of_init(struct files *f);
/* "/net", or "/1/net". */
const char *files_net(const struct files *f);
/* The content of root + path ("/loadavg"), without what lies beyond FILES_READ_MAX; a view until the next call with the same `files`.
 * 0 or -errno. keep: hold on to the descriptor. */
int files_read(struct files *f, const char *root, const char *path, bool keep, struct str *out);
/* The same for printf-style paths: small sysfs attributes; the trailing newline and blanks are cut off. Not kept open. */
int files_attribute(struct files *f, struct str *out, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* directory/file likewise, without white space around it; empty when it cannot be read. */
struct str files_text(struct files *f, const char *directory, const char *file);
/* An attribute that is one number (decimal, or hex with 0x). */
int files_number(struct files *f, double *out, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Names in a directory, sorted, "." and ".." left out; fn returns false to stop. 0 or -errno. */
int files_list(const char *root, const char *path, bool (*fn)(void *ctx, const char *name), void *ctx);
/* The target of a link, NUL-terminated; length or -errno. */
int files_link(char *to, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
