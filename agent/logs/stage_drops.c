/* A pipeline drops for few reasons, and often for the same one again: the last row is looked at first, so a dropped line costs one comparison of
 * a short name. */
#include "agent/logs/stage_drops.h"

#include <stdio.h>
#include <string.h>

static bool is_row(const struct stage_drop *row, struct str name)
{
	return strncmp(row->name, name.p, name.n) == 0 && row->name[name.n] == '\0';
}

/* As a label's value that needs no escaping, cut where it is too long. */
static struct str name_of(struct str reason, char room[STAGE_DROPS_NAME_ROOM])
{
	size_t n = sizeof STAGE_DROPS_PREFIX - 1;
	memcpy(room, STAGE_DROPS_PREFIX, n);
	for (size_t i = 0; i < reason.n && n < STAGE_DROPS_NAME_ROOM - 1; i++) {
		char c = reason.p[i];
		bool is_plain = ascii_is_letter(c) || ascii_is_digit(c) || strchr("_-.:/ ", c);
		room[n++] = c && is_plain ? c : '_';
	}
	room[n] = '\0';
	return (struct str){ room, n };
}

void stage_drops_count(struct stage_drops *d, struct str reason, uint64_t lines)
{
	char room[STAGE_DROPS_NAME_ROOM];
	struct str name = name_of(reason, room);
	size_t i = d->last;
	if (i >= d->count || !is_row(&d->at[i], name))
		for (i = 0; i < d->count && !is_row(&d->at[i], name); i++)
			;
	if (i == STAGE_DROPS_MAX)
		return;
	if (i == d->count)
		memcpy(d->at[d->count++].name, name.p, name.n + 1);
	d->last = i;
	d->at[i].lines += lines;
	d->at[i].entries++;
	d->lines += lines;
}
