/* What becomes of entries behind the stages: under which stream, for whom, and what there is no room for. */
#include "agent/logs/log_stages.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"

enum { LOG_MOST = 1 << 20 };
#define OWN "{job=\"j\"}"

struct rig {
	struct config *config;
	struct log_stages *stages;
	struct source_stages *source;
	struct log_stream own[2];
	struct buf log;
	const struct log_stream *newest;
};

static void open_rig(struct rig *r, const char *pipeline)
{
	struct config_problems problems = { 0 };
	struct labels base[2] = { { 0 } };
	struct buf text;
	*r = (struct rig){ .own = { { .labels = STR(OWN) }, { .labels = STR("{job=\"j\", stream=\"stderr\"}") } } };
	buf_init(&r->log, LOG_MOST);
	buf_init(&text, LOG_MOST);
	buf_printf(&text, "logs: { scrape_configs: [ { job_name: it, static_configs: [ { labels: { __path__: /a } } ], pipeline_stages: %s } ] }", pipeline);
	r->config = config_load(buf_view(&text), STR("t.yaml"), &problems);
	ck_assert_msg(r->config != NULL, "%s: " STR_FMT, pipeline, STR_ARG(problems.count ? problems.at[0].message : STR("")));
	config_problems_fini(&problems);
	buf_fini(&text);
	labels_set(&base[0], STR("job"), STR("j"));
	labels_set(&base[1], STR("job"), STR("j"));
	r->stages = log_stages_new(&r->config->logs.scrapes[0].stages, NULL);
	log_stages_set_tenant(r->stages, STR("home"));
	r->source = source_stages_new(r->stages, base, r->own, false);
	labels_fini(&base[0]);
	labels_fini(&base[1]);
}

static void close_rig(struct rig *r)
{
	source_stages_free(r->source);
	log_stages_free(r->stages);
	buf_fini(&r->log);
	config_free(r->config);
}

static void tell(void *ctx, const struct staged *out)
{
	struct rig *r = ctx;
	r->newest = out->stream;
	buf_printf(&r->log, STR_FMT "%s%s;", STR_ARG(log_stream_key(out->stream)), out->drop_reason ? " !" : "", out->drop_reason ? out->drop_reason : "");
}

static struct str put(struct rig *r, const char *line)
{
	const struct record record = { .line = str_of(line), .timestamp_ns = 1 };
	const struct staged_line staged = { .record = &record };
	buf_reset(&r->log);
	source_stages_run(r->source, &staged, 1, tell, r);
	return buf_view(&r->log);
}

static const struct {
	const char *name, *pipeline, *line, *want;
} cases[] = {
	{ "no tenant", "[{regex: {expression: '(?P<t>a)?'}}]", "x", OWN ";" },
	{ "a tenant, the log's labels", "[{tenant: {value: t}}]", "x", "t" OWN ";" },
	{ "a tenant and a label", "[{tenant: {value: t}}, {static_labels: {a: b}}]", "x", "t{a=\"b\", job=\"j\"};" },
	{ "the client's own is none", "[{tenant: {value: home}}]", "x", OWN ";" },
	{ "the client's own and a label", "[{tenant: {value: home}}, {static_labels: {a: b}}]", "x", "{a=\"b\", job=\"j\"};" },
	{ "what cannot be one", "[{regex: {expression: '(?P<t>.*)'}}, {tenant: {source: t}}]", "a b", OWN " !invalid_tenant;" },
	{ "dropped by another stage", "[{tenant: {value: t}}, {drop: {expression: x}}]", "x", OWN " !drop_stage;" },
	{ "as a label", "[{static_labels: {__tenant_id__: u}}]", "x", "u" OWN ";" },
};

START_TEST(streams)
{
	struct rig r;
	open_rig(&r, cases[_i].pipeline);
	for (int i = 0; i < 2; i++) { /* the second time it is there already */
		struct str got = put(&r, cases[_i].line);
		ck_assert_msg(str_eq(got, str_of(cases[_i].want)), "%s: got " STR_FMT ", want %s", cases[_i].name, STR_ARG(got), cases[_i].want);
		const struct log_stream *made = NULL;
		bool is_made = source_stages_made(r.source, &made);
		ck_assert_msg(is_made == (r.newest != &r.own[0]) && (!is_made || made == r.newest), "%s: the newest stream", cases[_i].name);
	}
	close_rig(&r);
}
END_TEST

/* Tenants beyond the limit are nobody's; those that were there go on. */
START_TEST(too_many_tenants)
{
	struct rig r;
	char line[32];
	open_rig(&r, "[{regex: {expression: '(?P<t>.*)'}}, {tenant: {source: t}}]");
	for (int i = 0; i < LOG_STAGES_TENANTS_MAX; i++) {
		snprintf(line, sizeof line, "t%d", i);
		ck_assert(str_starts(put(&r, line), str_of(line)));
	}
	ck_assert(str_eq(put(&r, "another"), STR(OWN " !too_many_tenants;")));
	ck_assert(str_eq(put(&r, "t7"), STR("t7" OWN ";")));
	ck_assert(str_eq(put(&r, "home"), STR(OWN ";")));
	close_rig(&r);
}
END_TEST

/* Streams beyond the limit: the log's own labels, and still for their tenant. */
START_TEST(too_many_streams)
{
	struct rig r;
	char line[32];
	open_rig(&r, "[{regex: {expression: '(?P<t>[a-z]*)(?P<n>.*)'}}, {tenant: {source: t}}, {labels: {n: }}]");
	for (int i = 0; i < LOG_STAGES_STREAMS_MAX; i++) {
		snprintf(line, sizeof line, "a%d", i);
		ck_assert(str_starts(put(&r, line), STR("a{")));
	}
	ck_assert(str_eq(put(&r, "a7"), STR("a{job=\"j\", n=\"7\"};")));
	ck_assert(str_eq(put(&r, "a99999"), STR("a" OWN ";")));
	ck_assert(str_eq(put(&r, "b1"), STR("b" OWN ";")));
	ck_assert(str_eq(put(&r, "99999"), STR(OWN ";")));
	close_rig(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_stages");
	TCase *tcase = tcase_create("log_stages");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, streams, 0, (int)COUNT_OF(cases));
	tcase_add_test(tcase, too_many_tenants);
	tcase_add_test(tcase, too_many_streams);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
