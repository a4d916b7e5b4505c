/* One entry of the systemd journal, field by field, and what Promtail makes of it.
 * promtail: targets/journal/journaltarget.go — the line is MESSAGE, or all fields as one JSON object with sorted names; each field
 * is a label __journal_<name in lower case>, and PRIORITY __journal_priority_keyword besides. Of a field that comes twice the last
 * one counts.
 *
 * Only what somebody asks for is kept: rules mostly look at two or three of the thirty fields. Everything is bounded: a line keeps
 * line_max + 1 bytes (so that the one who cuts sees that there was more), a label value 64 KiB. */
#ifndef PARSERS_JOURNAL_JOURNAL_ENTRY_H
#define PARSERS_JOURNAL_JOURNAL_ENTRY_H

#include "parsers/bytes/map.h"
#include "parsers/labels.h"
#include "parsers/level.h"

#define JOURNAL_LABEL_PREFIX STR("__journal_")
enum { JOURNAL_FIELDS_MAX = 1024, JOURNAL_LABEL_MAX = 64 << 10 };

struct journal_entry { /* {0} is nothing: journal_entry_init */
	size_t line_max;
	bool is_json, wants_all, has_message, was_cut;
	int priority;            /* 0 to 7; -1: it has none */
	struct map wanted;       /* names of fields in lower case -> themselves */
	struct buf message, bytes, text, repaired;
	struct journal_field { size_t name_at, name_n, value_at, value_n; } *fields; /* in bytes */
	size_t count, room;
	struct buf values;       /* repaired values of labels */
	struct buf names;        /* names of labels */
};

void journal_entry_init(struct journal_entry *e, size_t line_max, bool is_json);
void journal_entry_fini(struct journal_entry *e);
/* Somebody will ask for this label; others than __journal_* are passed over. */
void journal_entry_want(struct journal_entry *e, struct str label);
void journal_entry_want_all(struct journal_entry *e);

void journal_entry_begin(struct journal_entry *e);
void journal_entry_field(struct journal_entry *e, struct str data); /* NAME=value; copied as far as it is wanted */
/* The line; a view until the next begin. false: there is no MESSAGE. *was_cut: there was more. */
bool journal_entry_line(struct journal_entry *e, struct str *line, bool *was_cut);
enum level journal_entry_level(const struct journal_entry *e); /* of its priority */
/* The labels that were asked for, into out (emptied before); views until the next begin. Values are UTF-8. */
void journal_entry_labels(struct journal_entry *e, struct labels *out);

#endif
