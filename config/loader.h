/* What the parts of the loader share: the configuration that is being filled, and where in the file each field came from. */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "config/options/options.h"
#include "config/tree.h"
#include "parsers/bytes/map.h"

struct place { /* a key and its value in the file */
	struct str section, key;    /* as messages show them: "logs.clients[0]", "batchsize" */
	uint64_t line, column;      /* of the key */
	const struct node *node;    /* the value */
	const struct option *option;
	const void *field;          /* what it fills */
};
struct task { /* a mapping that is still to be read */
	struct str section;         /* of the table: "logs.clients[]" */
	struct str shown;           /* of the file: "logs.clients[0]" */
	const struct node *node;
	char *base;                 /* struct config or the list element */
	struct task *next;
};
struct loader {
	struct config *config;
	struct config_problems *problems;
	enum option_file file;
	struct arena arena;         /* tree, places, tasks: gone after loading */
	struct map fields, elements; /* address of a field or of a list element -> struct place */
	struct task *first, *last;
	struct str bare;            /* "logs": Promtail's own file, the keys of `logs` stand at the top; "metrics": Prometheus'; or "" */
};

/* load.c. Values of the rows that are in the scope, a list's path or "", but not in a list inside it. */
void loader_set_defaults(struct loader *r, struct str scope, char *base);
void loader_walk(struct loader *r, const struct node *root, char *base); /* root: a map or null */
void loader_fini(struct loader *r);

/* Adds a problem at the value of the place, or at its key. */
void loader_error(struct loader *r, const struct place *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void loader_warning(struct loader *r, const struct place *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void loader_key_error(struct loader *r, const struct place *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "expected WHAT, found ...", without showing a secret. */
void loader_expected(struct loader *r, const struct place *at, const char *what);

/* Where a field or a list element was given; NULL when the file does not have it. */
const struct place *loader_field(const struct loader *r, const void *field);
const struct place *loader_element(const struct loader *r, const void *element);

/* shape.c: the keys at the top (of `global`) that tell whose file it is; each row ends with NULL. */
enum shape_row { SHAPE_PROMTAIL, SHAPE_PROMETHEUS, SHAPE_PROMETHEUS_GLOBAL, SHAPE_ROWS };
extern const char *const *const shape_keys[SHAPE_ROWS];
/* Keys that must be said in a native file so that it means what the other one means without them. */
struct shape_default { const char *bare, *section, *key, *value, *unless; /* another key of the section, or NULL: then it does not hold */ };
const struct shape_default *shape_default_at(size_t i); /* NULL behind the last */
/* "logs", "metrics": a bare file whose keys belong there; "": another file. */
const char *shape_section(const struct node *root);
/* Whose file is it? Sets `bare` and what else follows from that. False: no file of ours, told in one error. */
bool shape_know(struct loader *r, const struct node *root, const char *bare);
/* What config_load does with a tree; problems have no source lines yet. root may be NULL, after an error. bare: as in struct loader; NULL:
 * the keys tell. */
struct config *config_load_tree(const struct node *root, const char *bare, struct str name, struct config_problems *problems);
/* values.c: text into the field of a row. false: the reason, "expected ...", is in why. */
bool value_read(const struct option *o, struct str text, char *field, struct arena *arena, struct buf *why);
bool value_is_scalar(enum option_kind kind);
/* collections.c: mappings and lists that are one value. */
void collection_read(struct loader *r, const struct place *at, char *field);
bool collection_is(enum option_kind kind);
/* check.c: what no single row can say. Also finishes: moves user-info, names destinations, adds the built-in jobs. */
void check_config(struct loader *r);

#endif
