/* Lines of programs may hold anything, secrets too: so who asks from another machine is refused unless --web.enable-tap says otherwise. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/tap.h"
#include "agent/web/web_json.h"
#include "parsers/bytes/num.h"

enum { DROPS_KEPT = 256 };
static const int64_t LONGEST_NS = 3600 * INT64_C(1000000000);

struct reading {
	struct tap *tap;
	uint64_t drops_seen;
	int64_t until_ns;
	bool wants_refused;
};

static void on_wake(void *ctx)
{
	web_more(ctx);
}

/* Refused entries come from where the page has them: the newest of them, in the order in which they came. */
static void take_refused(struct web_request *r, struct reading *reading)
{
	struct status s = { 0 };
	r->options->status(r->options->ctx, &s);
	uint64_t count = s.drops ? drops_count(s.drops) : 0;
	if (count < reading->drops_seen)
		reading->drops_seen = 0; /* another configuration, which began anew */
	uint64_t fresh = count - reading->drops_seen;
	for (uint64_t i = fresh < DROPS_KEPT ? fresh : DROPS_KEPT; i-- > 0;) {
		const struct drop *drop = drops_at(s.drops, i);
		if (drop)
			tap_refused(reading->tap, drop, loop_now_ns(r->loop));
	}
	reading->drops_seen = count;
}

static ssize_t read_tap(struct web_request *r, char *to, size_t room)
{
	struct reading *reading = r->reading;
	int64_t now_ns = loop_now_ns(r->loop);
	if (now_ns >= reading->until_ns)
		return -1;
	if (reading->wants_refused)
		take_refused(r, reading);
	size_t n = tap_read(reading->tap, to, room, now_ns);
	return n == 0 && tap_is_over(reading->tap) ? -1 : (ssize_t)n;
}

static void close_tap(struct web_request *r)
{
	struct reading *reading = r->reading;
	tap_close(reading->tap);
	free(reading);
}

static bool number(const struct web_request *r, const char *name, uint64_t most, uint64_t *value)
{
	struct str given = web_arg(r, name);
	return given.n == 0 || (num_u64(given, value) && *value <= most);
}

static bool take_options(struct web_request *r, struct tap_options *o)
{
	uint64_t stage = UINT64_MAX, dropped = 0;
	if (!number(r, "stage", 1000, &stage) || !number(r, "dropped", 1, &dropped) || !number(r, "limit", INT64_MAX, &o->limit) ||
	    !number(r, "rate", TAP_RATE_MAX, &o->rate))
		return false;
	o->stage = stage == UINT64_MAX ? TAP_SENT : (int)stage;
	o->is_dropped = dropped == 1;
	o->pattern = web_arg(r, "match");
	o->destination = web_arg(r, "destination");
	return true;
}

/* None has this name: err says which there are. An empty name is the first. */
static bool is_destination(const struct status *s, struct str name, char err[256])
{
	size_t n = (size_t)snprintf(err, 256, "there is no destination " STR_FMT ", but", STR_ARG(str_take(name, 64)));
	for (size_t i = 0; i < s->destination_count; i++) {
		struct destination_status d;
		uint64_t pending;
		s->destination(s->ctx, i, &d, &pending);
		if (name.n == 0 || str_eq(d.name, name))
			return true;
		if (n < 256)
			n += (size_t)snprintf(err + n, 256 - n, " " STR_FMT, STR_ARG(str_take(d.name, 64)));
	}
	return name.n == 0 || s->destination_count == 0;
}

void web_api_tap(struct web_request *r)
{
	char err[256];
	struct tap_options o = { .wake = on_wake, .ctx = r };
	struct status s = { 0 };
	if (!r->options->taps || (!r->options->enable_tap && !web_is_local(r))) {
		web_plain(r, 403, STR("Lines are shown to this machine alone: run spoor tap there (kubectl exec), or start spoor with --web.enable-tap.\n"));
		return;
	}
	if (!take_options(r, &o)) {
		web_json_bad_request(r, "stage, dropped (1), limit and rate (lines a second, at most 100000) must be numbers");
		return;
	}
	r->options->status(r->options->ctx, &s);
	if (!is_destination(&s, o.destination, err)) {
		web_json_bad_request(r, err);
		return;
	}
	struct tap *tap = tap_open(r->options->taps, &o, err);
	if (!tap) {
		web_json_bad_request(r, err);
		return;
	}
	struct reading *reading = calloc(1, sizeof *reading);
	if (!reading)
		abort();
	*reading = (struct reading){ tap, s.drops ? drops_count(s.drops) : 0, loop_now_ns(r->loop) + LONGEST_NS, o.is_dropped };
	r->content_type = "application/x-ndjson";
	r->reading = reading;
	r->read = read_tap;
	r->close = close_tap;
}
