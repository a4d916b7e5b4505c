/* Between a pipeline (stages_compile.c, stages.c) and each stage: what a stage is, how it reads its configuration, what it may do to an
 * entry. Only parsers/stages includes this. */
#ifndef PARSERS_STAGES_STAGE_H
#define PARSERS_STAGES_STAGE_H

#include "parsers/regex/regex.h"
#include "parsers/stages/stages.h"

enum {
	STAGES_MAX = 512,              /* of one pipeline, nested ones included */
	STAGES_DEPTH_MAX = 8,          /* of match inside of match */
	STAGE_OUTPUT_MAX = 1 << 20,    /* bytes of a line or a value that a stage makes */
	STAGE_SCRATCH_KEPT = 64 << 10, /* scratch memory above this is given back after the line */
	EXTRACTED_MAX = 1024
};

/* ---- compiling ---- */

struct stage_compile {
	struct stages_options options;
	const char *stage;               /* the one that is being compiled */
	const struct stage_node *at;     /* its name in the file */
	const struct stage_node *nested; /* set by a stage that has a pipeline inside: the list of its stages. They are run behind it when
	                                  * its run says STAGE_NEXT, and passed over when it says STAGE_SKIP */
	bool has_failed;
	uint64_t *regex_limits; /* where regular expressions count what they give up; outlives the stages */
	stage_problem_fn *problem;
	void *ctx;
};

/* Reports at a node (NULL: at the stage). "the stage json: …" stands in front. */
void stage_complain(struct stage_compile *c, const struct stage_node *at, const char *format, ...) __attribute__((format(printf, 3,
	4)));
/* The value of a key, NULL when it is absent or null. Keys are found in any case, as Promtail does it. */
const struct stage_node *stage_key(const struct stage_node *config, const char *key);
bool stage_node_is_null(const struct stage_node *n); /* null in one of YAML's spellings; NULL is one too */
/* Each takes the key's value if there is one. false: it is absent (*out stays), or of another kind, which is reported. */
bool stage_read_text(struct stage_compile *c, const struct stage_node *config, const char *key, struct str *out);
bool stage_read_bool(struct stage_compile *c, const struct stage_node *config, const char *key,
	bool *out);     /* as YAML 1.1 and Go */
bool stage_read_number(struct stage_compile *c, const struct stage_node *config, const char *key, double *out);
bool stage_read_i64(struct stage_compile *c, const struct stage_node *config, const char *key, int64_t *out);
bool stage_read_duration(struct stage_compile *c, const struct stage_node *config, const char *key, int64_t *out_ns);
/* A list of scalars, or one scalar with may_be_one: the node whose items (or itself) they are; each is checked to be a scalar. */
const struct stage_node *stage_read_list(struct stage_compile *c, const struct stage_node *config, const char *key,
	bool may_be_one);
/* A text that must be there and not empty. */
bool stage_need_text(struct stage_compile *c, const struct stage_node *config, const char *key, struct str *out);
/* `source`: absent is the line (p == NULL); an empty one is reported. */
bool stage_read_source(struct stage_compile *c, const struct stage_node *config, struct str *out);
/* A regular expression; NULL: reported. */
struct regex *stage_compile_regex(struct stage_compile *c, const struct stage_node *at, struct str pattern);
bool stage_parse_duration(struct str s, int64_t *out_ns); /* Go's time.ParseDuration */

/* ---- running ---- */

struct stages_walk; /* private to stages.c */
struct stage_turn { /* of one stage with one entry */
	int64_t now_ns;
	void **state; /* of this stage in this log; *state is NULL until the stage puts something there */
	struct stages_walk *walk;
	size_t at;
};
/* An entry goes on to the stage behind this one, at once: how a stage lets out what it kept, or more than one. */
void stage_forward(struct stage_turn *turn, struct entry *e);
/* The same for one that is dropped. */
void stage_forward_dropped(struct stage_turn *turn, struct entry *e, const char *reason);
/* What a metric did, "+1" or "=0.5", for those who look; nothing when nobody does. name outlives the entry. */
void stage_note(struct stage_turn *turn, struct entry *e, struct str name, const char *sign, double number);
/* For a run function to return: drops, with this reason (which must outlive the call). */
enum stage_verdict stage_drop(struct entry *e, const char *reason);

struct stage_type {
	const char *name;
	const char *const *keys; /* of its mapping, ends with NULL; NULL: any */
	/* NULL: a problem was reported. config may be NULL or a null node. Views of the configuration may be kept. */
	void *(*compile)(struct stage_compile *c, const struct stage_node *config);
	enum stage_verdict (*run)(void *stage, struct stage_turn *turn, struct entry *e);
	void (*free)(void *stage);
	/* The rest may be NULL. */
	int64_t (*flush)(void *stage, struct stage_turn *turn, bool all); /* as stages_flush; *turn->state is not NULL */
	/* Of a stage that holds entries: each place, as stages_each_place. */
	void (*each_place)(void *state, void (*fn)(void *ctx, struct entry_place *place), void *ctx);
	void (*state_free)(void *state);
	void (*share)(void *stage, const void *owner); /* as stages_share_metrics */
	void (*each_metric)(const void *stage, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx);
	int64_t (*wait_ns)(const void *stage); /* as stages_wait_ns */
	int64_t (*not_before)(const void *state); /* as stages_not_before, of one log */
	void (*expire)(void *stage, int64_t now_ns); /* as stages_expire */
};

/* ---- the entry ---- */

struct extracted *extracted_get(const struct entry *e, struct str name); /* NULL when there is none by that name */
/* The name and the text are kept as views. Beyond EXTRACTED_MAX values nothing is set. */
void extracted_set(struct entry *e, struct extracted value);
void extracted_set_text(struct entry *e, struct str name, struct str text);
void extracted_remove(struct entry *e, struct str name);
/* The value as text, as Promtail writes it: numbers without exponent in the shortest form, true, false. false: VALUE_NONE. */
bool extracted_text(const struct entry *e, const struct extracted *x, struct str *out);
/* The text a stage works on: of the value `source`, or the line when source.p is NULL. false: there is none. */
bool extracted_source(const struct entry *e, struct str source, struct str *out);
/* What each pipeline does first, a nested one too: labels become extracted values. */
void extracted_from_labels(struct entry *e);
/* Shortest decimal digits without exponent ("0.1", "100000000000000000000"); into the arena. */
struct str extracted_print_number(double value, struct arena *a);

/* A scratch buffer of a stage: empties it and gives memory back above STAGE_SCRATCH_KEPT. */
void stage_scratch_reset(struct buf *b);

/* ---- the stages; the table is in stages_compile.c ---- */

extern const struct stage_type stage_json, stage_logfmt, stage_regex, stage_replace, stage_template, stage_timestamp, stage_output,
	stage_pack, stage_decolorize;
extern const struct stage_type stage_cri, stage_docker, stage_labels, stage_static_labels, stage_labeldrop, stage_labelallow,
	stage_structured_metadata, stage_non_indexed_labels, stage_tenant, stage_match, stage_drop_lines, stage_limit,
	stage_sampling,
	stage_multiline, stage_metrics;

#endif
