/* The rows of the configuration: what every key is called, what it takes, where it goes. Read by the loader, the printer and
 * the reference. A new scalar option is one row in options.c and one field in config.h. */
#ifndef CONFIG_OPTIONS_OPTIONS_H
#define CONFIG_OPTIONS_OPTIONS_H

#include "parsers/bytes/str.h"

enum option_kind {
	OPTION_STR,           /* struct str, no control bytes */
	OPTION_SECRET,        /* the same, never shown */
	OPTION_TEXT,          /* the same with control bytes, and "" may be written on purpose; shown when it is not the default;
	                       * range: the words that it may be, in any case */
	OPTION_CHOICE,        /* the same, one of range */
	OPTION_BOOL,          /* bool */
	OPTION_INT,           /* int64_t within range */
	OPTION_COUNT,         /* uint64_t within range */
	OPTION_DURATION,      /* int64_t, milliseconds, within range */
	OPTION_BYTES,         /* uint64_t within range */
	OPTION_BASE2,         /* uint64_t within range; 1KB is 1024 bytes, as Prometheus has it */
	OPTION_STRINGS,       /* struct config_strings */
	OPTION_LABELS,        /* struct config_labels, label rules hold, five variables are expanded */
	OPTION_TARGET_LABELS, /* the same for metrics: more of them, and internal names (__x) too */
	OPTION_STATIC_LABELS, /* a whole struct config_static: its labels, __path__ and __path_exclude__ */
	OPTION_SECRET_MAP,    /* struct config_labels: free names, values never shown */
	OPTION_MAP,           /* the same, nothing secret about it */
	OPTION_LINES,         /* struct config_strings: a text of lines, or a list of them */
	OPTION_PARAMS,        /* struct config_labels: names to lists of values, one row per value */
	OPTION_HTTP_HEADERS,  /* the same as { values: [], secrets: [] }, never shown */
	OPTION_STAGES,        /* enum log_format */
	OPTION_SECTION,       /* a mapping: its keys are rows of their own */
	OPTION_LIST,          /* a list of mappings: pointer at offset, count at count_offset */
	OPTION_ONE,           /* one more element of the list whose path is in `range` */
	OPTION_ACCEPTED,      /* no effect, and nobody misses it */
	OPTION_IGNORED,       /* no effect: a warning, unless the value is `fallback`, which is what happens anyway */
	OPTION_REFUSED,       /* an error when not empty and not `fallback`: going on would mean something else than the file says */
	OPTION_KINDS
};

struct option {
	const char *path;     /* from the top of a native file: "logs.clients[].batchwait" */
	enum option_kind kind;
	size_t offset;        /* within struct config, or within the element of the innermost list */
	const char *fallback; /* as one would write it; "": empty, a number's 0 that is not shown */
	const char *range;    /* "4KiB..3MiB"; "debug|info"; most elements of a list "..64" */
	const char *help;     /* sentences for the reference; for IGNORED and REFUSED the message itself */
	size_t count_offset, element_bytes; /* lists */
};

/* Which file: each has a table. */
enum option_file { OPTIONS_CONFIG, OPTIONS_TEST };
/* Row i of a file's table, counted through all of its parts; NULL behind the last. */
const struct option *option_in(enum option_file file, size_t i);
const struct option *option_at(size_t i); /* of the configuration's */
/* The parts, in the order of the reference: options_program.c, options_logs.c, ... */
extern const struct option options_program[], options_kubernetes[], options_logs[], options_metrics[], options_scrape[], options_end[];
extern const size_t options_program_count, options_kubernetes_count, options_logs_count, options_metrics_count, options_scrape_count,
	options_end_count;
extern const struct option options_test[]; /* the one part of the other file's */
extern const size_t options_test_count;
extern const char *const option_kind_names[OPTION_KINDS]; /* for people: "duration" */

/* The row of `key` in the section `section` ("" for the top); NULL when there is none. */
const struct option *option_find_in(enum option_file file, struct str section, struct str key);
const struct option *option_find(struct str section, struct str key);
/* false: a key that is ignored or refused, or a section of nothing but such keys. */
bool option_has_effect(const struct option *o);
/* Last word of the path, without "[]". */
struct str option_key(const struct option *o);
/* What stands before it: "logs.clients[]", "" at the top. */
struct str option_section(const struct option *o);
/* "a..b" into its two halves; either may be empty. */
void option_range(const struct option *o, struct str *least, struct str *most);

#endif
