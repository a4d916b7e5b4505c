/* A line becomes JSON when it passes, because its views do not live longer. What the rate leaves out and what the ring pushed out is told as
 * one object, {"not_shown":N}, between lines, twice a second at most. */
#include "agent/logs/tap.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/web/web_json.h"
#include "exporters/loki.h"
#include "parsers/glob.h"

enum { RING_BYTES = 256 << 10, LINE_MAX_BYTES = 8 << 10, TEXT_MAX = 64 << 10, LABELS_MAX_BYTES = 8 << 10 };
static const int64_t SECOND_NS = 1000000000, NOTICE_NS = 500000000;

struct tap {
	struct taps *set;
	struct tap_options o;
	char pattern[TAP_PATTERN_MAX], destination[64];
	struct tap_ring ring;
	struct buf text;          /* of one line, being made */
	struct buf out;           /* taken from the ring, being read */
	size_t read_bytes;        /* of out */
	int64_t window_ns, notice_ns; /* when this second began, when something was told last */
	uint64_t in_window, shown, skipped;
};

/* ---- who looks ---- */

static void count_stages(struct taps *t, int change)
{
	size_t before = t->stage_count;
	t->stage_count += (size_t)change;
	if (t->stages_wanted && (before == 0 || t->stage_count == 0))
		t->stages_wanted(t->ctx, t->stage_count > 0);
}

struct tap *tap_open(struct taps *t, const struct tap_options *options, char err[256])
{
	size_t place = 0;
	while (place < TAPS_MAX && t->at[place])
		place++;
	if (place == TAPS_MAX) {
		snprintf(err, 256, "%d are looking already, which is as many as may: end one of them", TAPS_MAX);
		return NULL;
	}
	if (options->pattern.n >= TAP_PATTERN_MAX || (options->pattern.n && !glob_is_valid(options->pattern))) {
		snprintf(err, 256, "that is no pattern: NAMESPACE/POD, POD or /path, with * and ?, of less than %d characters", TAP_PATTERN_MAX);
		return NULL;
	}
	struct tap *tap = calloc(1, sizeof *tap);
	if (!tap)
		abort();
	*tap = (struct tap){ .set = t, .o = *options };
	snprintf(tap->pattern, sizeof tap->pattern, STR_FMT, STR_ARG(options->pattern));
	snprintf(tap->destination, sizeof tap->destination, STR_FMT, STR_ARG(str_take(options->destination, sizeof tap->destination - 1)));
	tap->o.pattern = str_of(tap->pattern);
	tap->o.destination = str_of(tap->destination);
	tap->o.rate = options->rate && options->rate < TAP_RATE_MAX ? options->rate : TAP_RATE_MAX;
	tap_ring_init(&tap->ring, RING_BYTES);
	buf_init(&tap->text, TEXT_MAX);
	buf_init(&tap->out, TEXT_MAX);
	t->at[place] = tap;
	t->count++;
	if (options->stage > 0)
		count_stages(t, 1);
	return tap;
}

void tap_close(struct tap *t)
{
	struct taps *set = t->set;
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (set->at[i] == t)
			set->at[i] = NULL;
	set->count--;
	if (t->o.stage > 0)
		count_stages(set, -1);
	tap_ring_fini(&t->ring);
	buf_fini(&t->text);
	buf_fini(&t->out);
	free(t);
}

/* ---- which lines ---- */

static bool matches(const struct tap *t, const struct tap_origin *from)
{
	char name[640];
	struct str pattern = t->o.pattern;
	size_t slashes = 0;
	if (pattern.n == 0)
		return true;
	if (pattern.p[0] == '/')
		return glob_match(pattern, from->path);
	if (from->pod.n == 0)
		return false;
	for (size_t i = 0; i < pattern.n; i++)
		slashes += pattern.p[i] == '/';
	int n = slashes == 0 ? snprintf(name, sizeof name, STR_FMT, STR_ARG(from->pod))
		: slashes == 1 ? snprintf(name, sizeof name, STR_FMT "/" STR_FMT, STR_ARG(from->namespace_), STR_ARG(from->pod))
			     : snprintf(name, sizeof name, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(from->namespace_), STR_ARG(from->pod),
					STR_ARG(from->container));
	return n > 0 && (size_t)n < sizeof name && glob_match(pattern, (struct str){ name, (size_t)n });
}

static bool is_on_its_way(const struct tap *t, const struct tap_place *p)
{
	return t->o.destination.n ? str_eq(t->o.destination, p->destination) : p->lane == 0;
}

static bool is_within_rate(struct tap *t, int64_t now_ns)
{
	if (t->o.limit && t->shown >= t->o.limit)
		return false;
	if (now_ns - t->window_ns >= SECOND_NS) {
		t->window_ns = now_ns;
		t->in_window = 0;
	}
	if (t->in_window >= t->o.rate) {
		t->skipped++;
		return false;
	}
	t->in_window++;
	t->shown++;
	return true;
}

static bool wants(struct tap *t, const struct tap_place *p)
{
	return is_on_its_way(t, p) && matches(t, p->origin) && is_within_rate(t, p->now_ns);
}

/* ---- what is shown ---- */

static void put_metadata(struct buf *out, const struct record *r)
{
	web_json_key(out, "structured_metadata");
	buf_char(out, '{');
	for (size_t i = 0; i < r->metadata_count; i++) {
		buf_str(out, i ? STR(",") : STR(""));
		web_json_string(out, r->metadata[i].name);
		buf_char(out, ':');
		web_json_string(out, r->metadata[i].value);
	}
	buf_char(out, '}');
}

static void put_record(struct buf *out, const struct tap_place *p, const struct record *r, struct str labels)
{
	web_json_time(out, "timestamp", r->timestamp_ns);
	web_json_text(out, "path", p->origin->path);
	web_json_text(out, "namespace", p->origin->namespace_);
	web_json_text(out, "pod", p->origin->pod);
	web_json_text(out, "container", p->origin->container);
	web_json_text(out, "labels", labels);
	put_metadata(out, r);
	if (p->tenant.n)
		web_json_text(out, "tenant", p->tenant);
	if (r->level != LEVEL_UNKNOWN)
		web_json_text(out, "level", str_of(level_names[r->level]));
	if (r->trace_result == TRACE_VALID)
		web_json_text(out, "trace_id", (struct str){ r->trace.trace_id, sizeof r->trace.trace_id });
	if (r->trace_result == TRACE_VALID && r->trace.has_span)
		web_json_text(out, "span_id", (struct str){ r->trace.span_id, sizeof r->trace.span_id });
	web_json_text(out, "line", str_take(r->line, LINE_MAX_BYTES));
	if (r->line.n > LINE_MAX_BYTES)
		web_json_u64(out, "line_bytes", r->line.n);
}

static void begin(struct tap *t, const char *at)
{
	buf_reset(&t->text);
	buf_char(&t->text, '{');
	web_json_text(&t->text, "at", str_of(at));
}

static void finish(struct tap *t)
{
	buf_str(&t->text, STR("}\n"));
	bool was_empty = t->ring.used == 0;
	if (t->text.is_full)
		t->skipped++;
	else
		tap_ring_put(&t->ring, buf_view(&t->text));
	if (was_empty && t->o.wake)
		t->o.wake(t->o.ctx);
}

static void show(struct tap *t, const char *at, const struct tap_place *p, const struct record *r, struct str labels, struct str reason)
{
	begin(t, at);
	put_record(&t->text, p, r, labels);
	if (reason.n)
		web_json_text(&t->text, "dropped", reason);
	finish(t);
}

/* ---- from the way of a line ---- */

void taps_line(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (t->at[i] && t->at[i]->o.stage == TAP_READ && !t->at[i]->o.is_dropped && wants(t->at[i], place))
			show(t->at[i], "read", place, record, labels, (struct str){ 0 });
}

void taps_sent(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (t->at[i] && t->at[i]->o.stage == TAP_SENT && !t->at[i]->o.is_dropped && wants(t->at[i], place))
			show(t->at[i], "sent", place, record, labels, (struct str){ 0 });
}

void taps_dropped(struct taps *t, const struct tap_place *place, const struct record *record, struct str labels, struct str reason)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (t->at[i] && t->at[i]->o.is_dropped && wants(t->at[i], place))
			show(t->at[i], "dropped", place, record, labels, reason.n ? reason : STR("pipeline"));
}

void taps_look(void *taps, size_t number, const char *stage, const struct entry *before, const struct entry *after)
{
	struct taps *t = taps;
	char at[64];
	(void)before;
	for (size_t i = 0; i < TAPS_MAX; i++) {
		struct tap *tap = t->at[i];
		bool is_meant = tap && tap->o.stage > 0 && (size_t)tap->o.stage == number && !tap->o.is_dropped && t->place;
		if (!is_meant || after->is_held || after->drop_reason || !wants(tap, t->place))
			continue;
		struct record r = { .timestamp_ns = after->timestamp_ns, .line = after->line, .metadata = after->metadata.at,
				    .metadata_count = after->metadata.count };
		struct buf labels;
		buf_init(&labels, LABELS_MAX_BYTES);
		loki_labels_render(after->labels.at, after->labels.count, &labels);
		snprintf(at, sizeof at, "stage %zu %s", number, stage);
		struct tap_place place = *t->place;
		place.tenant = after->tenant;
		show(tap, at, &place, &r, buf_view(&labels), (struct str){ 0 });
		buf_fini(&labels);
	}
}

/* ---- refused by a destination ---- */

/* The value of a label out of rendered ones; a view of them, escapes as they are. */
static struct str label_in(struct str labels, const char *name)
{
	size_t n = strlen(name);
	for (struct str at = labels; at.n > n + 2; at = str_skip(at, 1)) {
		bool is_name = at.p == labels.p || at.p[-1] == '{' || at.p[-1] == ' ' || at.p[-1] == ',';
		if (!is_name || !str_starts(at, (struct str){ name, n }) || at.p[n] != '=' || at.p[n + 1] != '"')
			continue;
		struct str value = str_skip(at, n + 2);
		return str_take(value, str_find(value, '"'));
	}
	return (struct str){ 0 };
}

void tap_refused(struct tap *t, const struct drop *drop, int64_t now_ns)
{
	struct str labels = str_of(drop->labels);
	const struct tap_origin origin = { label_in(labels, "filename"), label_in(labels, "namespace"), label_in(labels, "pod"),
					   label_in(labels, "container") };
	bool is_meant = t->o.destination.n == 0 || str_eq(t->o.destination, str_of(drop->destination));
	if (!t->o.is_dropped || !is_meant || !matches(t, &origin) || !is_within_rate(t, now_ns))
		return;
	const struct tap_place place = { .origin = &origin };
	const struct record r = { .timestamp_ns = drop->timestamp_ns, .line = str_of(drop->line) };
	begin(t, "refused");
	put_record(&t->text, &place, &r, labels);
	web_json_text(&t->text, "dropped", str_of(drop_reason_names[drop->reason]));
	web_json_text(&t->text, "destination", str_of(drop->destination));
	web_json_text(&t->text, "error", str_of(drop->error));
	web_json_u64(&t->text, "lines", drop->lines);
	finish(t);
}

/* ---- reading ---- */

static bool has_notice(const struct tap *t, int64_t now_ns)
{
	return t->skipped + t->ring.lost > 0 && now_ns - t->notice_ns >= NOTICE_NS;
}

/* The next line of the view into t->out. */
static bool next(struct tap *t, int64_t now_ns)
{
	buf_reset(&t->out);
	t->read_bytes = 0;
	if (has_notice(t, now_ns)) {
		buf_printf(&t->out, "{\"not_shown\":%llu}\n", (unsigned long long)(t->skipped + t->ring.lost));
		t->skipped = t->ring.lost = 0;
		t->notice_ns = now_ns;
		return true;
	}
	return tap_ring_take(&t->ring, &t->out);
}

size_t tap_read(struct tap *t, char *to, size_t room, int64_t now_ns)
{
	size_t n = 0;
	while (n < room && (t->read_bytes < t->out.n || next(t, now_ns))) {
		struct str rest = str_take(str_skip(buf_view(&t->out), t->read_bytes), room - n);
		memcpy(to + n, rest.p, rest.n);
		n += rest.n;
		t->read_bytes += rest.n;
	}
	return n;
}

bool tap_is_over(const struct tap *t)
{
	return t->o.limit && t->shown >= t->o.limit && t->ring.used == 0 && t->read_bytes == t->out.n;
}
