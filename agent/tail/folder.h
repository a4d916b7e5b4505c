/* One directory that holds logs: what lies in it is turned into sources and generations by folder_scan. A pod folder holds the
 * logs of one container, named by the kubelet; a plain folder holds whatever matches the patterns that want it. A log that several want,
 * under different labels, is a source for each of them: each reads at its own pace. */
#ifndef AGENT_TAIL_FOLDER_H
#define AGENT_TAIL_FOLDER_H

#include "agent/tail/source.h"
#include "agent/tail/want.h"
#include "config/config.h"

struct tail;

enum pod_gate { POD_GATE_OPEN, POD_GATE_WAITING, POD_GATE_SHUT }; /* agent/tail/pod_gate.h */

struct folder {
	struct folder *next;
	struct tail *tail;
	char *path;             /* absolute */
	int root_fd;            /* lent (pods root) or owned (plain folder: the folder itself) */
	char *relative;         /* below root_fd; "" for the folder itself */
	bool owns_root_fd, is_pod, needs_scan, is_gone, is_polled, was_seen;
	int watch;              /* number, or <= 0 */
	struct folder *hot_next; /* pace.c: folders that are read by the clock */
	bool is_hot;
	int quiet_ticks;
	uint64_t bytes_read, bytes_seen; /* by the reader, all lanes; at the last tick */
	struct str namespace_, pod, uid, container; /* of a pod folder; views into path */
	bool has_pod_news;                     /* its pod's object is another one now */
	enum pod_gate gate;
	int64_t gate_since_ns;                 /* monotonic, when the folder was first seen */
	char shut_by[96];                      /* the annotation */
	bool has_gate_news, is_gate_held, were_wishes_bad;
	struct want *wants;
	struct source *sources;
};

struct folder *folder_new(struct tail *tail, const char *path);
void folder_free(struct folder *f);
/* A copy of a target's want, or of one that a link leads from; false: the same is there already. */
bool folder_want(struct folder *f, const struct want *like, const struct want *origin);
/* Looks at every name in the folder: new generations are opened, known ones followed through renames, vanished ones noted.
 * 0 or -errno (-ENOENT: the folder itself is gone; everything in it is noted as vanished). */
int folder_scan(struct folder *f, int64_t now_ns);
/* Opens g by its name when it is closed; checks that it is still the same file. 0, -ESTALE, or -errno. is_next: it is to be read now (see
 * tail_lru_add). */
int folder_open(struct generation *g, bool is_next);
/* Descriptor of a name in the folder, or -errno. */
int folder_open_name(const struct folder *f, const char *name);
/* First uncompressed bytes of an open .gz or .bz2; empty when it is none. */
struct str folder_gz_head(int fd, bool is_bz2, char head[IDENTITY_HEAD_BYTES]);
/* The labels of s are known now: it is described and read. */
void source_resolve(struct tail *tail, struct source *s);
/* Another source that reads the same log, for which has(other) is true; NULL: none. */
struct source *source_beside(const struct source *s, bool (*has)(const struct source *other));
/* It goes away: another one counts the log's lines from here on. */
void source_leave(struct source *s);
/* Sources without generations are freed. true when the folder itself can go: gone and empty. */
bool folder_sweep(struct folder *f);

#endif
