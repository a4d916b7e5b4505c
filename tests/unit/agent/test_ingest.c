/* Bodies in, frames of the spool out. */
#include "agent/scrape/ingest.h"

#include "tests/unit/agent/journal_text.h"

struct rig {
	struct spool *spool;
	struct ingest *ingest;
	struct ingest_memory memory;
	struct ingest_rules rules;
	struct ingest_result result;
	struct labels target, external;
	struct journal_text text;
	struct buf samples, reports;
	bool is_up;
};

static void rig_open(struct rig *r, const struct ingest_rules *rules)
{
	char err[256];
	*r = (struct rig){ 0 };
	const struct spool_options options = { .cap_bytes = 64 << 20, .segment_bytes = 1 << 20, .destination_count = 1, .names = { "test" } };
	r->spool = spool_open(&options, err);
	ck_assert_msg(r->spool != NULL, "%s", err);
	r->ingest = ingest_new(r->spool);
	r->rules = rules ? *rules : (struct ingest_rules){ .honor_timestamps = true };
	labels_set(&r->target, STR("instance"), STR("i"));
	labels_set(&r->target, STR("job"), STR("j"));
	r->rules.target = &r->target;
	r->rules.external = &r->external;
	buf_init(&r->samples, 64 << 20);
	buf_init(&r->reports, 64 << 20);
	journal_text_init(&r->text);
}

static void rig_spool(struct rig *r, uint64_t cap_bytes, uint64_t segment_bytes)
{
	char err[256];
	const struct spool_options options = { .cap_bytes = cap_bytes, .segment_bytes = segment_bytes, .destination_count = 1, .names = { "test" } };
	ingest_free(r->ingest);
	spool_close(r->spool);
	r->spool = spool_open(&options, err);
	r->ingest = ingest_new(r->spool);
}

static void rig_close(struct rig *r)
{
	ingest_memory_fini(&r->memory);
	ingest_free(r->ingest);
	spool_close(r->spool);
	labels_fini(&r->target);
	labels_fini(&r->external);
	buf_fini(&r->samples);
	buf_fini(&r->reports);
	journal_text_fini(&r->text);
}

static const char *collect(struct rig *r)
{
	buf_reset(&r->samples);
	buf_reset(&r->reports);
	journal_text_split(journal_text_read(&r->text, r->spool), &r->samples, &r->reports);
	return r->samples.p;
}

/* One scrape; body NULL: it failed. The samples, without up and its like. */
static const char *scrape(struct rig *r, enum exposition_format format, int64_t ms, const char *body)
{
	r->result = (struct ingest_result){ 0 };
	ingest_begin(r->ingest, &r->rules, &r->memory, ms);
	if (body)
		r->is_up = ingest_body(r->ingest, format, str_of(body), &r->result);
	else
		ingest_stale(r->ingest);
	ingest_report(r->ingest, body && r->is_up, 0.5, &r->result);
	ck_assert_int_eq(ingest_end(r->ingest), 0);
	return collect(r);
}

static const char *text(struct rig *r, int64_t ms, const char *body)
{
	return scrape(r, EXPOSITION_TEXT_0_0_4, ms, body);
}

#define I "instance=\"i\",job=\"j\""

START_TEST(samples_and_reports)
{
	struct rig r;
	rig_open(&r, NULL);
	ck_assert_str_eq(text(&r, 1000, "a 1\nb{x=\"y\"} 2.5\n"), "a{" I "} 1 @1000\nb{" I ",x=\"y\"} 2.5 @1000\n");
	ck_assert_str_eq(r.reports.p, "up{" I "} 1 @1000\nscrape_duration_seconds{" I "} 0.5 @1000\n"
				      "scrape_samples_scraped{" I "} 2 @1000\nscrape_samples_post_metric_relabeling{" I "} 2 @1000\n"
				      "scrape_series_added{" I "} 2 @1000\n");
	ck_assert_str_eq(text(&r, 2000, "a 2\nb{x=\"y\"} 3\n"), "a{" I "} 2 @2000\nb{" I ",x=\"y\"} 3 @2000\n");
	ck_assert_ptr_nonnull(strstr(r.reports.p, "scrape_series_added{" I "} 0 @2000"));
	ck_assert_uint_eq(r.text.definitions, 2 + INGEST_REPORTS);
	rig_close(&r);
}
END_TEST

START_TEST(values_bit_by_bit)
{
	struct rig r;
	rig_open(&r, NULL);
	ck_assert_str_eq(text(&r, 1, "a NaN\nb +Inf\nc -Inf\nd -0\ne 5e-324\nf 1.7976931348623157e308\n"),
			 "a{" I "} nan @1\nb{" I "} inf @1\nc{" I "} -inf @1\nd{" I "} -0 @1\ne{" I "} 4.94065645841247e-324 @1\n"
			 "f{" I "} 1.79769313486232e+308 @1\n");
	rig_close(&r);
}
END_TEST

START_TEST(a_series_that_is_gone)
{
	struct rig r;
	rig_open(&r, NULL);
	text(&r, 1000, "a 1\nb 1\nc 1\n");
	ck_assert_str_eq(text(&r, 2000, "a 2\nc 2\n"), "a{" I "} 2 @2000\nc{" I "} 2 @2000\nb{" I "} stale @2000\n");
	ck_assert_str_eq(text(&r, 3000, "a 3\nc 3\n"), "a{" I "} 3 @3000\nc{" I "} 3 @3000\n");
	ck_assert_str_eq(text(&r, 4000, "a 4\nb 4\nc 4\n"), "a{" I "} 4 @4000\nb{" I "} 4 @4000\nc{" I "} 4 @4000\n");
	ck_assert_uint_eq(r.result.series_added, 1);
	ck_assert_uint_eq(ingest_counters(r.ingest)->stale_markers, 1);
	rig_close(&r);
}
END_TEST

START_TEST(a_failed_scrape)
{
	struct rig r;
	rig_open(&r, NULL);
	text(&r, 1000, "a 1\nb 1\n");
	ck_assert_str_eq(text(&r, 2000, NULL), "a{" I "} stale @2000\nb{" I "} stale @2000\n");
	ck_assert_ptr_nonnull(strstr(r.reports.p, "up{" I "} 0 @2000"));
	ck_assert_str_eq(text(&r, 3000, NULL), "");
	ck_assert_str_eq(text(&r, 4000, "a 4\nb 4\n"), "a{" I "} 4 @4000\nb{" I "} 4 @4000\n");
	ck_assert_uint_eq(r.result.series_added, 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_body_that_breaks_off_leaves_nothing)
{
	struct rig r;
	rig_open(&r, NULL);
	text(&r, 1000, "a 1\nb 1\n");
	ck_assert_str_eq(text(&r, 2000, "a 2\nnew 2\nb{ 2\n"), "a{" I "} stale @2000\nb{" I "} stale @2000\n");
	ck_assert(!r.is_up);
	ck_assert_str_ne(r.result.error, "");
	/* What was read of it must not make the next one look like a duplicate. */
	ck_assert_str_eq(text(&r, 3000, "a 3\nb 3\n"), "a{" I "} 3 @3000\nb{" I "} 3 @3000\n");
	ck_assert_uint_eq(ingest_counters(r.ingest)->duplicate_samples, 0);
	rig_close(&r);
}
END_TEST

START_TEST(duplicates_first_wins)
{
	struct rig r;
	rig_open(&r, NULL);
	ck_assert_str_eq(text(&r, 1000, "a 1\na 2\nb{x=\"1\",y=\"2\"} 1\nb{y=\"2\",x=\"1\"} 2\n"),
			 "a{" I "} 1 @1000\nb{" I ",x=\"1\",y=\"2\"} 1 @1000\n");
	ck_assert_uint_eq(ingest_counters(r.ingest)->duplicate_samples, 2);
	ck_assert_uint_eq(r.result.total, 4);
	ck_assert_uint_eq(r.result.kept, 4);
	/* The other spelling alone is the same series: nothing is stale. */
	ck_assert_str_eq(text(&r, 2000, "a 3\nb{y=\"2\",x=\"1\"} 3\n"), "a{" I "} 3 @2000\nb{" I ",x=\"1\",y=\"2\"} 3 @2000\n");
	rig_close(&r);
}
END_TEST

START_TEST(timestamps_of_their_own)
{
	struct rig r;
	rig_open(&r, NULL);
	ck_assert_str_eq(text(&r, 1000, "a 1 900\nb 1\n"), "a{" I "} 1 @900\nb{" I "} 1 @1000\n");
	/* Repeated until there is something new: taken once. */
	ck_assert_str_eq(text(&r, 2000, "a 1 900\nb 2\n"), "b{" I "} 2 @2000\n");
	ck_assert_str_eq(text(&r, 3000, "a 1 800\nb 3\n"), "b{" I "} 3 @3000\n");
	/* Gone: no marker, it may simply not have been updated. */
	ck_assert_str_eq(text(&r, 4000, "b 4\n"), "b{" I "} 4 @4000\n");
	ck_assert_str_eq(text(&r, 5000, "a 2 4900\nb 5\n"), "a{" I "} 2 @4900\nb{" I "} 5 @5000\n");
	/* Too far ahead of the clock. */
	ck_assert_str_eq(text(&r, 6000, "a 3 606001\nb 6\n"), "b{" I "} 6 @6000\n");
	ck_assert_str_eq(text(&r, 7000, "a 4 607000\nb 7\n"), "a{" I "} 4 @607000\nb{" I "} 7 @7000\n");
	ck_assert_uint_eq(ingest_counters(r.ingest)->out_of_bounds, 2);
	rig_close(&r);
	const struct ingest_rules rules = { .honor_timestamps = false };
	rig_open(&r, &rules);
	ck_assert_str_eq(text(&r, 1000, "a 1 900\n"), "a{" I "} 1 @1000\n");
	ck_assert_str_eq(text(&r, 2000, "b 1\n"), "b{" I "} 1 @2000\na{" I "} stale @2000\n");
	rig_close(&r);
}
END_TEST

START_TEST(timestamps_tracked)
{
	struct rig r;
	const struct ingest_rules rules = { .honor_timestamps = true, .track_timestamps_staleness = true };
	rig_open(&r, &rules);
	text(&r, 1000, "a 1 900\n");
	ck_assert_str_eq(text(&r, 2000, "a 1 900\n"), "");
	ck_assert_str_eq(text(&r, 3000, "b 1\n"), "b{" I "} 1 @3000\na{" I "} stale @3000\n");
	rig_close(&r);
}
END_TEST

/* Labels of the target meet labels of the sample. */
static const struct honor_case {
	const char *name, *body, *honored, *renamed;
} honor_cases[] = {
	{ "no conflict", "a{x=\"1\"} 1\n", "a{" I ",x=\"1\"} 1 @1\n", "a{" I ",x=\"1\"} 1 @1\n" },
	{ "conflict", "a{job=\"mine\"} 1\n", "a{instance=\"i\",job=\"mine\"} 1 @1\n", "a{exported_job=\"mine\"," I "} 1 @1\n" },
	{ "exported_ is taken", "a{job=\"mine\",exported_job=\"x\"} 1\n", "a{exported_job=\"x\",instance=\"i\",job=\"mine\"} 1 @1\n",
	  "a{exported_exported_job=\"mine\",exported_job=\"x\"," I "} 1 @1\n" },
	{ "two conflicts", "a{job=\"m\",instance=\"n\"} 1\n", "a{instance=\"n\",job=\"m\"} 1 @1\n",
	  "a{exported_instance=\"n\",exported_job=\"m\"," I "} 1 @1\n" },
	{ "empty label", "a{x=\"\"} 1\n", "a{" I "} 1 @1\n", "a{" I "} 1 @1\n" },
	{ "empty label of the target", "a{job=\"\"} 1\n", "a{instance=\"i\"} 1 @1\n", "a{" I "} 1 @1\n" },
};

START_TEST(honor_labels)
{
	const struct honor_case *c = &honor_cases[_i];
	for (int honors = 0; honors < 2; honors++) {
		struct rig r;
		const struct ingest_rules rules = { .honor_labels = honors };
		const char *want = honors ? c->honored : c->renamed;
		rig_open(&r, &rules);
		const char *got = text(&r, 1, c->body);
		ck_assert_msg(strcmp(got, want) == 0, "%s, honor_labels %d: got %s, want %s", c->name, honors, got, want);
		rig_close(&r);
	}
}
END_TEST

START_TEST(external_labels_fill_gaps)
{
	struct rig r;
	rig_open(&r, NULL);
	labels_set(&r.external, STR("cluster"), STR("c"));
	labels_set(&r.external, STR("job"), STR("never"));
	ck_assert_str_eq(text(&r, 1, "a 1\nb{cluster=\"own\"} 1\n"),
			 "a{cluster=\"c\"," I "} 1 @1\nb{cluster=\"own\"," I "} 1 @1\n");
	ck_assert_ptr_nonnull(strstr(r.reports.p, "up{cluster=\"c\"," I "} 1 @1\n"));
	rig_close(&r);
}
END_TEST

static const struct limit_case {
	const char *name;
	struct ingest_rules rules;
	const char *body;
	bool is_good;
	const char *error;
	uint64_t total, kept;
} limit_cases[] = {
	{ "samples, at the limit", { .sample_limit = 2 }, "a 1\nb 1\n", true, "", 2, 2 },
	{ "samples, over it", { .sample_limit = 2 }, "a 1\nb 1\nc 1\nd 1\n", false, "sample limit exceeded (limit: 2)", 4, 4 },
	{ "a duplicate does not count", { .sample_limit = 2 }, "a 1\na 1\nb 1\n", true, "", 3, 3 },
	{ "labels, at the limit", { .label_limit = 4 }, "a{x=\"1\"} 1\n", true, "", 1, 1 },
	{ "labels, over it", { .label_limit = 3 }, "a{x=\"1\"} 1\n", false,
	  "label_limit exceeded (metric: a, number of labels: 4, limit: 3)", 1, 0 },
	{ "length of a name", { .label_name_length_limit = 8 }, "a{abcdefghi=\"1\"} 1\n", false,
	  "label_name_length_limit exceeded (metric: a, label name: abcdefghi, length: 9, limit: 8)", 1, 0 },
	{ "length of a value", { .label_value_length_limit = 3 }, "a{x=\"1234\"} 1\n", false,
	  "label_value_length_limit exceeded (metric: a, label name: x, value: \"1234\", length: 4, limit: 3)", 1, 0 },
	{ "not UTF-8", { 0 }, "a{x=\"\xff\"} 1\n", false, NULL, 0, 0 },
	{ "a label twice", { 0 }, "a{x=\"1\",x=\"2\"} 1\n", false, NULL, 1, 0 },
	{ "cut off in a value", { 0 }, "a 1\nb 1e", false, NULL, 1, 1 },
};

START_TEST(limits)
{
	const struct limit_case *c = &limit_cases[_i];
	struct rig r;
	rig_open(&r, &c->rules);
	text(&r, 1, "old 1\n");
	const char *got = text(&r, 1000, c->body);
	ck_assert_msg(r.is_up == c->is_good, "%s: %s", c->name, r.result.error);
	if (c->error)
		ck_assert_msg(strcmp(r.result.error, c->error) == 0, "%s: error \"%s\"", c->name, r.result.error);
	ck_assert_msg(r.result.total == c->total && r.result.kept == c->kept, "%s: total %d, kept %d", c->name, (int)r.result.total,
		      (int)r.result.kept);
	if (!c->is_good)
		ck_assert_msg(strcmp(got, "old{" I "} stale @1000\n") == 0, "%s: got %s", c->name, got);
	rig_close(&r);
}
END_TEST

START_TEST(relabelled)
{
	const struct str names[] = { STR("__name__") };
	const struct relabel_options options[] = {
		{ .source_labels = names, .source_label_count = 1, .separator = STR(";"), .regex = STR("dropped.*"), .action = RELABEL_DROP },
		{ .regex = STR("tmp"), .action = RELABEL_LABELDROP },
	};
	char err[256];
	struct relabel *rules = relabel_new(options, 2, err);
	ck_assert_msg(rules != NULL, "%s", err);
	struct rig r;
	const struct ingest_rules ingest = { .metric_relabel = rules, .sample_limit = 2 };
	rig_open(&r, &ingest);
	/* The limit counts what is left. */
	ck_assert_str_eq(text(&r, 1, "dropped_a 1\ndropped_b 1\na{tmp=\"1\"} 1\nb 2\n"), "a{" I "} 1 @1\nb{" I "} 2 @1\n");
	ck_assert_uint_eq(r.result.total, 4);
	ck_assert_uint_eq(r.result.kept, 2);
	/* Two texts that relabelling makes one series. */
	ck_assert_str_eq(text(&r, 2, "a{tmp=\"1\"} 1\na{tmp=\"2\"} 7\n"), "a{" I "} 1 @2\nb{" I "} stale @2\n");
	ck_assert_uint_eq(ingest_counters(r.ingest)->duplicate_samples, 1);
	ck_assert_str_eq(text(&r, 3, "a{tmp=\"2\"} 8\n"), "a{" I "} 8 @3\n");
	rig_close(&r);
	relabel_free(rules);
}
END_TEST

START_TEST(created_lines_become_starts)
{
	struct rig r;
	rig_open(&r, NULL);
	const char *first = "# TYPE f counter\nf_total{a=\"1\"} 5\nf_created{a=\"1\"} 0.5\nf_total{a=\"2\"} 6\nf_created{a=\"2\"} 0.75\n# EOF\n";
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 1000, first),
			 "start f_total{a=\"1\"," I "} 500\nf_total{a=\"1\"," I "} 5 @1000\n"
			 "start f_total{a=\"2\"," I "} 750\nf_total{a=\"2\"," I "} 6 @1000\n");
	ck_assert_uint_eq(r.result.total, 2);
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 2000, first), "f_total{a=\"1\"," I "} 5 @2000\nf_total{a=\"2\"," I "} 6 @2000\n");
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 3000,
				"# TYPE f counter\nf_total{a=\"1\"} 0\nf_created{a=\"1\"} 2.5\nf_total{a=\"2\"} 7\nf_created{a=\"2\"} 0.75\n# EOF\n"),
			 "start f_total{a=\"1\"," I "} 2500\nf_total{a=\"1\"," I "} 0 @3000\nf_total{a=\"2\"," I "} 7 @3000\n");
	rig_close(&r);
	rig_open(&r, NULL);
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 1000,
				"# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3\nh_created 0.25\n# EOF\n"),
			 "start h_bucket{" I ",le=\"1.0\"} 250\nh_bucket{" I ",le=\"1.0\"} 1 @1000\nstart h_bucket{" I ",le=\"+Inf\"} 250\n"
			 "h_bucket{" I ",le=\"+Inf\"} 2 @1000\nstart h_count{" I "} 250\nh_count{" I "} 2 @1000\n"
			 "start h_sum{" I "} 250\nh_sum{" I "} 3 @1000\n");
	rig_close(&r);
}
END_TEST

START_TEST(start_of_the_machine)
{
	struct rig r;
	const struct ingest_rules rules = { .start_ms = 77 };
	rig_open(&r, &rules);
	ck_assert_str_eq(text(&r, 1000, "# TYPE c counter\nc 1\n# TYPE g gauge\ng 1\nu 1\n"),
			 "start c{" I "} 77\nc{" I "} 1 @1000\ng{" I "} 1 @1000\nu{" I "} 1 @1000\n");
	ck_assert_str_eq(text(&r, 2000, "# TYPE c counter\nc 1\n"), "c{" I "} 1 @2000\ng{" I "} stale @2000\nu{" I "} stale @2000\n");
	rig_close(&r);
}
END_TEST

START_TEST(exemplars)
{
	struct rig r;
	rig_open(&r, NULL);
	const char *body = "# TYPE f counter\nf_total 5 # {trace_id=\"ab\"} 1.5 0.9\n# EOF\n";
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 1000, body),
			 "exemplar f_total{" I "} {trace_id=\"ab\"} 1.5 @900\nf_total{" I "} 5 @1000\n");
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 2000, body), "f_total{" I "} 5 @2000\n");
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 3000, "# TYPE f counter\nf_total 5 # {trace_id=\"older\"} 1 0.8\n# EOF\n"),
			 "f_total{" I "} 5 @3000\n");
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 4000, "# TYPE f counter\nf_total 5 # {trace_id=\"cd\"} 1\n# EOF\n"),
			 "exemplar f_total{" I "} {trace_id=\"cd\"} 1 @4000\nf_total{" I "} 5 @4000\n");
	ck_assert_str_eq(scrape(&r, EXPOSITION_OPENMETRICS_1_0, 5000, "# TYPE f counter\nf_total 5 # {trace_id=\"cd\"} 1\n# EOF\n"),
			 "f_total{" I "} 5 @5000\n");
	ck_assert_uint_eq(ingest_counters(r.ingest)->exemplars_appended, 2);
	rig_close(&r);
}
END_TEST

START_TEST(metadata)
{
	struct rig r;
	rig_open(&r, NULL);
	r.text.with_metadata = true;
	ck_assert_str_eq(text(&r, 1000, "# HELP a What a\\nis.\n# TYPE a counter\na 1\nother 1\n"),
			 "family a counter \"What a\nis.\" \na{" I "} 1 @1000\nother{" I "} 1 @1000\n"
			 "family up gauge \"Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed.\" targets\n"
			 "family scrape_duration_seconds gauge \"Duration of the last scrape in seconds.\" seconds\n"
			 "family scrape_samples_scraped gauge \"Number of samples last scraped.\" samples\n"
			 "family scrape_samples_post_metric_relabeling gauge \"Number of samples remaining after metric relabeling was applied.\" samples\n"
			 "family scrape_series_added gauge \"Number of series in the last scrape.\" series\n");
	ck_assert_str_eq(text(&r, 2000, "# HELP a What a\\nis.\n# TYPE a counter\na 1\nother 1\n"), "a{" I "} 1 @2000\nother{" I "} 1 @2000\n");
	ck_assert_str_eq(text(&r, 3000, "# HELP a Other.\n# TYPE a gauge\na 1\nother 1\n"),
			 "family a gauge \"Other.\" \na{" I "} 1 @3000\nother{" I "} 1 @3000\n");
	rig_close(&r);
}
END_TEST

START_TEST(a_new_segment_stands_by_itself)
{
	struct rig r;
	struct buf body;
	rig_open(&r, NULL);
	rig_spool(&r, 4 << 20, 256 << 10);
	buf_init(&body, 1 << 22);
	for (int i = 0; i < 1200; i++)
		buf_printf(&body, "series_number_%d{label=\"value\"} %d\n", i, i);
	buf_char(&body, '\0');
	uint64_t segments = 0, last = 0;
	for (int64_t ms = 1000; ms < 60000; ms += 1000) {
		/* journal_text fails on a number that its segment does not define. */
		const char *got = text(&r, ms, body.p);
		size_t lines = 0;
		for (const char *p = got; (p = strchr(p, '\n')); p++)
			lines++;
		ck_assert_msg(lines == 1200, "%zu lines %s %d %d", lines, r.result.error, (int)r.result.total, (int)ms);
		segments += r.text.segment != last;
		last = r.text.segment;
	}
	ck_assert_uint_gt(segments, 2);
	ck_assert_uint_eq(r.text.definitions, segments * (1200 + INGEST_REPORTS));
	ck_assert_str_ne(text(&r, 61000, NULL), "");
	ck_assert_uint_eq(ingest_counters(r.ingest)->stale_markers, 1200);
	buf_fini(&body);
	rig_close(&r);
}
END_TEST

START_TEST(churn_does_not_pile_up)
{
	struct rig r;
	struct buf body;
	rig_open(&r, NULL);
	buf_init(&body, 1 << 22);
	for (int round = 0; round < 20; round++) {
		buf_reset(&body);
		buf_str(&body, STR("steady 1\n"));
		for (int i = 0; i < 500; i++)
			buf_printf(&body, "series{n=\"%d_%d\"} 1\n", round, i);
		buf_char(&body, '\0');
		text(&r, 1000 + round, body.p);
		ck_assert(r.is_up);
		ck_assert_uint_eq(r.result.series_added, round ? 500 : 501);
		ck_assert_uint_eq(r.memory.series.live, 501);
	}
	ck_assert_uint_eq(ingest_counters(r.ingest)->stale_markers, 19 * 500);
	ck_assert_uint_lt(r.memory.series.count, 1500);
	/* The same with scrapes that fail. */
	for (int round = 0; round < 20; round++) {
		buf_reset(&body);
		for (int i = 0; i < 500; i++)
			buf_printf(&body, "failing{n=\"%d_%d\"} 1\n", round, i);
		buf_str(&body, STR("bad{\n"));
		buf_char(&body, '\0');
		text(&r, 2000 + round, body.p);
		ck_assert(!r.is_up);
	}
	ck_assert_uint_lt(r.memory.series.count, 4000);
	buf_fini(&body);
	rig_close(&r);
}
END_TEST

START_TEST(the_end_of_a_target)
{
	struct rig r;
	rig_open(&r, NULL);
	text(&r, 1000, "a 1\nb 1 900\n");
	ingest_begin(r.ingest, &r.rules, &r.memory, 2000);
	ingest_stale(r.ingest);
	ingest_report_stale(r.ingest);
	ck_assert_int_eq(ingest_end(r.ingest), 0);
	ck_assert_str_eq(collect(&r), "a{" I "} stale @2000\n");
	ck_assert_str_eq(r.reports.p, "up{" I "} stale @2000\nscrape_duration_seconds{" I "} stale @2000\n"
				      "scrape_samples_scraped{" I "} stale @2000\nscrape_samples_post_metric_relabeling{" I "} stale @2000\n"
				      "scrape_series_added{" I "} stale @2000\n");
	rig_close(&r);
}
END_TEST

/* A frame of a large scrape is lost: what lies behind it must not name series that only the lost one defined. */
START_TEST(a_frame_that_cannot_be_written)
{
	struct rig r;
	struct buf body;
	rig_open(&r, NULL);
	rig_spool(&r, 600 << 10, 0);
	buf_init(&body, 16 << 20);
	for (int i = 0; i < 12000; i++)
		buf_printf(&body, "much{number=\"%d\",filling=\"one hundred bytes of one hundred bytes of one hundred bytes\"} 1\n", i);
	ingest_begin(r.ingest, &r.rules, &r.memory, 2000);
	ingest_body(r.ingest, EXPOSITION_TEXT_0_0_4, buf_view(&body), &r.result);
	ingest_report(r.ingest, true, 0.5, &r.result);
	ck_assert_int_lt(ingest_end(r.ingest), 0);
	ck_assert_uint_eq(ingest_counters(r.ingest)->spool_errors, 1);
	collect(&r); /* fails at a number that is not defined */
	ingest_memory_fini(&r.memory); /* another target */
	ck_assert_str_eq(text(&r, 3000, "after 1\n"), "after{" I "} 1 @3000\n");
	buf_fini(&body);
	rig_close(&r);
}
END_TEST

/* Neither do families of scrapes that fail, whatever they call themselves each time. */
START_TEST(families_of_failed_scrapes_do_not_pile_up)
{
	struct rig r;
	struct buf body;
	rig_open(&r, NULL);
	buf_init(&body, 1 << 22);
	for (int round = 0; round < 40; round++) {
		buf_reset(&body);
		for (int i = 0; i < 300; i++)
			buf_printf(&body, "# HELP f_%d_%d %0500d\nf_%d_%d 1\n", _i ? round : 0, i, round, _i ? round : 0, i);
		buf_str(&body, STR("bad{\n"));
		ingest_begin(r.ingest, &r.rules, &r.memory, 1000 * (round + 1));
		ck_assert(!ingest_body(r.ingest, EXPOSITION_TEXT_0_0_4, buf_view(&body), &r.result));
		ck_assert_int_eq(ingest_end(r.ingest), 0);
	}
	ck_assert_uint_lt(r.memory.metadata.count, 1500);
	ck_assert_uint_lt(r.memory.metadata.text_n, 1 << 20);
	buf_fini(&body);
	rig_close(&r);
}
END_TEST

/* The numbers of a segment are mostly of series that are gone: a new one begins long before it is large. */
START_TEST(churn_begins_a_new_segment)
{
	struct rig r;
	struct buf body;
	rig_open(&r, NULL);
	rig_spool(&r, 16 << 20, 4 << 20);
	buf_init(&body, 16 << 20);
	uint64_t first = spool_segment(r.spool);
	int rounds = 0;
	for (; rounds < 30 && spool_segment(r.spool) == first; rounds++) {
		buf_reset(&body);
		for (int i = 0; i < 2000; i++)
			buf_printf(&body, "c{n=\"%d\"} 1\n", rounds * 2000 + i);
		ingest_begin(r.ingest, &r.rules, &r.memory, 1000 * (rounds + 1));
		ck_assert(ingest_body(r.ingest, EXPOSITION_TEXT_0_0_4, buf_view(&body), &r.result));
		ck_assert_int_eq(ingest_end(r.ingest), 0);
	}
	ck_assert_int_gt(rounds, 8);
	ck_assert_int_lt(rounds, 14);
	buf_fini(&body);
	rig_close(&r);
}
END_TEST

START_TEST(order_does_not_matter)
{
	struct rig r;
	rig_open(&r, NULL);
	text(&r, 1, "a 1\nb 1\nc 1\nd 1\n");
	ck_assert_str_eq(text(&r, 2, "d 2\nb 2\na 2\nc 2\n"), "d{" I "} 2 @2\nb{" I "} 2 @2\na{" I "} 2 @2\nc{" I "} 2 @2\n");
	ck_assert_str_eq(text(&r, 3, "d 3\nb 3\nnew 3\na 3\nc 3\n"), "d{" I "} 3 @3\nb{" I "} 3 @3\nnew{" I "} 3 @3\na{" I "} 3 @3\nc{" I "} 3 @3\n");
	ck_assert_str_eq(text(&r, 4, "new 4\n"), "new{" I "} 4 @4\na{" I "} stale @4\nb{" I "} stale @4\nc{" I "} stale @4\nd{" I "} stale @4\n");
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ingest");
	TCase *t = tcase_create("ingest");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, samples_and_reports);
	tcase_add_test(t, values_bit_by_bit);
	tcase_add_test(t, a_series_that_is_gone);
	tcase_add_test(t, a_failed_scrape);
	tcase_add_test(t, a_body_that_breaks_off_leaves_nothing);
	tcase_add_test(t, duplicates_first_wins);
	tcase_add_test(t, timestamps_of_their_own);
	tcase_add_test(t, timestamps_tracked);
	tcase_add_loop_test(t, honor_labels, 0, COUNT_OF(honor_cases));
	tcase_add_test(t, external_labels_fill_gaps);
	tcase_add_loop_test(t, limits, 0, COUNT_OF(limit_cases));
	tcase_add_test(t, relabelled);
	tcase_add_test(t, created_lines_become_starts);
	tcase_add_test(t, start_of_the_machine);
	tcase_add_test(t, exemplars);
	tcase_add_test(t, metadata);
	tcase_add_test(t, a_new_segment_stands_by_itself);
	tcase_add_test(t, churn_does_not_pile_up);
	tcase_add_test(t, the_end_of_a_target);
	tcase_add_test(t, order_does_not_matter);
	tcase_add_test(t, a_frame_that_cannot_be_written);
	tcase_add_test(t, churn_begins_a_new_segment);
	tcase_add_loop_test(t, families_of_failed_scrapes_do_not_pile_up, 0, 2); /* other texts, other names */
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
