/* One directory that holds logs: what lies in it is turned into sources and generations by folder_scan. A pod folder holds the
 * logs of one container, named by the kubelet; a plain folder holds whatever matches the patterns that want it. */
#ifndef AGENT_TAIL_FOLDER_H
#define AGENT_TAIL_FOLDER_H

#include "agent/tail/source.h"
#include "config/config.h"

struct tail;

/* Why a file of a plain folder is read: a pattern, or one name that a link led to. */
struct want {
	struct want *next;
	struct str glob, exclude;             /* of the whole path; views into the configuration */
	char *base;                           /* or exactly this name */
	char *shown_path;                     /* the path that the link was found under, NULL: the file's own */
	const struct config_scrape *job;
	const struct config_static *labels;   /* NULL: a pod's file */
	char *namespace_, *pod, *container;   /* of a pod's file behind a link, else NULL */
};

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
	struct str namespace_, pod, container; /* of a pod folder; views into path */
	const struct config_scrape *job;       /* of a pod folder */
	struct want *wants;
	struct source *sources;
};

struct folder *folder_new(struct tail *tail, const char *path);
void folder_free(struct folder *f);
void folder_want(struct folder *f, const struct want *want); /* copied, unless the same is there already */
/* Looks at every name in the folder: new generations are opened, known ones followed through renames, vanished ones noted.
 * 0 or -errno (-ENOENT: the folder itself is gone; everything in it is noted as vanished). */
int folder_scan(struct folder *f, int64_t now_ns);
/* Opens g by its name when it is closed; checks that it is still the same file. 0, -ESTALE, or -errno. */
int folder_open(struct generation *g);
/* Descriptor of a name in the folder, or -errno. */
int folder_open_name(const struct folder *f, const char *name);
/* First uncompressed bytes of an open .gz; empty when it is none. */
struct str folder_gz_head(int fd, char head[IDENTITY_HEAD_BYTES]);
/* Sources without generations are freed. true when the folder itself can go: gone and empty. */
bool folder_sweep(struct folder *f);

#endif
