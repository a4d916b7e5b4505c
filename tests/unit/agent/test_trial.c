/* Lines through a job as inspect and test run them: what comes out, in which order, and what is told of each stage. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/commands/changes.h"
#include "agent/commands/trial.h"
#include "config/load.h"

enum { LOG_MOST = 1 << 16, LINES_MOST = 8, NOW_S = 1795251600 };

static void tell_record(void *ctx, const struct trial_record *r)
{
	struct buf *log = ctx;
	buf_printf(log, "%llu-%llu %s ", (unsigned long long)r->first, (unsigned long long)r->last, r->is_stderr ? "err" : "out");
	if (r->dropped.n)
		buf_printf(log, "dropped " STR_FMT "\n", STR_ARG(r->dropped));
	else
		buf_printf(log, "%lld " STR_FMT, (long long)(r->timestamp_ns / 1000000000 - NOW_S), STR_ARG(r->line));
	for (size_t i = 0; i < r->labels->count && !r->dropped.n; i++)
		buf_printf(log, " " STR_FMT "=" STR_FMT, STR_ARG(r->labels->at[i].name), STR_ARG(r->labels->at[i].value));
	for (size_t i = 0; i < r->metadata->count && !r->dropped.n; i++)
		buf_printf(log, " [" STR_FMT "=" STR_FMT "]", STR_ARG(r->metadata->at[i].name), STR_ARG(r->metadata->at[i].value));
	buf_str(log, r->dropped.n ? STR("") : STR("\n"));
}

static void tell_change(void *ctx, const struct change *c)
{
	struct buf *log = ctx;
	buf_printf(log, " %s", c->what);
	if (c->name.n)
		buf_printf(log, "." STR_FMT, STR_ARG(c->name));
	buf_printf(log, ":" STR_FMT ">" STR_FMT, STR_ARG(c->before), STR_ARG(c->after));
}

static void tell_step(void *ctx, const struct trial_step *s)
{
	struct buf *log = ctx;
	buf_printf(log, "  %llu: %zu.%zu %s", (unsigned long long)s->first, s->number, s->depth, s->stage);
	if (s->after->is_held)
		buf_str(log, STR(" held"));
	else
		changes_each(s->before, s->after, tell_change, log);
	buf_char(log, '\n');
}

static const struct {
	const char *name, *stages, *format;
	bool with_steps;
	const char *lines[LINES_MOST], *want;
} cases[] = {
	{ "no stages", "[]", NULL, false, { "a level=warn", "b\r" },
		"1-1 out 0 a level=warn job=j [detected_level=warn]\n2-2 out 0 b job=j\n" },
	{ "a trace id", "[]", NULL, false, { "trace_id=4bf92f3577b34da6a3ce929d0e0e4736" },
		"1-1 out 0 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 job=j [trace_id=4bf92f3577b34da6a3ce929d0e0e4736]\n" },
	{ "what the pipeline says of it stands", "[{regex: {expression: 'x=(?P<trace_id>.)'}}, {structured_metadata: {trace_id: }}]", NULL, false,
		{ "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 x=y" },
		"1-1 out 0 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 x=y job=j [trace_id=y]\n" },
	{ "two streams and their pieces", "[{cri: {}}]", NULL, false,
		{ "2026-11-21T09:00:01Z stdout P a", "2026-11-21T09:00:02Z stderr P x", "2026-11-21T09:00:03Z stdout F b", "2026-11-21T09:00:04Z stderr F y" },
		"1-3 out 3 ab job=j stream=stdout\n2-4 err 4 xy job=j stream=stderr\n" },
	{ "a piece that stays one", "[{cri: {}}]", NULL, false, { "2026-11-21T09:00:01Z stdout P a" }, "1-1 out 1 a job=j stream=stdout\n" },
	{ "other wrapping than the stage says", "[{cri: {}}]", "raw", false, { "2026-11-21T09:00:01Z stdout F a" },
		"1-1 out 0 2026-11-21T09:00:01Z stdout F a job=j\n" },
	{ "dropped under its reason", "[{drop: {expression: '^a$', drop_counter_reason: because}}]", NULL, false, { "a", "b" },
		"1-1 out dropped because\n2-2 out 0 b job=j\n" },
	{ "the clock stands still", "[{regex: {expression: '(?P<t>.*)'}}, {timestamp: {source: t, format: RFC3339}}, {drop: {older_than: 1h}}]", NULL, false,
		{ "2026-11-21T07:00:00Z", "2026-11-21T08:30:00Z" }, "1-1 out dropped drop_stage\n2-2 out -1800 2026-11-21T08:30:00Z job=j\n" },
	{ "what each stage did",
		"[{cri: {}}, {json: {expressions: {a: , n: n}}}, {labels: {a: }}, {match: {selector: '{a=\"1\"}', stages: [{labeldrop: [job]}, {output: {source: n}}]}},"
		" {static_labels: {z: y}}]", "raw", true, { "{\"a\":\"1\",\"n\":2}", "x" },
		"  1: 2.0 json extracted.a:>1 extracted.n:>2\n  1: 3.0 labels label.a:>1\n  1: 4.0 match\n  1: 5.1 labeldrop label.job:j>\n"
		"  1: 6.1 output line:{\"a\":\"1\",\"n\":2}>2\n  1: 7.0 static_labels label.z:>y\n1-1 out 0 2 a=1 z=y\n"
		"  2: 2.0 json\n  2: 3.0 labels\n  2: 4.0 match\n  2: 7.0 static_labels label.z:>y\n2-2 out 0 x job=j z=y\n" },
	{ "a block, held until it is whole", "[{regex: {expression: '^(?P<a>[A-Z])'}}, {multiline: {firstline: '^[A-Z]'}}, {labels: {a: }}]", NULL, true, { "A", " b", "C" },
		"  1: 1.0 regex extracted.a:>A\n  1: 2.0 multiline held\n  2: 1.0 regex\n  2: 2.0 multiline held\n  3: 1.0 regex extracted.a:>C\n"
		"  1: 2.0 multiline joined:>2 lines\n  1: 3.0 labels label.a:>A\n1-2 out 0 A\n b a=A job=j\n  3: 2.0 multiline held\n"
		"  3: 2.0 multiline\n  3: 3.0 labels label.a:>C\n3-3 out 0 C a=C job=j\n" },
	{ "pieces that a stage puts together", "[{decolorize: }, {cri: }]", NULL, true, { "2026-11-21T09:00:01Z stdout P a", "2026-11-21T09:00:02Z stdout F b" },
		"  1: 1.0 decolorize\n  1: 2.0 cri held\n  2: 1.0 decolorize\n"
		"  1: 2.0 cri line:2026-11-21T09:00:02Z stdout F b>ab timestamp:2026-11-21T09:00:00.000000000Z>2026-11-21T09:00:02.000000000Z label.stream:>stdout "
		"extracted.time:>2026-11-21T09:00:02Z extracted.stream:>stdout extracted.flags:>F extracted.content:>b joined:>2 lines\n1-2 out 2 ab job=j stream=stdout\n" },
	{ "metrics that a line touched", "[{regex: {expression: '^(?P<n>[0-9.]+)?'}}, {metrics: {all: {type: counter, config: {match_all: true, action: inc}},"
		" n: {type: counter, config: {action: add}}, g: {type: gauge, source: n, prefix: my_, config: {action: sub}}, s: {type: gauge, source: n, config: {action: set}},"
		" h: {type: histogram, source: n, config: {buckets: [1]}}, other: {type: counter, source: gone, config: {action: inc}}}}]", NULL, true, { "1.5" },
		"  1: 1.0 regex extracted.n:>1.5\n  1: 2.0 metrics metric.promtail_custom_all:>+1 metric.promtail_custom_n:>+1.5 metric.my_g:>-1.5 metric.promtail_custom_s:>=1.5"
		" metric.promtail_custom_h:>observed 1.5\n1-1 out 0 1.5 job=j\n" },
	{ "times and drops are changes", "[{regex: {expression: '(?P<t>.*)'}}, {timestamp: {source: t, format: Unix}}, {drop: {expression: '.'}}]", NULL, true, { "1795251601" },
		"  1: 1.0 regex extracted.t:>1795251601\n  1: 2.0 timestamp timestamp:2026-11-21T09:00:00.000000000Z>2026-11-21T09:00:01.000000000Z\n"
		"  1: 3.0 drop dropped:>drop_stage\n1-1 out dropped drop_stage\n" },
};

static struct config *load(const char *stages)
{
	struct config_problems problems = { 0 };
	struct buf text;
	buf_init(&text, LOG_MOST);
	buf_printf(&text, "logs: { scrape_configs: [ { job_name: other, static_configs: [ { labels: { __path__: /o } } ] }, { job_name: it, static_configs: "
			  "[ { labels: { __path__: /a, job: j } } ], pipeline_stages: %s } ] }", stages);
	struct config *c = config_load(buf_view(&text), STR("t.yaml"), &problems);
	ck_assert_msg(c != NULL, "%s: " STR_FMT, stages, STR_ARG(problems.count ? problems.at[0].message : STR("")));
	config_problems_fini(&problems);
	buf_fini(&text);
	return c;
}

START_TEST(lines)
{
	struct buf log;
	struct config *c = load(cases[_i].stages);
	const struct config_scrape *job = trial_job(c, "it");
	struct trial_options options = { .config = c, .stages = &job->stages, .now_ns = NOW_S * 1000000000ll, .on_record = tell_record, .ctx = &log,
					 .on_step = cases[_i].with_steps ? tell_step : NULL };
	buf_init(&log, LOG_MOST);
	options.format = trial_format(cases[_i].format, job);
	struct arena arena = { 0 };
	trial_job_labels(c, job, &options.labels, &arena);
	struct trial *t = trial_new(&options);
	for (size_t i = 0; i < LINES_MOST && cases[_i].lines[i]; i++)
		trial_line(t, str_of(cases[_i].lines[i]));
	trial_end(t);
	ck_assert_msg(str_eq(buf_view(&log), str_of(cases[_i].want)), "%s: got\n" STR_FMT "want\n%s", cases[_i].name, STR_ARG(buf_view(&log)), cases[_i].want);
	trial_free(t);
	labels_fini(&options.labels);
	arena_fini(&arena);
	buf_fini(&log);
	config_free(c);
}
END_TEST

START_TEST(jobs_by_name)
{
	struct config *c = load("[]");
	ck_assert(str_eq(trial_job(c, NULL)->job_name, STR("other")));
	ck_assert(!trial_job(c, "nobody") && !trial_job(NULL, NULL));
	config_free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trial");
	TCase *tcase = tcase_create("trial");
	tcase_add_loop_test(tcase, lines, 0, (int)COUNT_OF(cases));
	tcase_add_test(tcase, jobs_by_name);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
