/* Whose was it? A log is known by its path; of several that read it each has its own rows. What a job is called and which labels it gives
 * may change between two lives, and is then a matter of the configuration, not of progress: it goes on where it was. */
#include "agent/tail/checkpoint.h"

#include <stdlib.h>

static bool is_match(const struct checkpoint_owner *owner, enum checkpoint_claim how, const struct checkpoint_row *row)
{
	switch (how) {
	case CLAIM_EXACT:
		return str_eq(row->job, owner->job) && row->target == owner->target;
	case CLAIM_JOB:
		return str_eq(row->job, owner->job);
	case CLAIM_RENAMED:
	case CLAIM_ORPHAN:
		return row->job.n && owner->is_job && !owner->is_job(owner->ctx, row->job) && (how == CLAIM_ORPHAN || row->target == owner->target);
	default:
		return row->job.n == 0;
	}
}

/* Of several readers that fit, the rows of one. */
static bool is_of(const struct checkpoint_row *first, const struct checkpoint_row *row)
{
	return !first || (str_eq(first->job, row->job) && first->target == row->target);
}

static struct checkpoint_row *copy_all(struct checkpoint *c, struct checkpoint_row *rows)
{
	struct checkpoint_row *first = NULL, **last = &first;
	for (struct checkpoint_row *row = rows; row; row = row->next) {
		if (row->job.n)
			continue;
		*last = arena_alloc(&c->arena, sizeof **last);
		**last = *row;
		(*last)->next = NULL;
		(*last)->is_adopted = false;
		row->is_adopted = true; /* what becomes of it is the copy's story */
		last = &(*last)->next;
	}
	return first;
}

/* What is left of a log's rows; the key in the map is the first one's. */
static void put_back(struct checkpoint *c, struct str log, struct checkpoint_row *left)
{
	map_remove(&c->logs, log);
	if (left)
		map_put(&c->logs, left->log, left);
}

struct checkpoint_row *checkpoint_claim(struct checkpoint *c, const struct checkpoint_owner *owner, enum checkpoint_claim how)
{
	struct checkpoint_row *rows = map_get(&c->logs, owner->log), *left = NULL, **left_last = &left, *taken = NULL, **taken_last = &taken;
	if (!rows)
		return NULL;
	if (how == CLAIM_NOBODY)
		return copy_all(c, rows);
	for (struct checkpoint_row *row = rows, *next; row; row = next) {
		next = row->next;
		bool is_mine = !row->is_adopted && is_match(owner, how, row) && is_of(taken, row);
		struct checkpoint_row ***last = is_mine ? &taken_last : &left_last;
		row->next = NULL;
		**last = row;
		*last = &row->next;
	}
	if (taken)
		put_back(c, owner->log, left);
	return taken;
}

void checkpoint_done(struct checkpoint_row *rows)
{
	for (struct checkpoint_row *next; rows; rows = next) {
		next = rows->next;
		if (rows->is_parked)
			free(rows);
	}
}

static struct str put(char **at, struct str s)
{
	struct str copy = { *at, s.n };
	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

void checkpoint_park(struct checkpoint *c, const struct checkpoint_row *row)
{
	size_t n = row->log.n + row->name.n + row->job.n;
	for (size_t i = 0; i < row->position_count; i++)
		n += row->positions[i].destination.n;
	struct checkpoint_row *first = map_get(&c->logs, row->log), *kept = malloc(sizeof *kept + n);
	if (!kept)
		abort();
	char *at = (char *)(kept + 1);
	*kept = *row;
	kept->next = NULL;
	kept->is_parked = true;
	kept->is_adopted = false;
	kept->log = put(&at, row->log);
	kept->name = put(&at, row->name);
	kept->job = put(&at, row->job);
	for (size_t i = 0; i < row->position_count; i++)
		kept->positions[i].destination = put(&at, row->positions[i].destination);
	while (first && first->next)
		first = first->next;
	if (first)
		first->next = kept;
	else
		map_put(&c->logs, kept->log, kept);
}

void checkpoint_expire(struct checkpoint *c, int64_t before_s)
{
	for (size_t i = 0; i < c->logs.room;) {
		struct checkpoint_row *rows = c->logs.slots[i].value, *left = NULL, **last = &left, *old = NULL;
		for (struct checkpoint_row *row = rows, *next; row; row = next) {
			next = row->next;
			bool is_old = row->is_parked && row->seen_s < before_s;
			row->next = is_old ? old : NULL;
			if (is_old) {
				old = row;
				continue;
			}
			*last = row;
			last = &row->next;
		}
		if (old)
			put_back(c, rows->log, left); /* may pull another entry into this slot */
		else
			i++;
		checkpoint_done(old);
	}
}
