/* Finding a place again. libsystemd goes to the nearest entry when the one that is asked for is gone, and does not say so: whether it is
 * there is asked without matches first, since an entry that the matches do not let through is not gone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/journal/follow_inside.h"

/* Of the entry at hand. */
static bool current_cursor(struct follow *f, struct journal_cursor *out)
{
	char *text = NULL;
	bool is_good = f->l->sd_journal_get_cursor(f->j, &text) >= 0 && journal_cursor_parse(str_of(text), out);
	free(text);
	return is_good;
}

/* 1: the entry of the cursor is there, and at hand. 0: it is not. */
static int find(struct follow *f, const char *cursor)
{
	int got = f->l->sd_journal_seek_cursor(f->j, cursor);
	if (got >= 0)
		got = f->l->sd_journal_next(f->j);
	return got > 0 ? f->l->sd_journal_test_cursor(f->j, cursor) : got;
}

/* The entry at the place is gone. Were there others behind it that are gone too? Not when the journal's oldest entry is the one behind
 * it, or an older one. */
static bool is_gap(struct follow *f)
{
	struct journal_cursor oldest;
	int got = f->l->sd_journal_seek_head(f->j);
	if (got >= 0)
		got = f->l->sd_journal_next(f->j);
	if (got <= 0 || !current_cursor(f, &oldest))
		return true;
	return memcmp(oldest.id, f->place.at.id, sizeof oldest.id) != 0 || oldest.sequence > f->place.at.sequence + 1;
}

static int seek_cursor(struct follow *f, struct journal_block *b)
{
	follow_use_matches(f, false);
	if (!journal_cursor_parse(str_of(f->place.cursor), &f->place.at))
		return -EINVAL;
	int is_there = find(f, f->place.cursor);
	if (is_there < 0)
		return is_there;
	if (!is_there && !f->is_gap_told && is_gap(f)) {
		f->is_gap_told = true;
		b->gaps[JOURNAL_GAP_VACUUMED]++;
		snprintf(b->note, sizeof b->note, "the entry that was read last is not in the journal any more: going on at the next one that is there; "
			"what came between was deleted before it was read, nobody knows how much");
	}
	int error = follow_use_matches(f, true);
	if (error < 0)
		return error;
	error = f->l->sd_journal_seek_cursor(f->j, f->place.cursor);
	int got = error < 0 ? error : f->l->sd_journal_next(f->j);
	if (got <= 0)
		return got;
	f->has_current = f->l->sd_journal_test_cursor(f->j, f->place.cursor) <= 0;
	return 0;
}

static int seek_time(struct follow *f, uint64_t since_us)
{
	int error = follow_use_matches(f, true);
	return error < 0 ? error : f->l->sd_journal_seek_realtime_usec(f->j, since_us);
}

/* The job does not want what is older than max_age. Is there anything between the saved place and that? */
static void tell_what_is_left_out(struct follow *f, struct journal_block *b)
{
	struct journal_cursor c;
	const char *from = f->left_out_from;
	if (follow_use_matches(f, true) < 0)
		return;
	int at_place = find(f, from);
	int got = at_place == 1 ? f->l->sd_journal_next(f->j) : at_place;
	/* 0: not there, so it stands at the nearest one, or behind the last */
	if (got < 0 || !current_cursor(f, &c) || c.realtime_us >= f->place.since_us)
		return;
	if (at_place == 1 && got == 0)
		return;
	b->gaps[JOURNAL_GAP_TOO_OLD]++;
	snprintf(b->note, sizeof b->note, "entries behind the saved place are older than max_age and are not read: a larger max_age reads them");
}

int follow_seek(struct follow *f, struct journal_block *b)
{
	f->has_current = false;
	if (f->place.cursor[0])
		return seek_cursor(f, b);
	if (f->left_out_from[0])
		tell_what_is_left_out(f, b);
	f->left_out_from[0] = '\0';
	return seek_time(f, f->place.since_us);
}
