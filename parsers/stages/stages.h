/* Promtail's pipeline stages: a log entry goes through them one after the other; each may read and change its line, timestamp, labels,
 * structured metadata and what earlier stages extracted, or drop it. Meaning and oddities are Promtail 3.5's (loki:
 * clients/pkg/logentry/stages). A pipeline is compiled once and shared by all logs of a job; what a stage must remember per log lives in a
 * struct stages_state. Pure: no clock, no files; `now_ns` is an argument (wall clock).
 *
 * A stage is one file with one row in stages_compile.c: name, its keys, compile, run. */
#ifndef PARSERS_STAGES_STAGES_H
#define PARSERS_STAGES_STAGES_H

#include "parsers/bytes/arena.h"
#include "parsers/record.h"

/* ---- how a configuration is handed in: a tree of YAML values, as it stands in the file ---- */

enum stage_node_kind { STAGE_NULL, STAGE_SCALAR, STAGE_LIST, STAGE_MAP };
struct stage_node { /* views; outlives the pipeline */
	enum stage_node_kind kind;
	struct str text;                    /* scalar */
	bool is_quoted;                     /* "5" is a string, 5 is a number */
	const struct stage_node *items;     /* list: items; map: values */
	const struct str *keys;             /* map */
	size_t count;
	uint64_t line, column;              /* of the file, for messages */
};
struct stage_problem { uint64_t line, column; char text[256]; struct str key; /* unknown key, for the nearest one */ };
typedef void stage_problem_fn(void *ctx, const struct stage_problem *problem, const char *const *known_keys);

/* ---- an entry on its way ---- */

enum value_kind { VALUE_NONE, VALUE_STRING, VALUE_NUMBER, VALUE_BOOL };
struct extracted { struct str name; enum value_kind kind; struct str text; double number; bool truth; };
/* Where in its source the first line stands that is in an entry. Numbers ascend with the lines of one state; 0: the caller does not
 * tell, and is not told. What more the caller wants to know of the place is kept along with it. */
struct entry_place { uint64_t order, notes[4]; };
struct entry_origin { /* what was seen in the line before any stage had it; of joined lines, the first that says something */
	enum level level;
	enum trace_result trace_result;
	struct trace_context trace;
	struct str adjusted_count;          /* outlives the pipeline */
	unsigned char stream; /* the caller's: by which of its streams the first line came, */
	uint64_t number;      /* and as which of its lines; `first` may have moved back behind it */
};
struct entry_note { struct str name, text; }; /* "promtail_custom_lines_total", "+1" */
struct entry { /* all views: into the line, the pipeline, or `arena` (arena_reset by the caller after each entry) */
	struct str line;
	int64_t timestamp_ns;
	struct labels labels;               /* stream labels */
	struct labels metadata;             /* structured metadata */
	/* Grows in the arena. It is set up with NULL, 0, 0, or with room that the caller has and keeps. */
	struct extracted *extracted; size_t extracted_count, extracted_room;
	struct str tenant;                  /* empty: the client's. What comes out with one that stages_is_tenant refuses is dropped */
	struct arena *arena;
	const char *drop_reason;            /* not NULL: dropped; the stage's drop_counter_reason or its default */
	bool has_changed_labels;            /* labels are other ones than the log's own */
	bool is_repeat;                     /* counted already, on the way to another destination: metrics leave it out */
	struct entry_place first; uint64_t last; /* its lines stand between these; last: an order number */
	uint64_t joined;                    /* lines that it has besides its own: every line that was run is in one entry, sooner or later */
	struct entry_origin origin;
	/* Only while somebody looks (stages_set_look): which metrics were touched and how, in the arena; the stage keeps it for now. */
	struct entry_note *notes; size_t note_count;
	bool is_held;
	bool gave_up_regex; /* in the stage behind which it is looked at: the line would have cost more than a match may */
};

enum stage_verdict {
	STAGE_NEXT, STAGE_DROP,
	STAGE_HELD, /* multiline and the like keep it: nothing comes out now */
	STAGE_SKIP  /* match: on behind the pipeline inside */
};

struct stages_exemplar { /* the trace of the newest line that increased a counter, or fell into a bucket (not into those below) */
	struct str trace_id, span_id; /* hexadecimal digits; span_id may be empty */
	double value;                 /* that was added or observed */
	int64_t timestamp_ns;         /* of the line, as the pipeline has it */
};
struct stages_metric { /* of the metrics stage; a snapshot row. Histograms: one row per bucket, sum, count */
	struct str family, suffix, help; /* the row's name is family and suffix: "", "_bucket", "_sum", "_count" */
	const char *type;
	struct labels labels;
	double value;
	const struct stages_exemplar *exemplar; /* NULL: none */
};

struct stages;
struct stages_state; /* of one log: open blocks of multiline, partial lines of cri, … */

/* What the pure library cannot know by itself. {0} is valid. */
struct stages_options {
	/* The bytes of the TZif file (RFC 9636) of an IANA zone, such as /usr/share/zoneinfo/Europe/Berlin; called while
	 * compiling, the bytes are not kept. false: there is no such zone. NULL: only UTC and fixed offsets are known. "Local" is
	 * asked for by that name. */
	bool (*zone)(void *zone_ctx, struct str name, struct str *tzif);
	void *zone_ctx;
};

/* `stages` is the list under pipeline_stages. NULL when a problem was reported; all of them are reported. */
struct stages *stages_compile(const struct stage_node *stages, stage_problem_fn *problem, void *ctx);
struct stages *stages_compile_with(const struct stage_node *stages, const struct stages_options *options, stage_problem_fn *problem,
	void *ctx);
void stages_free(struct stages *p);
/* One of the stages, also a nested one, has this name. */
/* Matches that were given up because of their price, since the beginning: each counts as none. */
uint64_t stages_regex_limits(const struct stages *p);
bool stages_has(const struct stages *p, struct str name);
struct stages_state *stages_state_new(const struct stages *p);
void stages_state_free(struct stages_state *s);
/* Entries of this log pass by the first `count` stages, none of which has stages inside. Before anything is run. */
void stages_state_skip(struct stages_state *s, size_t count);
bool stages_state_may_hold(const struct stages_state *s); /* one of the stages that this log goes through may ever hold something */

/* Runs one entry through. emit is called for each entry that comes out, in order (a multiline block may come out before). Entries
 * that are dropped are emitted too, with drop_reason set: the caller counts them. The bytes of what is emitted live during the
 * call. */
typedef void stages_emit(void *ctx, struct entry *entry);
void stages_run(struct stages *p, struct stages_state *s, struct entry *entry, int64_t now_ns, stages_emit *emit, void *ctx);
/* Blocks that have waited long enough; with `all`, every open one. Returns when to ask again (monotonic), INT64_MAX: nothing is
 * open. */
int64_t stages_flush(struct stages *p, struct stages_state *s, int64_t now_ns, bool all, stages_emit *emit, void *ctx);
/* By their own times, this long after a line of a block no other belongs to it: a log whose lines have come so far may be flushed, whatever
 * the clock says. 0: none of the stages waits. */
int64_t stages_wait_ns(const struct stages *p);
/* Something is kept of lines that were not emitted yet: their places must not be acknowledged. */
bool stages_is_holding(const struct stages_state *s);
/* Each place from which something is held, in no order. Reading on at the lowest one with an empty state gives again what is held, and
 * nothing of what came out before in another shape: entries that came out and go across a place that is held (lines of two
 * streams mingle) have moved it back to their own first line. fn may write to the notes. */
void stages_each_place(struct stages_state *s, void (*fn)(void *ctx, struct entry_place *place), void *ctx);
/* Moves back a place that the entry goes across: for what a caller holds by itself. */
void stages_move_back(struct entry_place *held, const struct entry *e);
/* What a limit stage answers when it does not drop: this log may go on at this time (the clock of now_ns; 0: at once). The entry
 * that met the limit has come out already, on credit; each further one that is run before then only moves the time further out. A
 * reader leaves the log alone until then, and only this log; being up to 100 ms early does no harm (the rate stays exact) and
 * saves timers. */
int64_t stages_not_before(const struct stages_state *s);
/* For `inspect`: called behind each stage, when set. An entry that a stage keeps is shown with is_held; what a stage lets out of what it kept
 * is shown as that stage's, with `joined` where it is of several lines. */
typedef void stages_look(void *ctx, const char *stage, const struct entry *before, const struct entry *after);
void stages_set_look(struct stages *p, stages_look *look, void *ctx);
/* During the call: the place of the stage among all of them, nested ones too, as they stand in the list; 0 is the first. */
size_t stages_look_at(const struct stages *p);
/* In how many match stages the one with this number is. */
size_t stages_depth(const struct stages *p, size_t at);
/* The value as text, in the entry's arena or a view. false: it is null. */
bool stages_extracted_text(const struct entry *e, const struct extracted *x, struct str *out);
/* From here on the metrics of `p` are counted in those of `owner`, which was compiled from the same configuration and outlives p: pipelines
 * of several destinations have one set. */
void stages_share_metrics(struct stages *p, const struct stages *owner);
void stages_each_metric(const struct stages *p, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx);
/* Forgets metrics that no line has touched for their max_idle_duration: to be called after each scrape, as Promtail does it. */
void stages_expire(struct stages *p, int64_t now_ns);
/* What Loki takes for a tenant: at most 150 of letters, digits and !-_.*'(), with a part behind a colon that it leaves out. (dskit:
 * tenant/tenant.go) */
bool stages_is_tenant(struct str tenant);
/* Rows of the stages there are, for docs and completion. */
size_t stages_names(const char *const **names);
/* The keys of the stage with this name, ending with NULL; NULL: it has none of its own (its settings are a list, or names of the user's). */
const char *const *stages_keys(struct str name);

#endif
