/* What libsystemd is asked, step by step: open, seek (follow_seek.c), then next, fields, cursor for each entry.
 *
 * Files come and go under it. libsystemd learns that when it is told to look at its descriptor (sd_journal_process); a file that is
 * deleted is let go then, read or not. So as long as there is something left to read the look is put off, ten minutes at most. What
 * the kernel does not tell (its queue was full, there are no watches left) is found by opening anew from time to time.
 *
 * The files are mapped as far as they were read: after a long way through them they are let go of, by opening anew at the end.
 *
 * A file that does not hold together is let go by libsystemd without a word. The bytes of all its files together tell: when they
 * became fewer and no file went away, one was damaged. */
#include "agent/journal/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/journal/follow_inside.h"
#include "agent/journal/journal_files.h"
#include "config/relabels.h"
#include "parsers/journal/journal_matches.h"

static const int64_t SECOND = 1000000000;
enum { RETRY_S = 5, HOLD_S = 600, REOPEN_S = 600, REOPEN_BLIND_S = 5, REST_S = 2, HEAVY_ENTRIES = 20000, ENTRIES_MAX = 4096, ARENA_KEPT_BYTES = 256 << 10 };
enum { MARKER_SLACK_BYTES = 64, SMALLEST_FILE_BYTES = 512 << 10 };

/* Is the entry at `c` one that whoever stands at the place has had already? */
static bool has_had(const struct journal_place *p, const struct journal_cursor *c)
{
	return p->cursor[0] ? !journal_cursor_before(&p->at, c) : c->realtime_us < p->since_us;
}

/* ---- open and close ---- */

static int add_matches(struct follow *f)
{
	struct str rest = f->matches, word;
	int error = 0;
	for (enum journal_match kind; error >= 0 && (kind = journal_matches_next(&rest, &word)) != JOURNAL_MATCH_END;)
		error = kind == JOURNAL_MATCH_OR ? f->l->sd_journal_add_disjunction(f->j) : f->l->sd_journal_add_match(f->j, word.p, word.n);
	return error;
}

int follow_use_matches(struct follow *f, bool use)
{
	f->l->sd_journal_flush_matches(f->j);
	return use ? add_matches(f) : 0;
}

static void close_journal(struct follow *f)
{
	if (f->j)
		f->l->sd_journal_close(f->j);
	f->j = NULL;
	f->fd = -1;
	f->has_current = false;
}

static void cannot_read(struct follow *f, struct journal_block *b, int64_t now_ns, const char *what, int error)
{
	snprintf(b->problem, sizeof b->problem, "%s: %s: tried again every %d seconds", what, strerror(-error), RETRY_S);
	close_journal(f);
	f->due_ns = now_ns + RETRY_S * SECOND;
}

static void tell_of_damaged_files(struct follow *f, struct journal_block *b, const struct journal_files *files)
{
	if (files->damaged > f->damaged_told && !b->note[0]) {
		snprintf(b->note, sizeof b->note, "%zu of %zu journal files are damaged or cut short (such as %.100s) and are not read: "
			"journalctl --verify tells more", files->damaged, files->files, files->damaged_name);
		b->gaps[JOURNAL_GAP_DAMAGED]++;
	}
	f->damaged_told = files->damaged;
}

/* libsystemd is content with no file at all. Who has to do what so that there are some? */
static bool has_files(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	struct journal_files files;
	journal_files_look(f->path, &files);
	const char *where = f->path.n ? f->path.p : "/var/log/journal and /run/log/journal";
	tell_of_damaged_files(f, b, &files);
	if (files.files > files.forbidden + files.damaged) {
		b->problem[0] = '\0';
		return true;
	}
	if (files.forbidden)
		snprintf(b->problem, sizeof b->problem, "%.120s: this user may not read the journal: add it to the group systemd-journal "
			"(under systemd: SupplementaryGroups=systemd-journal)", where);
	else if (!files.is_directory)
		snprintf(b->problem, sizeof b->problem, "%.120s: there is no such directory: nothing to read until there is", where);
	else
		snprintf(b->problem, sizeof b->problem, "%.120s: no journal file there that can be read: nothing to read until there is", where);
	f->due_ns = now_ns + RETRY_S * SECOND;
	return false;
}

static bool open_journal(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	if (!has_files(f, b, now_ns))
		return false;
	int error = f->path.n ? f->l->sd_journal_open_directory(&f->j, f->path.p, 0) : f->l->sd_journal_open(&f->j, SD_JOURNAL_LOCAL_ONLY);
	if (error < 0) {
		f->j = NULL;
		cannot_read(f, b, now_ns, "the journal cannot be opened", error);
		return false;
	}
	f->l->sd_journal_set_data_threshold(f->j, f->line_max + MARKER_SLACK_BYTES);
	f->fd = f->l->sd_journal_get_fd(f->j);
	f->opened_ns = f->looked_ns = now_ns;
	f->entries_since_open = 0;
	f->l->sd_journal_get_usage(f->j, &f->usage_bytes);
	error = follow_seek(f, b);
	if (error < 0)
		cannot_read(f, b, now_ns, "the saved place in the journal cannot be found", error);
	return error >= 0;
}

/* ---- changes of the files ---- */

static void look_at_changes(struct follow *f, int64_t now_ns)
{
	f->looked_ns = now_ns;
	f->is_woken = false;
	if (f->l->sd_journal_process(f->j) == SD_JOURNAL_INVALIDATE) {
		f->l->sd_journal_get_usage(f->j, &f->usage_bytes);
		f->must_look_at_files = true;
	}
}

static void look_for_damage(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	uint64_t usage = 0;
	struct journal_files files;
	if (f->l->sd_journal_get_usage(f->j, &usage) < 0)
		return;
	bool is_less = usage + SMALLEST_FILE_BYTES <= f->usage_bytes;
	if (is_less) {
		uint64_t before = f->usage_bytes;
		look_at_changes(f, now_ns);
		is_less = f->usage_bytes == before;
	}
	f->usage_bytes = usage;
	if (is_less) {
		snprintf(b->note, sizeof b->note, "%.120s: a journal file is damaged inside: the rest of it is not read, others are; "
			"journalctl --verify tells more", f->path.n ? f->path.p : "the system's journal");
		b->gaps[JOURNAL_GAP_DAMAGED]++;
	}
	if (!f->must_look_at_files)
		return;
	f->must_look_at_files = false;
	journal_files_look(f->path, &files);
	tell_of_damaged_files(f, b, &files);
}

/* ---- entries ---- */

static bool is_label_of_ours(const struct label *l)
{
	return !str_starts(l->name, STR("__")) && labels_name_is_legacy(l->name, false);
}

/* false: the rules or the lack of labels drop the entry; *drop says which. */
static bool make_labels(struct follow *f, enum journal_drop *drop)
{
	if (f->arena.used_bytes > ARENA_KEPT_BYTES)
		arena_fini(&f->arena);
	else
		arena_reset(&f->arena);
	journal_entry_labels(&f->entry, &f->labels);
	for (size_t i = 0; i < f->own.count; i++)
		labels_set(&f->labels, f->own.at[i].name, f->own.at[i].value);
	*drop = JOURNAL_DROP_RELABEL;
	if (f->rules && !relabel_apply(f->rules, &f->labels, &f->arena))
		return false;
	size_t kept = 0;
	for (size_t i = 0; i < f->labels.count; i++)
		if (is_label_of_ours(&f->labels.at[i]))
			f->labels.at[kept++] = f->labels.at[i];
	f->labels.count = kept;
	*drop = JOURNAL_DROP_NO_LABELS;
	return kept > 0;
}

static void take_entry(struct follow *f, struct journal_block *b, uint64_t realtime_us)
{
	const void *data;
	size_t n;
	int got;
	journal_entry_begin(&f->entry);
	f->l->sd_journal_restart_data(f->j);
	for (size_t fields = 0; (got = f->l->sd_journal_enumerate_data(f->j, &data, &n)) > 0 && fields < 2 * JOURNAL_FIELDS_MAX; fields++)
		journal_entry_field(&f->entry, (struct str){ data, n });
	b->damaged_entries += got < 0;
	struct journal_line line = { .timestamp_ns = realtime_us < INT64_MAX / 1000 ? (int64_t)realtime_us * 1000 : INT64_MAX };
	line.level = journal_entry_level(&f->entry);
	enum journal_drop drop = JOURNAL_DROP_NO_MESSAGE;
	if (journal_entry_line(&f->entry, &line.text, &line.was_cut) && make_labels(f, &drop))
		journal_block_add(b, &line, &f->labels);
	else
		b->dropped[drop]++;
}

/* Which lanes have had this entry already. A lane that has been passed once stays passed. */
static unsigned acknowledged_by(struct follow *f, const char *cursor)
{
	struct journal_cursor c;
	if (!f->behind)
		return 0;
	if (!journal_cursor_parse(str_of(cursor), &c))
		f->behind = 0;
	for (size_t i = 0; i < f->lane_count; i++)
		if ((f->behind >> i & 1) && !has_had(&f->places[i], &c))
			f->behind &= ~(1u << i);
	return f->behind;
}

/* 1: taken. 0: it begins another block. -errno: it cannot be read; it is passed over. */
static int one_entry(struct follow *f, struct journal_block *b)
{
	uint64_t realtime_us;
	char *cursor = NULL;
	int error = f->l->sd_journal_get_cursor(f->j, &cursor);
	if (error >= 0)
		error = f->l->sd_journal_get_realtime_usec(f->j, &realtime_us);
	if (error >= 0 && strlen(cursor) > JOURNAL_CURSOR_MAX)
		error = -EBADMSG;
	if (error < 0) {
		free(cursor);
		return error;
	}
	unsigned acknowledged = acknowledged_by(f, cursor);
	bool is_other = journal_block_entries(b) > 0 && acknowledged != b->acknowledged;
	if (!is_other) {
		b->acknowledged = acknowledged;
		take_entry(f, b, realtime_us);
		memcpy(b->cursor, cursor, strlen(cursor) + 1);
		memcpy(f->place.cursor, cursor, strlen(cursor) + 1);
		f->is_gap_told = false;
		f->entries_since_open++;
	}
	free(cursor);
	return !is_other;
}

static bool is_full(const struct journal_block *b)
{
	return b->bytes.n >= JOURNAL_BLOCK_BYTES || journal_block_entries(b) >= ENTRIES_MAX;
}

static void reached_end(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	f->is_at_end = b->is_at_end = true;
	f->reopen_ns = (f->fd >= 0 ? f->opened_ns + REOPEN_S * SECOND : now_ns + REOPEN_BLIND_S * SECOND);
	if (f->entries_since_open > HEAVY_ENTRIES && now_ns + REST_S * SECOND < f->reopen_ns)
		f->reopen_ns = now_ns + REST_S * SECOND;
	f->due_ns = f->reopen_ns;
	look_for_damage(f, b, now_ns);
}

static void read_on(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	f->is_at_end = false;
	while (!is_full(b)) {
		int got = f->has_current ? 1 : f->l->sd_journal_next(f->j);
		f->has_current = false;
		if (got < 0) {
			b->gaps[JOURNAL_GAP_DAMAGED] += !b->problem[0];
			cannot_read(f, b, now_ns, "the journal cannot be read on", got);
			return;
		}
		if (got == 0) {
			reached_end(f, b, now_ns);
			return;
		}
		got = one_entry(f, b);
		f->has_current = got == 0;
		b->damaged_entries += got < 0;
		if (got == 0)
			return;
	}
}

void follow_fill(struct follow *f, struct journal_block *b, int64_t now_ns)
{
	if (f->j && f->is_at_end && now_ns >= f->reopen_ns)
		close_journal(f);
	f->due_ns = now_ns; /* whoever stops for another reason says so below */
	if (!f->j && !open_journal(f, b, now_ns))
		return;
	if (f->is_woken ? f->is_at_end : f->fd >= 0 && now_ns - f->looked_ns > HOLD_S * SECOND)
		look_at_changes(f, now_ns);
	read_on(f, b, now_ns);
}

bool follow_is_due(const struct follow *f, int64_t now_ns)
{
	return now_ns >= f->due_ns || (f->is_woken && f->is_at_end);
}

int64_t follow_due_ns(const struct follow *f)
{
	return f->due_ns;
}

int follow_fd(const struct follow *f)
{
	return f->is_at_end && !f->is_woken ? f->fd : -1;
}

void follow_woken(struct follow *f)
{
	f->is_woken = true;
}

/* ---- lifetime ---- */

/* Rules look at source labels, and comparing ones at their target. A labelmap may look at everything. */
static void want_what_rules_want(struct follow *f, const struct config_relabels *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct config_relabel *r = &rules->at[i];
		for (size_t k = 0; k < r->source_labels.count; k++)
			journal_entry_want(&f->entry, r->source_labels.at[k]);
		journal_entry_want(&f->entry, r->target_label);
		if (str_ieq(r->action, STR("labelmap")))
			journal_entry_want_all(&f->entry);
	}
}

struct follow *follow_new(const struct follow_options *o, char err[256])
{
	struct follow *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->library = *o->library;
	f->l = &f->library;
	f->fd = -1;
	f->line_max = o->line_max_bytes;
	f->lane_count = o->lane_count;
	memcpy(f->places, o->places, sizeof f->places);
	memcpy(f->left_out_from, o->left_out_from, sizeof f->left_out_from);
	f->place = o->places[o->lane];
	f->behind = ((1u << o->lane_count) - 1) & ~(1u << o->lane);
	f->path = arena_copy(&f->kept, o->journal->path);
	f->matches = arena_copy(&f->kept, o->journal->matches);
	journal_entry_init(&f->entry, o->line_max_bytes, o->journal->json);
	for (size_t i = 0; i < o->journal->labels.count; i++)
		labels_set(&f->own, arena_copy(&f->kept, o->journal->labels.at[i].name), arena_copy(&f->kept, o->journal->labels.at[i].value));
	err[0] = '\0';
	if (o->rules) {
		want_what_rules_want(f, o->rules);
		f->rules = relabels_compile(o->rules, err);
	}
	if (!err[0])
		return f;
	follow_free(f);
	return NULL;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	close_journal(f);
	relabel_free(f->rules);
	journal_entry_fini(&f->entry);
	labels_fini(&f->labels);
	labels_fini(&f->own);
	arena_fini(&f->arena);
	arena_fini(&f->kept);
	free(f);
}
