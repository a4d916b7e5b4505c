/* The clock of a target is a beat on the monotonic clock; timestamps are of the wall clock, put on the beat when they are within two
 * milliseconds of it: equal distances compress better wherever they are stored.
 *
 * A beat that comes while a scrape is in flight is remembered once, as Go's ticker does: with a timeout as long as the interval a scrape
 * that timed out is followed by the next one at once. */
#include "agent/scrape/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/os.h"
#include "parsers/bytes/hash.h"

static const int64_t ms_ns = 1000000;
enum { OWN_BYTES_MAX = 16 << 20, TOLERANCE_NS = 2000000 };
enum flight { GROUNDED, WAITING_FOR_TOKEN, IN_FLIGHT };

struct target {
	const struct target_job *job;
	struct target_labels labels;
	struct str pod_ip;
	uint64_t key;
	struct ingest_rules rules;
	struct ingest_memory memory;
	struct fetch_call call;

	struct loop_timer tick, deadline;
	int64_t beat_ns, aligned_ns;    /* next tick, monotonic; wall clock of the beat before */
	enum flight flight;
	bool is_behind;                 /* a beat came while in flight */
	int64_t started_ns, scrape_ms;
	bool is_ending, is_over;
	int beats_missed;
	int64_t stale_ms;

	enum target_health health;
	char error[256], shown_url[512];
	int64_t last_wall_ns, last_duration_ns, last_ms;
	struct ingest_result last;
};

static void on_tick(void *ctx);
static void scrape_now(struct target *t);

/* ---- life ---- */

uint64_t target_key(const struct target_labels *labels)
{
	return hash_u64(labels_hash(&labels->all) ^ hash_bytes(labels->url)) | 1;
}

static void name_it(struct target *t)
{
	static const char *const builtin[SCRAPE_BUILTINS] = { [BUILTIN_NODE] = "builtin:node", [BUILTIN_PODS] = "builtin:pods",
		[BUILTIN_LOGS] = "builtin:logs", [BUILTIN_SELF] = "builtin:self" };
	if (t->job->config->builtin)
		snprintf(t->shown_url, sizeof t->shown_url, "%s", builtin[t->job->config->builtin]);
	else if (!http_url_check(t->labels.url, t->shown_url, sizeof t->shown_url))
		snprintf(t->shown_url, sizeof t->shown_url, STR_FMT, STR_ARG(str_take(t->labels.url, 200)));
}

struct target *target_new(const struct target_job *job, struct target_labels *labels, struct str pod_ip)
{
	struct target *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->job = job;
	t->labels = *labels;
	*labels = (struct target_labels){ 0 };
	t->pod_ip = arena_copy(&t->labels.arena, pod_ip);
	t->key = target_key(&t->labels);
	t->rules = job->rules;
	t->rules.target = &t->labels.shown;
	name_it(t);
	return t;
}

void target_free(struct target *t)
{
	if (!t)
		return;
	loop_disarm(t->job->host->loop, &t->tick);
	loop_disarm(t->job->host->loop, &t->deadline);
	fetch_cancel(&t->call);
	if (t->flight == IN_FLIGHT && t->job->config->builtin && t->job->host->collection)
		collection_cancel(t->job->host->collection, t);
	ingest_memory_fini(&t->memory);
	target_labels_fini(&t->labels);
	free(t);
}

struct str target_key_text(const struct target *t)
{
	return (struct str){ (const char *)&t->key, sizeof t->key };
}

void target_start(struct target *t)
{
	int64_t interval_ns = t->labels.interval_ms * ms_ns, wall_ns = loop_wall_ns(t->job->host->loop);
	int64_t offset = (int64_t)((t->key ^ t->job->host->seed) % (uint64_t)interval_ns), wait = interval_ns - wall_ns % interval_ns + offset;
	if (wait > interval_ns)
		wait -= interval_ns;
	t->beat_ns = loop_now_ns(t->job->host->loop) + wait;
	loop_arm(t->job->host->loop, &t->tick, t->beat_ns, on_tick, t);
}

void target_rediscovered(struct target *t, struct target_labels *labels)
{
	struct str pod_ip = arena_copy(&labels->arena, t->pod_ip);
	target_labels_fini(&t->labels);
	t->labels = *labels;
	t->pod_ip = pod_ip;
	*labels = (struct target_labels){ 0 };
}

/* ---- the end ---- */

void target_end(struct target *t)
{
	t->is_ending = true;
	t->beats_missed = 0;
	t->stale_ms = 0;
	t->is_over = t->last_ms == 0 && t->flight == GROUNDED; /* never scraped: nothing to be told */
}

void target_revive(struct target *t)
{
	t->is_ending = t->is_over = false;
	if (t->beats_missed == 2) /* its timer stands at the tenth behind the beat */
		loop_arm(t->job->host->loop, &t->tick, t->beat_ns, on_tick, t);
}

bool target_is_ending(const struct target *t)
{
	return t->is_ending;
}

bool target_is_over(const struct target *t)
{
	return t->is_over;
}

static void tell_end(void *ctx)
{
	struct target *t = ctx;
	struct ingest *g = t->job->host->ingest;
	if (!t->is_ending || t->is_over)
		return;
	t->is_over = true;
	if (!t->last_ms || (t->job->is_succeeded && t->job->is_succeeded(t->job, t)))
		return;
	ingest_begin(g, &t->rules, &t->memory, t->stale_ms);
	ingest_stale(g);
	ingest_report_stale(g);
	ingest_end(g);
	if (t->job->host->appended)
		t->job->host->appended(t->job->host->appended_ctx);
}

static void miss_beat(struct target *t)
{
	t->beats_missed++;
	if (t->beats_missed == 1)
		t->stale_ms = loop_wall_ns(t->job->host->loop) / ms_ns;
	else
		loop_arm(t->job->host->loop, &t->tick, loop_now_ns(t->job->host->loop) + t->labels.interval_ms * ms_ns / 10, tell_end, t);
}

/* ---- the beat ---- */

/* The timestamp of a scrape that begins now. */
static int64_t align(struct target *t)
{
	int64_t wall_ns = loop_wall_ns(t->job->host->loop), interval_ns = t->labels.interval_ms * ms_ns;
	int64_t tolerance = interval_ns / 100 < TOLERANCE_NS ? interval_ns / 100 : TOLERANCE_NS;
	int64_t since = wall_ns - t->aligned_ns;
	if (t->aligned_ns == 0 || since < 0) { /* the first, or the clock was put back */
		t->aligned_ns = wall_ns;
		return wall_ns;
	}
	t->aligned_ns += since / interval_ns * interval_ns;
	return wall_ns - t->aligned_ns <= tolerance ? t->aligned_ns : wall_ns;
}

static void on_tick(void *ctx)
{
	struct target *t = ctx;
	struct loop *loop = t->job->host->loop;
	int64_t now_ns = loop_now_ns(loop), interval_ns = t->labels.interval_ms * ms_ns;
	t->beat_ns += interval_ns;
	if (t->beat_ns <= now_ns) { /* the loop was held up for longer than an interval */
		uint64_t missed = (uint64_t)((now_ns - t->beat_ns) / interval_ns + 1);
		t->job->host->status->scrapes_skipped_late += missed;
		t->beat_ns += (int64_t)missed * interval_ns;
	}
	loop_arm(loop, &t->tick, t->beat_ns, on_tick, t);
	if (t->is_ending) {
		miss_beat(t);
	} else if (t->flight != GROUNDED) {
		t->job->host->status->scrapes_skipped_late += t->is_behind;
		t->is_behind = true;
	} else {
		scrape_now(t);
	}
}

/* ---- a scrape ---- */

static void report_health(struct target *t, bool is_up, const char *error)
{
	if (!is_up && t->health != TARGET_DOWN)
		LOG_WARN("target %s of job " STR_FMT " cannot be scraped: %s", t->shown_url, STR_ARG(t->job->config->job_name), error);
	else if (is_up && t->health == TARGET_DOWN)
		LOG_INFO("target %s of job " STR_FMT " is scraped again", t->shown_url, STR_ARG(t->job->config->job_name));
	t->health = is_up ? TARGET_UP : TARGET_DOWN;
	snprintf(t->error, sizeof t->error, "%s", is_up ? "" : error);
}

/* error NULL: format and body are the answer. */
static void finish(struct target *t, const char *error, enum exposition_format format, struct str body)
{
	const struct target_host *host = t->job->host;
	struct ingest *g = host->ingest;
	struct ingest_result result = { .error = "" };
	bool is_up = !error;
	t->flight = GROUNDED;
	loop_disarm(host->loop, &t->deadline);
	ingest_begin(g, &t->rules, &t->memory, t->scrape_ms);
	if (error || !body.n)
		ingest_stale(g);
	else
		is_up = ingest_body(g, format, body, &result);
	t->last_duration_ns = os_now_ns() - t->started_ns;
	ingest_report(g, is_up, (double)t->last_duration_ns / 1e9, &result);
	ingest_end(g);
	report_health(t, is_up, error ? error : result.error);
	t->last = result;
	t->last_ms = t->scrape_ms;
	host->status->scrapes++;
	host->status->scrapes_failed += !is_up;
	if (host->appended)
		host->appended(host->appended_ctx);
	if (t->is_behind && !t->is_ending) {
		t->is_behind = false;
		scrape_now(t);
	}
}

static void fail(struct target *t, const char *error)
{
	finish(t, error, EXPOSITION_TEXT_0_0_4, (struct str){ 0 });
}

static void on_answer(void *ctx, const struct fetch_answer *answer)
{
	struct target *t = ctx;
	t->job->host->status->exceeded_body_size_limit += answer->is_too_large;
	finish(t, answer->error, answer->format, answer->body);
}

static void on_collected(void *ctx, struct str text, const char *error)
{
	struct target *t = ctx;
	finish(t, error, EXPOSITION_TEXT_0_0_4, text);
}

static void on_deadline(void *ctx)
{
	fail(ctx, "no access token came within the scrape timeout");
}

static void ask(struct target *t)
{
	char err[256] = "";
	int64_t now_ns = os_now_ns(), left_ms = t->labels.timeout_ms - (now_ns - t->started_ns) / ms_ns;
	struct fetch_request request = { .url = t->labels.url, .pod_ip = t->pod_ip, .timeout_ms = t->labels.timeout_ms,
					 .deadline_ms = left_ms > 1 ? left_ms : 1,
					 .is_near = t->pod_ip.n || fetch_is_near(labels_get(&t->labels.all, STR("__address__"))) };
	switch (fetch_start(t->job->fetch, &request, now_ns, on_answer, t, &t->call, err)) {
	case FETCH_STARTED:
		t->flight = IN_FLIGHT;
		break;
	case FETCH_WAITING:
		t->flight = WAITING_FOR_TOKEN;
		loop_arm(t->job->host->loop, &t->deadline, t->started_ns + t->labels.timeout_ms * ms_ns, on_deadline, t);
		break;
	case FETCH_FAILED:
		fail(t, err);
		break;
	}
}

static void ask_collection(struct target *t)
{
	struct collect_request request = { .parts = t->job->config->builtin == BUILTIN_NODE ? COLLECT_NODE : COLLECT_PODS };
	t->flight = IN_FLIGHT;
	collection_run(t->job->host->collection, &request, t->started_ns + t->labels.timeout_ms * ms_ns, on_collected, t);
}

static void ask_ourselves(struct target *t)
{
	struct buf text;
	buf_init(&text, OWN_BYTES_MAX);
	t->job->host->own(t->job->host->own_ctx, t->job->config->builtin, &text);
	finish(t, text.is_full ? "our own metrics are more than 16 MiB" : NULL, EXPOSITION_OPENMETRICS_1_0, buf_view(&text));
	buf_fini(&text);
}

static void scrape_now(struct target *t)
{
	t->started_ns = os_now_ns();
	t->last_wall_ns = align(t);
	t->scrape_ms = t->last_wall_ns / ms_ns;
	if (t->job->forced_error)
		fail(t, t->job->forced_error);
	else if (t->job->config->builtin == BUILTIN_SELF || t->job->config->builtin == BUILTIN_LOGS)
		ask_ourselves(t);
	else if (t->job->config->builtin)
		ask_collection(t);
	else
		ask(t);
}

void target_wake(struct target *t)
{
	if (t->flight == WAITING_FOR_TOKEN)
		ask(t);
}

/* ---- what is shown ---- */

void target_status(const struct target *t, struct target_status *out)
{
	*out = (struct target_status){
		.job = t->job->config->job_name, .scrape_url = str_of(t->shown_url), .last_error = str_of(t->error), .labels = &t->labels.shown,
		.discovered = &t->labels.discovered, .health = t->health, .last_scrape_wall_ns = t->last_wall_ns,
		.last_duration_ns = t->last_duration_ns, .interval_ms = t->labels.interval_ms, .timeout_ms = t->labels.timeout_ms,
		.samples = t->last.total, .samples_after_relabelling = t->last.kept, .series_added = t->last.series_added,
	};
}

const struct labels *target_shown(const struct target *t)
{
	return &t->labels.shown;
}

int64_t target_last_ms(const struct target *t)
{
	return t->last_ms;
}

int64_t target_ending_ms(const struct target *t)
{
	return t->stale_ms;
}

uint64_t target_series(const struct target *t)
{
	return t->memory.series.live;
}
