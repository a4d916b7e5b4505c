/* Text and not a binary journal: hundreds of rows, rewritten whole each second at most, readable during an incident with cat. */
#include "agent/tail/checkpoint.h"

#include <stdlib.h>

#include "agent/sealed_file.h"
#include "parsers/bytes/num.h"

enum { FILE_CAP_BYTES = 64 << 20 };
static const char WHAT[] = "spoor checkpoint";
static const uint64_t VERSION = 2;

void checkpoint_begin(struct buf *out)
{
	sealed_file_begin(out, WHAT, VERSION);
}

void checkpoint_batch(struct buf *out, size_t rows)
{
	size_t start = sealed_file_row(out);
	buf_printf(out, "+%zu", rows);
	sealed_file_row_end(out, start);
}

void checkpoint_put(struct buf *out, const struct checkpoint_row *row)
{
	size_t start = sealed_file_row(out);
	const struct identity *id = &row->identity;
	buf_json(out, row->log);
	buf_char(out, '\t');
	buf_json(out, row->name);
	buf_printf(out, "\t%llu\t%llu\t%lld\t%llu\t%u\t%016llx\t%lld\t", (unsigned long long)id->dev, (unsigned long long)id->ino,
		   (long long)id->birth_ns, (unsigned long long)row->size_bytes, id->head_bytes, (unsigned long long)id->head_hash,
		   (long long)row->seen_s);
	buf_json(out, row->job);
	buf_printf(out, "\t%016llx", (unsigned long long)row->target);
	for (size_t i = 0; i < row->position_count; i++) {
		const struct checkpoint_position *p = &row->positions[i];
		buf_char(out, '\t');
		buf_json(out, p->destination);
		buf_printf(out, "\t%llu\t%u\t%016llx", (unsigned long long)p->acked.offset, p->acked.bytes, (unsigned long long)p->acked.hash);
	}
	sealed_file_row_end(out, start);
}

void checkpoint_put_labels(struct buf *out, const struct checkpoint_labels *l)
{
	size_t start = sealed_file_row(out);
	buf_append(out, "=\t", 2);
	buf_json(out, l->log);
	buf_char(out, '\t');
	buf_json(out, l->job);
	buf_printf(out, "\t%016llx\t%u\t%u\t%d\t%lld", (unsigned long long)l->rules, l->number, l->count, l->is_moved, (long long)l->seen_s);
	for (size_t i = 0; i < l->label_count && i < CHECKPOINT_LABELS; i++) {
		buf_char(out, '\t');
		buf_json(out, l->at[i].name);
		buf_char(out, '\t');
		buf_json(out, l->at[i].value);
	}
	sealed_file_row_end(out, start);
}

/* Undoes buf_json into the arena. */
static struct str unescape(struct arena *arena, struct str s)
{
	struct str copy = arena_copy(arena, s);
	char *to = arena_alloc(arena, s.n + 1), *at = to;
	for (size_t i = 0; i < copy.n; i++) {
		if (copy.p[i] != '\\' || i + 1 == copy.n) {
			*at++ = copy.p[i];
			continue;
		}
		char c = copy.p[++i];
		uint64_t code = 0;
		if (c == 'u' && num_hex64(str_take(str_skip(copy, i + 1), 4), &code))
			i += 4;
		*at++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'u' ? (char)code : c;
	}
	return (struct str){ to, (size_t)(at - to) };
}

static bool u64_field(struct str *rest, uint64_t *out)
{
	return num_u64(str_cut(rest, '\t'), out);
}

static bool u32_field(struct str *rest, uint32_t *out)
{
	uint64_t wide;
	if (!u64_field(rest, &wide) || wide > UINT32_MAX)
		return false;
	*out = (uint32_t)wide;
	return true;
}

static bool parse_positions(struct arena *arena, struct str rest, struct checkpoint_row *row)
{
	while (rest.n) {
		if (row->position_count == CHECKPOINT_DESTINATIONS)
			return true;
		struct checkpoint_position *p = &row->positions[row->position_count++];
		p->destination = unescape(arena, str_cut(&rest, '\t'));
		if (!u64_field(&rest, &p->acked.offset) || !u32_field(&rest, &p->acked.bytes) || !num_hex64(str_cut(&rest, '\t'), &p->acked.hash) ||
		    p->acked.bytes > IDENTITY_FRONTIER_BYTES || p->acked.bytes > p->acked.offset)
			return false;
	}
	return true;
}

static bool parse_row(struct arena *arena, struct str line, uint64_t version, struct checkpoint_row *row)
{
	row->log = unescape(arena, str_cut(&line, '\t'));
	row->name = unescape(arena, str_cut(&line, '\t'));
	struct identity *id = &row->identity;
	if (row->log.n == 0 || !u64_field(&line, &id->dev) || !u64_field(&line, &id->ino) || !num_i64(str_cut(&line, '\t'), &id->birth_ns) ||
	    !u64_field(&line, &row->size_bytes) || !u32_field(&line, &id->head_bytes) || id->head_bytes > IDENTITY_HEAD_BYTES)
		return false;
	if (!num_hex64(str_cut(&line, '\t'), &id->head_hash) || !num_i64(str_cut(&line, '\t'), &row->seen_s))
		return false;
	if (version > 1) {
		row->job = unescape(arena, str_cut(&line, '\t'));
		if (!num_hex64(str_cut(&line, '\t'), &row->target))
			return false;
	}
	return parse_positions(arena, line, row);
}

/* Behind "=\t". */
static bool parse_labels(struct arena *arena, struct str line, struct checkpoint_labels *l)
{
	uint64_t is_moved;
	l->log = unescape(arena, str_cut(&line, '\t'));
	l->job = unescape(arena, str_cut(&line, '\t'));
	if (l->log.n == 0 || !num_hex64(str_cut(&line, '\t'), &l->rules) || !u32_field(&line, &l->number) || !u32_field(&line, &l->count) ||
	    !u64_field(&line, &is_moved) || !num_i64(str_cut(&line, '\t'), &l->seen_s) || l->number >= l->count || l->count > CHECKPOINT_LABEL_SETS)
		return false;
	l->is_moved = is_moved != 0;
	size_t fields = 1;
	for (size_t i = 0; i < line.n; i++)
		fields += line.p[i] == '\t';
	l->at = arena_alloc(arena, (fields / 2 + 1) * sizeof *l->at);
	while (line.n && l->label_count < CHECKPOINT_LABELS) {
		l->at[l->label_count].name = unescape(arena, str_cut(&line, '\t'));
		l->at[l->label_count++].value = unescape(arena, str_cut(&line, '\t'));
	}
	return true;
}

/* A row for the same file and the same reader further down is newer: the file is a snapshot with a journal behind it. */
static bool replace(struct checkpoint_row *first, const struct checkpoint_row *row)
{
	for (; first; first = first->next) {
		const struct identity *a = &first->identity, *b = &row->identity;
		bool is_same_file = a->dev == b->dev && a->ino == b->ino && a->birth_ns == b->birth_ns;
		if (!is_same_file || first->target != row->target || !str_eq(first->job, row->job))
			continue;
		struct checkpoint_row *next = first->next;
		*first = *row;
		first->next = next;
		return true;
	}
	return false;
}

static void keep(struct checkpoint *c, struct checkpoint_row *row)
{
	struct checkpoint_row *first = map_get(&c->logs, row->log);
	if (first && replace(first, row))
		return;
	if (!first) {
		map_put(&c->logs, row->log, row);
	} else { /* in the order of the file: oldest generation first */
		while (first->next)
			first = first->next;
		first->next = row;
	}
	c->rows++;
}

/* Sets of one log and job: of two with the same number the later one counts; other rules mean others altogether. */
static void keep_labels(struct checkpoint *c, const struct checkpoint_labels *l)
{
	struct checkpoint_labels *first = map_get(&c->labels, l->log), *same = first;
	for (struct checkpoint_labels *old = first; old && l->number == 0; old = old->next)
		if (old->number && str_eq(old->job, l->job))
			old->number = UINT32_MAX; /* of a decision before this one */
	while (same && !(same->rules == l->rules && same->number == l->number && str_eq(same->job, l->job)))
		same = same->next;
	struct checkpoint_labels *kept = same ? same : arena_alloc(&c->arena, sizeof *kept), *next = same ? same->next : NULL;
	*kept = *l;
	kept->next = next;
	if (!first)
		map_put(&c->labels, kept->log, kept);
	else if (!same) {
		while (first->next)
			first = first->next;
		first->next = kept;
	}
}

/* "+12": that many rows follow which belong together. */
static bool is_batch_head(struct str line, uint64_t *rows)
{
	return str_starts(line, STR("+")) && num_u64(str_skip(line, 1), rows);
}

static bool has_lines(struct str text, uint64_t count)
{
	while (count && text.n) {
		size_t at = str_find(text, '\n');
		count -= at < text.n;
		text = str_skip(text, at + 1);
	}
	return count == 0;
}

/* A row of either kind, its checksum taken off. */
static bool take_line(struct checkpoint *c, struct str line, uint64_t version)
{
	struct checkpoint_row row = { 0 }, *kept;
	struct checkpoint_labels labels = { 0 };
	if (str_starts(line, STR("=\t"))) {
		if (!parse_labels(&c->arena, str_skip(line, 2), &labels))
			return false;
		keep_labels(c, &labels);
		return true;
	}
	if (!parse_row(&c->arena, line, version, &row))
		return false;
	kept = arena_alloc(&c->arena, sizeof *kept);
	*kept = row;
	keep(c, kept);
	return true;
}

/* 1: read, 0: not a checkpoint, or -EPROTONOSUPPORT. */
static int parse_file(void *ctx, struct str text)
{
	struct checkpoint *c = ctx;
	uint64_t version = 0;
	int result = sealed_file_head(&text, WHAT, VERSION, &version);
	if (result <= 0)
		return result;
	while (text.n) {
		uint64_t rows;
		bool is_whole = str_find(text, '\n') < text.n; /* else the process ended while it wrote this line */
		struct str line = str_cut(&text, '\n');
		bool is_good = sealed_file_check(&line);
		if (is_good && is_whole && is_batch_head(line, &rows)) {
			if (!has_lines(text, rows)) /* the process ended while it wrote them: the positions of one log only move together */
				break;
			continue;
		}
		if (!is_good || !take_line(c, line, version))
			c->damaged += is_whole;
	}
	return 1;
}

int checkpoint_load(struct checkpoint *c, const char *path)
{
	const struct sealed_file file = { path, FILE_CAP_BYTES, parse_file, c };
	*c = (struct checkpoint){ 0 };
	return sealed_file_load(&file, &c->damaged);
}

void checkpoint_fini(struct checkpoint *c)
{
	struct checkpoint_row *rows;
	for (size_t i = 0; (rows = map_next(&c->logs, &i));)
		checkpoint_done(rows);
	map_fini(&c->logs);
	map_fini(&c->labels);
	arena_fini(&c->arena);
}

uint64_t checkpoint_unread(const struct checkpoint_row *row)
{
	uint64_t acked = UINT64_MAX;
	for (size_t i = 0; i < row->position_count; i++)
		if (row->positions[i].acked.offset < acked)
			acked = row->positions[i].acked.offset;
	return acked < row->size_bytes ? row->size_bytes - acked : 0;
}

struct checkpoint_row *checkpoint_rows(const struct checkpoint *c, struct str log)
{
	return map_get(&c->logs, log);
}

size_t checkpoint_label_sets(const struct checkpoint *c, struct str log, struct str job, uint64_t rules,
			     struct checkpoint_labels *out[CHECKPOINT_LABEL_SETS])
{
	size_t found = 0, count = 0;
	for (struct checkpoint_labels *l = map_get(&c->labels, log); l; l = l->next) {
		if (l->rules != rules || !str_eq(l->job, job) || l->number != found)
			continue;
		out[found++] = l;
		count = l->count;
	}
	return found == count ? found : 0;
}

void checkpoint_use_labels(struct checkpoint *c, struct str log, struct str job)
{
	for (struct checkpoint_labels *l = map_get(&c->labels, log); l; l = l->next)
		l->is_used |= str_eq(l->job, job);
}
