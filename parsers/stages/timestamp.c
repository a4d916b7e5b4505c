/* The stage timestamp: an extracted value becomes the time of the entry. When it cannot be read, the entry gets the time of the
 * last one with the same labels plus a nanosecond (fudge), or keeps its own (skip). The last times are kept for a bounded number
 * of label sets: the one that has not been used for longest gives way. */
#include <stdlib.h>

#include "parsers/bytes/hash.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/num.h"
#include "parsers/stages/layout.h"
#include "parsers/stages/stage.h"

enum { LABEL_SETS_MAX = 10000, BUCKETS = 4096, NO_SLOT = UINT16_MAX, NAME_MAX_BYTES = 255 };

enum unit { UNIT_LAYOUT, UNIT_S, UNIT_MS, UNIT_US, UNIT_NS };
struct format { struct layout layout; enum unit unit; bool uses_location, has_year; };
struct last { /* of a label set */
	uint64_t labels;
	int64_t ns;
	uint16_t newer, older, next; /* in order of use; in its bucket */
};
struct timestamp {
	struct str source;
	struct format *formats;
	size_t format_count;
	struct zone *location, *local;
	bool has_location, is_skip;
	struct last *lasts; /* grows up to LABEL_SETS_MAX */
	size_t last_count, last_room;
	uint16_t newest, oldest, buckets[BUCKETS];
};

/* ---- compiling ---- */

static const struct { struct str name, layout; enum unit unit; } named[] = {
	{ { "ANSIC", 5 }, { "Mon Jan _2 15:04:05 2006", 24 }, UNIT_LAYOUT },
	{ { "UnixDate", 8 }, { "Mon Jan _2 15:04:05 MST 2006", 28 }, UNIT_LAYOUT },
	{ { "RubyDate", 8 }, { "Mon Jan 02 15:04:05 -0700 2006", 30 }, UNIT_LAYOUT },
	{ { "RFC822", 6 }, { "02 Jan 06 15:04 MST", 19 }, UNIT_LAYOUT },
	{ { "RFC822Z", 7 }, { "02 Jan 06 15:04 -0700", 21 }, UNIT_LAYOUT },
	{ { "RFC850", 6 }, { "Monday, 02-Jan-06 15:04:05 MST", 30 }, UNIT_LAYOUT },
	{ { "RFC1123", 7 }, { "Mon, 02 Jan 2006 15:04:05 MST", 29 }, UNIT_LAYOUT },
	{ { "RFC1123Z", 8 }, { "Mon, 02 Jan 2006 15:04:05 -0700", 31 }, UNIT_LAYOUT },
	{ { "RFC3339", 7 }, { "2006-01-02T15:04:05Z07:00", 25 }, UNIT_LAYOUT },
	{ { "RFC3339Nano", 11 }, { "2006-01-02T15:04:05.999999999Z07:00", 35 }, UNIT_LAYOUT },
	{ { "Unix", 4 }, { "", 0 }, UNIT_S },
	{ { "UnixMs", 6 }, { "", 0 }, UNIT_MS },
	{ { "UnixUs", 6 }, { "", 0 }, UNIT_US },
	{ { "UnixNs", 6 }, { "", 0 }, UNIT_NS },
};

static void add_format(struct stage_compile *c, struct timestamp *t, const struct stage_node *at)
{
	struct format *f = &t->formats[t->format_count++];
	struct str layout = at->text;
	/* Promtail looks for the digits, wherever they stand; so "2006" is not needed where "06" is. */
	f->has_year = layout.n > 1 && memmem(layout.p, layout.n, "06", 2);
	f->uses_location = true;
	for (size_t i = 0; i < COUNT_OF(named); i++)
		if (str_eq(at->text, named[i].name)) {
			layout = named[i].layout;
			f->unit = named[i].unit;
			f->has_year = true;
			f->uses_location = false;
		}
	if (!layout_read(layout, &f->layout))
		stage_complain(c, at, "the format has more than %d parts", LAYOUT_CHUNKS_MAX - 1);
}

static void release(void *stage)
{
	struct timestamp *t = stage;
	free(t->formats);
	free(t->lasts);
	zone_free(t->location);
	zone_free(t->local);
	free(t);
}

static struct zone *zone_named(struct stage_compile *c, struct str name)
{
	struct str tzif;
	if (!c->options.zone || name.n > NAME_MAX_BYTES || !c->options.zone(c->options.zone_ctx, name, &tzif))
		return NULL;
	return zone_new(tzif);
}

static void read_location(struct stage_compile *c, struct timestamp *t, const struct stage_node *config)
{
	struct str name;
	if (!stage_read_text(c, config, "location", &name))
		return;
	t->has_location = true;
	if (name.n == 0 || str_eq(name, STR("UTC")))
		return;
	t->location = zone_named(c, name);
	if (!t->location)
		stage_complain(c, stage_key(config, "location"),
		"there is no time zone \"" STR_FMT
			"\": write its IANA name, such as Europe/Berlin, or UTC",
			STR_ARG(str_take(name, 80)));
}

static void read_formats(struct stage_compile *c, struct timestamp *t, const struct stage_node *config)
{
	struct str text = { 0 };
	const struct stage_node *others = stage_read_list(c, config, "fallback_formats", false);
	t->formats = calloc(1 + (others ? others->count : 0), sizeof *t->formats);
	if (!t->formats)
		abort();
	if (stage_need_text(c, config, "format", &text))
		add_format(c, t, stage_key(config, "format"));
	for (size_t i = 0; others && i < others->count; i++)
		add_format(c, t, &others->items[i]);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct timestamp *t = calloc(1, sizeof *t);
	struct str action;
	if (!t)
		abort();
	stage_need_text(c, config, "source", &t->source);
	read_formats(c, t, config);
	read_location(c, t, config);
	if (stage_read_text(c, config, "action_on_failure", &action)) {
		t->is_skip = str_eq(action, STR("skip"));
		if (!t->is_skip && !str_eq(action, STR("fudge")))
			stage_complain(c, stage_key(config, "action_on_failure"), "action_on_failure must be fudge or skip");
	}
	t->newest = t->oldest = NO_SLOT;
	memset(t->buckets, 0xff, sizeof t->buckets);
	if (c->has_failed) {
		release(t);
		return NULL;
	}
	t->local = zone_named(c, STR("Local"));
	return t;
}

/* ---- reading a time ---- */

/* "1.5": Go computes the nanoseconds in floating point, and so do we, to get the same ones. */
static bool unix_fraction(struct str s, int64_t *out)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11 };
	struct str head = str_cut(&s, '.');
	int64_t seconds, part;
	if (!num_atoi(head, &seconds) || !num_atoi(s, &part))
		return false;
	double ns = (double)part * (s.n <= 9 ? tens[9 - s.n] : s.n - 9 < COUNT_OF(tens) ? 1 / tens[s.n - 9] : 0);
	return !__builtin_mul_overflow(seconds, INT64_C(1000000000), out) && !__builtin_add_overflow(*out, (int64_t)ns, out);
}

static bool read_unix(struct str s, enum unit unit, int64_t *out)
{
	static const int64_t scale[] = { [UNIT_S] = 1000000000, [UNIT_MS] = 1000000, [UNIT_US] = 1000, [UNIT_NS] = 1 };
	size_t point = str_find(s, '.');
	int64_t value;
	if (unit == UNIT_S && point < s.n && str_find(str_skip(s, point + 1), '.') == s.n - point - 1)
		return unix_fraction(s, out);
	if (!num_atoi(s, &value))
		return false;
	return !__builtin_mul_overflow(value, scale[unit], out); /* milliseconds read as seconds are no time that anybody can keep */
}

/* A text without a year is of the year nearest to now. */
static bool add_year(struct layout_time *when, const struct zone *local, int64_t now_ns)
{
	if (when->year != 0)
		return false;
	struct zone_span span;
	int64_t now_s = now_ns / 1000000000, year;
	int month, day;
	zone_at(local, now_s, &span);
	zone_date((now_s + span.offset_s) / 86400, &year, &month, &day);
	when->year = when->month == 12 && month == 1 ? year - 1 : when->month == 1 && month == 12 ? year + 1 : year;
	return true;
}

static bool read_time(const struct timestamp *t, const struct format *f, struct str s, int64_t now_ns, int64_t *out)
{
	struct layout_time when;
	if (f->unit != UNIT_LAYOUT)
		return read_unix(s, f->unit, out);
	if (!layout_parse(&f->layout, s, &when) || (!f->has_year && !add_year(&when, t->local, now_ns)))
		return false;
	bool is_there = f->uses_location && t->has_location;
	return layout_unix_ns(&when, is_there ? t->location : NULL, is_there ? t->location : t->local, out);
}

/* ---- the last times ---- */

static uint64_t labels_key(const struct labels *l)
{
	uint64_t hash = l->count;
	for (size_t i = 0; i < l->count; i++)
		hash = hash_u64(hash ^ hash_bytes(l->at[i].name)) + hash_bytes(l->at[i].value);
	return hash;
}

static uint16_t *bucket(struct timestamp *t, uint64_t labels)
{
	return &t->buckets[labels % BUCKETS];
}

static void unlink_use(struct timestamp *t, uint16_t i)
{
	const struct last *l = &t->lasts[i];
	*(l->newer == NO_SLOT ? &t->newest : &t->lasts[l->newer].older) = l->older;
	*(l->older == NO_SLOT ? &t->oldest : &t->lasts[l->older].newer) = l->newer;
}

static void link_use(struct timestamp *t, uint16_t i)
{
	t->lasts[i].newer = NO_SLOT;
	t->lasts[i].older = t->newest;
	*(t->newest == NO_SLOT ? &t->oldest : &t->lasts[t->newest].newer) = i;
	t->newest = i;
}

static struct last *find_last(struct timestamp *t, uint64_t labels)
{
	uint16_t i = *bucket(t, labels);
	while (i != NO_SLOT && t->lasts[i].labels != labels)
		i = t->lasts[i].next;
	if (i == NO_SLOT)
		return NULL;
	if (i != t->newest) {
		unlink_use(t, i);
		link_use(t, i);
	}
	return &t->lasts[i];
}

/* A free place: a new one, or the one of the set that was not used for longest. */
static uint16_t take_place(struct timestamp *t)
{
	if (t->last_count == LABEL_SETS_MAX) {
		uint16_t i = t->oldest, *at = bucket(t, t->lasts[i].labels);
		while (*at != i)
			at = &t->lasts[*at].next;
		*at = t->lasts[i].next;
		unlink_use(t, i);
		return i;
	}
	t->lasts = array_room(t->lasts, t->last_count, &t->last_room, sizeof *t->lasts);
	return (uint16_t)t->last_count++;
}

static void keep_last(struct timestamp *t, uint64_t labels, int64_t ns)
{
	struct last *known = find_last(t, labels);
	if (known) {
		known->ns = ns;
		return;
	}
	uint16_t i = take_place(t), *head = bucket(t, labels);
	t->lasts[i] = (struct last){ .labels = labels, .ns = ns, .next = *head };
	*head = i;
	link_use(t, i);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct timestamp *t = stage;
	struct str text;
	const struct extracted *x = extracted_get(e, t->source);
	int64_t ns;
	bool is_read = false;
	if (x && extracted_text(e, x, &text))
		for (size_t i = 0; i < t->format_count && !is_read; i++)
			is_read = read_time(t, &t->formats[i], text, turn->now_ns, &ns);
	if (is_read)
		e->timestamp_ns = ns;
	if (t->is_skip)
		return STAGE_NEXT;
	uint64_t labels = labels_key(&e->labels);
	if (is_read) {
		keep_last(t, labels, ns);
		return STAGE_NEXT;
	}
	struct last *last = find_last(t, labels);
	if (last)
		e->timestamp_ns = last->ns = (int64_t)((uint64_t)last->ns + 1);
	return STAGE_NEXT;
}

static const char *const keys[] = { "source", "format", "fallback_formats", "location", "action_on_failure", NULL };
const struct stage_type stage_timestamp = { .name = "timestamp", .keys = keys, .compile = compile, .run = run, .free = release };
