/* The stages that touch labels, metadata and the tenant, and those that let entries through or not. */
#include "stage_lines.h"

#define JSON "{json: {expressions: {a: , b: , n: , t: }}}, "

START_TEST(labels)
{
	static const struct stage_lines_case cases[] = {
		{ "same name and another", "[" JSON "{labels: {a: , x: b, y: ''}}]", "job=j", "{\"a\":\"1\",\"b\":\"2\"}",
			"{\"a\":\"1\",\"b\":\"2\"}{a=\"1\",job=\"j\",x=\"2\"};" },
		{ "numbers, truths and nothing", "[" JSON "{labels: {n: , t: , b: , a: }}]", "", "{\"n\":1.50,\"t\":true,\"b\":null}",
			"{\"n\":1.50,\"t\":true,\"b\":null}{n=\"1.5\",t=\"true\"};" },
		{ "an empty value takes the label away", "[" JSON "{labels: {job: a}}]", "job=j", "{\"a\":\"\"}", "{\"a\":\"\"};" },
		{ "a label is a source from the start", "[{labels: {copy: job}}]", "job=j", "x", "x{copy=\"j\",job=\"j\"};" },
		{ "nothing to do", "[{labels: {}}]", "job=j", "x", "x{job=\"j\"};" },
		{ "static", "[{static_labels: {a: b, c: '', d: , n: 5}}]", "a=z", "x", "x{a=\"b\",n=\"5\"};" },
		{ "drop", "[{labeldrop: [a, c]}]", "a=1 b=2 c=3", "x", "x{b=\"2\"};" },
		{ "allow", "[{labelallow: [a, c, d]}]", "a=1 b=2 c=3", "x", "x{a=\"1\",c=\"3\"};" },
		{ "metadata of what was extracted", "[" JSON "{structured_metadata: {a: , m: b}}]", "job=j", "{\"a\":\"1\",\"b\":\"2\"}",
			"{\"a\":\"1\",\"b\":\"2\"}{job=\"j\"}[a=\"1\",m=\"2\"];" },
		{ "metadata of a label, which goes", "[{non_indexed_labels: {job: , k: host}}]", "host=h job=j z=1", "x", "x{z=\"1\"}[job=\"j\",k=\"h\"];" },
		{ "one source, two names", "[{structured_metadata: {k: job, l: job}}]", "job=j z=1", "x", "x{z=\"1\"}[k=\"j\",l=\"j\"];" },
		{ "a label with another value stays", "[{json: {expressions: {job: a}}}, {structured_metadata: {job: }}]", "job=j",
			"{\"a\":\"other\"}", "{\"a\":\"other\"}{job=\"j\"}[job=\"other\"];" },
		{ "a label made later is found too", "[{static_labels: {late: v}}, {structured_metadata: {late: }}]", "job=j", "x",
			"x{job=\"j\"}[late=\"v\"];" },
	};
	static const struct stage_lines_refusal refusals[] = {
		{ "[{labels: [a]}]", "mapping" }, { "[{labels: {1a: }}]", "label's name" }, { "[{labels: {a: [b]}}]", "extracted value" },
		{ "[{static_labels: a}]", "mapping" }, { "[{labeldrop: []}]", "at least one" }, { "[{labelallow: a}]", "list" },
		{ "[{labeldrop: [[a]]}]", "name is expected" },
	};
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(invalid_utf8_is_no_label)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{regex: {expression: '^(?P<a>.*)$'}}, {labels: {a: }}]", "job=j"));
	stage_lines_put(&t, STR("\xff"));
	ck_assert(str_eq(buf_view(&t.out), STR("\xff{job=\"j\"};")));
	stage_lines_close(&t);
}
END_TEST

START_TEST(tenant)
{
	static const struct stage_lines_case cases[] = {
		{ "value", "[{tenant: {value: t1}}]", "", "x", "x@t1;" },
		{ "source", "[" JSON "{tenant: {source: a}}]", "", "{\"a\":\"1\"}\n{}", "{\"a\":\"1\"}@1;{};" },
		{ "label", "[{tenant: {label: ns}}]", "ns=n", "x", "x{ns=\"n\"}@n;" },
		{ "what is not there changes nothing", "[{tenant: {value: t1}}, {tenant: {source: gone}}, {tenant: {label: gone}}]", "", "x", "x@t1;" },
		{ "it is a label until the end", "[{tenant: {value: t1}}, {match: {selector: '{__tenant_id__=\"t1\"}', action: drop}}]", "",
			"x", "x@t1 !match_stage;" },
		{ "and goes as one", "[{tenant: {value: t1}}, {labeldrop: [__tenant_id__]}]", "", "x", "x;" },
		{ "also by labelallow", "[{tenant: {value: t1}}, {labelallow: [a]}]", "a=1", "x", "x{a=\"1\"};" },
		{ "and stays by it", "[{tenant: {value: t1}}, {labelallow: [__tenant_id__]}]", "a=1", "x", "x@t1;" },
		{ "what Loki takes for one", "[{tenant: {label: t}}]", "t=A-z_0!.*'()", "x", "x{t=\"A-z_0!.*'()\"}@A-z_0!.*'();" },
		{ "with a part that Loki leaves out", "[{tenant: {label: t}}]", "t=a:b", "x", "x{t=\"a:b\"}@a:b;" },
		{ "what it does not take is nobody's", "[{tenant: {label: t}}]", "t=a|b", "x", "x{t=\"a|b\"}@a|b !invalid_tenant;" },
		{ "two dots", "[{tenant: {label: t}}]", "t=..", "x", "x{t=\"..\"}@.. !invalid_tenant;" },
		{ "a later stage may say another", "[{tenant: {label: t}}, {tenant: {value: b}}]", "t=..", "x", "x{t=\"..\"}@b;" },
		{ "and is set by it", "[{static_labels: {__tenant_id__: t2}}]", "a=1", "x", "x{a=\"1\"}@t2;" },
	};
	static const struct stage_lines_refusal refusals[] = {
		{ "[{tenant: }]", "exactly one" }, { "[{tenant: {source: a, value: b}}]", "exactly one" },
		{ "[{tenant: {value: a b}}]", "is no tenant" }, { "[{tenant: {label: a, source: b}}]", "exactly one" }, { "[{tenant: {name: a}}]", "no key" },
	};
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(match)
{
	static const struct stage_lines_case cases[] = {
		{ "stages for those that match", "[{match: {selector: '{app=\"a\"} |= \"yes\"', stages: [{static_labels: {m: 1}}]}}, {static_labels: {z: 1}}]",
			"app=a", "yes\nno", "yes{app=\"a\",m=\"1\",z=\"1\"};no{app=\"a\",z=\"1\"};" },
		{ "drop", "[{match: {selector: '{app=\"a\"} |~ \"^n\"', action: drop, drop_counter_reason: why}}]", "app=a", "yes\nno",
			"yes{app=\"a\"};no{app=\"a\"} !why;" },
		{ "an empty reason is none", "[{match: {selector: '{app=\"a\"}', action: drop, drop_counter_reason: ''}}]", "app=a", "x",
			"x{app=\"a\"} !match_stage;" },
		{ "inside of each other", "[{match: {selector: '{a=\"1\"}', pipeline_name: p, stages: [{match: {selector: '{b=\"1\"}', stages: "
			"[{static_labels: {both: 1}}]}}, {static_labels: {one: 1}}]}}]", "a=1 b=2", "x", "x{a=\"1\",b=\"2\",one=\"1\"};" },
		{ "labels are read anew inside", "[{static_labels: {k: v}}, {labels: {copy1: k}}, {match: {selector: '{k=\"v\"}', stages: "
			"[{labels: {copy2: k}}]}}]", "j=j", "x", "x{copy2=\"v\",j=\"j\",k=\"v\"};" },
		{ "dropped inside", "[{match: {selector: '{a=\"1\"}', stages: [{drop: {expression: '^n'}}]}}, {static_labels: {z: 1}}]", "a=1",
			"yes\nno", "yes{a=\"1\",z=\"1\"};no{a=\"1\"} !drop_stage;" },
		{ "joined inside", "[{match: {selector: '{a=\"1\"}', stages: [{multiline: {firstline: '^>'}}, {static_labels: {m: 1}}]}}, "
			"{static_labels: {z: 1}}]", "a=1", ">a\nb\n>c", ">a\nb{a=\"1\",m=\"1\",z=\"1\"};>c{a=\"1\",m=\"1\",z=\"1\"};" },
	};
	static const struct stage_lines_refusal refusals[] = {
		{ "[{match: }]", "" }, { "[{match: {selector: '{a=\"b\"}'}}]", "needs stages" },
		{ "[{match: {selector: '{a=\"b\"}', stages: []}}]", "needs stages" },
		{ "[{match: {selector: '{a=\"b\"}', stages: {}}}]", "list" },
		{ "[{match: {selector: '{a=\"b\"}', action: drop, stages: [{decolorize: }]}}]", "no stages" },
		{ "[{match: {selector: '{a=\"b\"}', action: maybe}}]", "keep or drop" },
		{ "[{match: {selector: '{a=b}', action: drop}}]", "column 4" },
		{ "[{match: {selector: '{a=~\"(\"}', action: drop}}]", "column 5" },
		{ "[{match: {selector: '{a=\"b\"}', pipeline_name: '', action: drop}}]", "pipeline_name" },
		{ "[{match: {selector: '{a=\"b\"}', stages: [{nonsense: }]}}]", "nonsense" },
	};
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(drop)
{
	static const struct stage_lines_case cases[] = {
		{ "by the line", "[{drop: {expression: 'debug', drop_counter_reason: r}}]", "", "a debug\nb", "a debug !r;b;" },
		{ "source alone: is it there", "[{regex: {expression: '^a=(?P<a>.*)'}}, {drop: {source: a}}]", "", "a=\nb=", "a= !drop_stage;b=;" },
		{ "source and value", "[" JSON "{drop: {source: a, value: x.}}]", "", "{\"a\":\"x.\"}\n{\"a\":\"xy\"}", "{\"a\":\"x.\"} !drop_stage;{\"a\":\"xy\"};" },
		{ "several sources, all there", "[{regex: {expression: '^a=(?P<a>.)'}}, {regex: {expression: 'b=(?P<b>.)'}}, {drop: {source: [a, b]}}]", "",
			"a=1 b=2\na=1\nb=2", "a=1 b=2 !drop_stage;a=1;b=2;" },
		{ "several joined", "[" JSON "{drop: {source: [a, b], expression: '^1;2$'}}]", "", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"1\",\"b\":3}",
			"{\"a\":\"1\",\"b\":\"2\"} !drop_stage;{\"a\":\"1\",\"b\":3};" },
		{ "a value without text", "[" JSON "{drop: {source: [a, b], expression: ''}}]", "", "{\"a\":\"1\",\"b\":null}",
			"{\"a\":\"1\",\"b\":null};" },
		{ "those that are there, joined", "[" JSON "{drop: {source: [a, gone, b], separator: '#', value: '1#2'}}]", "",
			"{\"a\":\"1\",\"b\":2}", "{\"a\":\"1\",\"b\":2} !drop_stage;" },
		{ "none there is an empty text", "[" JSON "{drop: {source: gone, expression: '^$'}}]", "", "{}", "{} !drop_stage;" },
		{ "longer", "[{drop: {longer_than: 3}}]", "", "abc\nabcd", "abc;abcd !drop_stage;" },
		{ "both", "[{drop: {longer_than: 3b, expression: x}}]", "", "abcd\nx\nabcx", "abcd;x;abcx !drop_stage;" },
		{ "older", "[{drop: {older_than: 1h}}]", "", "x", "x;" },
		{ "older than in an hour", "[{drop: {older_than: -1h}}]", "", "x", "x !drop_stage;" },
	};
	static const struct stage_lines_refusal refusals[] = {
		{ "[{drop: }]", "at least one" }, { "[{drop: {value: x}}]", "needs a source" },
		{ "[{drop: {value: x, longer_than: 1}}]", "needs a source" },
		{ "[{drop: {source: a, value: x, expression: y}}]", "exclude" }, { "[{drop: {expression: '('}}]", "drop" },
		{ "[{drop: {longer_than: 1.5kb}}]", "size" }, { "[{drop: {older_than: soon}}]", "duration" }, { "[{drop: {source: {a: b}}}]", "list" },
	};
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(drop_by_age)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{drop: {older_than: 10s}}]", ""));
	t.timestamp_ns = t.now_ns - INT64_C(10000000000);
	stage_lines_put(&t, STR("exactly"));
	t.timestamp_ns--;
	stage_lines_put(&t, STR("older"));
	ck_assert(str_eq(buf_view(&t.out), STR("exactly;older !drop_stage;")));
	stage_lines_close(&t);
}
END_TEST

static size_t sampled(const char *pipeline)
{
	struct stage_lines t;
	size_t passed = 0;
	ck_assert_msg(stage_lines_open(&t, pipeline, ""), "%s", t.problem);
	for (int i = 0; i < 10000; i++) {
		t.timestamp_ns += 1000;
		buf_reset(&t.out);
		stage_lines_put(&t, STR("the same line"));
		passed += !memchr(t.out.p, '!', t.out.n);
	}
	stage_lines_close(&t);
	return passed;
}

START_TEST(sampling)
{
	static const struct stage_lines_refusal refusals[] = { { "[{sampling: {rate: 1.1}}]", "between" }, { "[{sampling: {rate: -1}}]", "between" } };
	ck_assert_uint_eq(sampled("[{sampling: {rate: 0}}]"), 0);
	ck_assert_uint_eq(sampled("[{sampling: }]"), 0);
	ck_assert_uint_eq(sampled("[{sampling: {rate: 1}}]"), 10000);
	/* The same input always: these are no dice. 5 standard deviations. */
	size_t quarter = sampled("[{sampling: {rate: 0.25}}]");
	ck_assert_msg(quarter > 2280 && quarter < 2720, "%zu of 10000 at 0.25", quarter);
	ck_assert_uint_eq(sampled("[{sampling: {rate: 0.25}}]"), quarter);
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

static void add(TCase *t)
{
	tcase_add_test(t, labels);
	tcase_add_test(t, invalid_utf8_is_no_label);
	tcase_add_test(t, tenant);
	tcase_add_test(t, match);
	tcase_add_test(t, drop);
	tcase_add_test(t, drop_by_age);
	tcase_add_test(t, sampling);
}

int main(void)
{
	return stage_lines_main("stages_labels", add);
}
