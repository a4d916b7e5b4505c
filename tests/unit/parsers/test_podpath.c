/* The kubelet's names, and what only looks like them. */
#include "parsers/kubernetes/podpath.h"

#include <check.h>

#define UID "0b4dbd6a-8c35-4b2c-9a4e-6f1f3c1f0a11"
#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X253 X63 "." X63 "." X63 "." "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *name, *directory;
	bool want;
	const char *namespace_, *pod, *uid;
} directories[] = {
	{ "usual", "shop_checkout-6d4b75cb6d-hx2lm_" UID, true, "shop", "checkout-6d4b75cb6d-hx2lm", UID },
	{ "static pod: hash for uid", "kube-system_etcd-node1_0123456789abcdef0123456789abcdef", true, "kube-system", "etcd-node1",
	  "0123456789abcdef0123456789abcdef" },
	{ "pod name is a subdomain", "ns_etcd-ip-10-0-0-1.eu.internal_u", true, "ns", "etcd-ip-10-0-0-1.eu.internal", "u" },
	{ "one letter each", "a_b_c", true, "a", "b", "c" },
	{ "longest namespace", X63 "_p_u", true, X63, "p", "u" },
	{ "namespace too long", X63 "x_p_u", false, NULL, NULL, NULL },
	{ "longest pod", "n_" X253 "_u", true, "n", X253, "u" },
	{ "pod too long", "n_" X253 "x_u", false, NULL, NULL, NULL },
	{ "longest uid", "n_p_" X63 "x", true, "n", "p", X63 "x" },
	{ "uid too long", "n_p_" X63 "xx", false, NULL, NULL, NULL },
	{ "empty", "", false, NULL, NULL, NULL },
	{ "two parts", "shop_checkout", false, NULL, NULL, NULL },
	{ "four parts", "a_b_c_d", false, NULL, NULL, NULL },
	{ "no namespace", "_b_c", false, NULL, NULL, NULL },
	{ "no pod", "a__c", false, NULL, NULL, NULL },
	{ "no uid", "a_b_", false, NULL, NULL, NULL },
	{ "upper case namespace", "A_b_c", false, NULL, NULL, NULL },
	{ "upper case uid", "a_b_C", false, NULL, NULL, NULL },
	{ "namespace with a dot", "a.b_c_d", false, NULL, NULL, NULL },
	{ "dash at the front", "-a_b_c", false, NULL, NULL, NULL },
	{ "dash at the end", "a-_b_c", false, NULL, NULL, NULL },
	{ "pod with two dots", "a_b..c_d", false, NULL, NULL, NULL },
	{ "pod starts with a dot", "a_.b_d", false, NULL, NULL, NULL },
	{ "pod ends with a dot", "a_b._d", false, NULL, NULL, NULL },
	{ "pod label ends with a dash", "a_b-.c_d", false, NULL, NULL, NULL },
	{ "slash", "a_b/c_d", false, NULL, NULL, NULL },
	{ "dot dot", "..", false, NULL, NULL, NULL },
	{ "line feed", "a_b\n_c", false, NULL, NULL, NULL },
	{ "quote", "a_b\"_c", false, NULL, NULL, NULL },
	{ "not ASCII", "a_b\xc3\xa4_c", false, NULL, NULL, NULL },
};

START_TEST(directory)
{
	struct podpath out = { 0 };
	bool got = podpath_directory(str_of(directories[_i].directory), &out);
	ck_assert_msg(got == directories[_i].want, "%s: got %d, want %d", directories[_i].name, got, directories[_i].want);
	if (!got) {
		ck_assert_msg(!out.uid.p, "%s: output touched", directories[_i].name);
		return;
	}
	ck_assert_msg(str_eq(out.namespace_, str_of(directories[_i].namespace_)), "%s: got namespace " STR_FMT,
		directories[_i].name, STR_ARG(out.namespace_));
	ck_assert_msg(str_eq(out.pod, str_of(directories[_i].pod)), "%s: got pod " STR_FMT, directories[_i].name, STR_ARG(out.pod));
	ck_assert_msg(str_eq(out.uid, str_of(directories[_i].uid)), "%s: got uid " STR_FMT, directories[_i].name, STR_ARG(out.uid));
}
END_TEST

START_TEST(container)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = { { "server", true }, { "istio-proxy", true }, { "0", true }, { X63, true }, { X63 "x", false },
		{ "", false }, { "a.b", false },
		      { "a_b", false }, { "-a", false }, { "a-", false }, { "..", false }, { "A", false } };
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(podpath_container(str_of(cases[i].name)) == cases[i].want, "%s: want %d", cases[i].name,
			cases[i].want);
}
END_TEST

static const struct {
	const char *name;
	bool want;
	struct podlog log;
} logs[] = {
	{ "0.log", true, { 0, 0, 5, false, false } },
	{ "17.log", true, { 17, 0, 6, false, false } },
	{ "999999999.log", true, { 999999999, 0, 13, false, false } },
	{ "1000000000.log", false, { 0 } },
	{ "0.log.20261121-090000", true, { 0, 20261121090000, 5, false, false } },
	{ "12.log.20261121-235960.gz", true, { 12, 20261121235960, 6, true, false } },
	{ "0.log.20261121-090000.tmp", true, { 0, 20261121090000, 5, false, true } },
	{ "0.log.20261121-090000.gz.tmp", true, { 0, 20261121090000, 5, true, true } },
	{ "0.log.20261121-090000-1", false, { 0 } },
	{ "0.log.20261121-090000.", false, { 0 } },
	{ "0.log.20261321-090000", false, { 0 } },
	{ "0.log.20260021-090000", false, { 0 } },
	{ "0.log.20261132-090000", false, { 0 } },
	{ "0.log.20261121-240000", false, { 0 } },
	{ "0.log.20261121-096000", false, { 0 } },
	{ "0.log.20261121_090000", false, { 0 } },
	{ "0.log.20261121-09000", false, { 0 } },
	{ "0.log.2026112+-090000", false, { 0 } },
	{ "0.log-20261121-090000", false, { 0 } },
	{ "0.log.gz", false, { 0 } },
	{ "0.log.tmp", false, { 0 } },
	{ "0.log.1", false, { 0 } },
	{ "00.log", false, { 0 } },
	{ "01.log", false, { 0 } },
	{ "-1.log", false, { 0 } },
	{ "a.log", false, { 0 } },
	{ ".log", false, { 0 } },
	{ "0.LOG", false, { 0 } },
	{ "0.lo", false, { 0 } },
	{ "0", false, { 0 } },
	{ "", false, { 0 } },
	{ "0.log ", false, { 0 } },
};

START_TEST(log_name)
{
	struct podlog out = { 0 };
	bool got = podpath_log(str_of(logs[_i].name), &out);
	ck_assert_msg(got == logs[_i].want, "%s: got %d, want %d", logs[_i].name, got, logs[_i].want);
	ck_assert_msg(out.restart_count == logs[_i].log.restart_count, "%s: got count %u", logs[_i].name, out.restart_count);
	ck_assert_msg(out.stamp == logs[_i].log.stamp, "%s: got stamp %llu", logs[_i].name, (unsigned long long)out.stamp);
	ck_assert_msg(out.base_bytes == logs[_i].log.base_bytes, "%s: got base of %zu", logs[_i].name, out.base_bytes);
	ck_assert_msg(out.is_gz == logs[_i].log.is_gz, "%s: got gz %d", logs[_i].name, out.is_gz);
	ck_assert_msg(out.is_tmp == logs[_i].log.is_tmp, "%s: got tmp %d", logs[_i].name, out.is_tmp);
}
END_TEST

/* Each group from the oldest to the newest generation of its base. */
START_TEST(rotated)
{
	static const char *const groups[][6] = {
		{ "app.log", "app.log.123", "app.log.10.gz", "app.log.2.gz", "app.log.1" },
		{ "app.log", "app.log.03", "app.log.02", "app.log.01" },
		{ "app.log", "app.log-20251231.gz", "app.log-20261120", "app.log-20261121" },
		{ "app.log", "app.log.2026-11-20.gz", "app.log.2026-11-21" },
		{ "app.log", "app.log.20261121-080000.gz", "app.log.20261121-090000", "app.log.20261122-000000" },
		{ "app.log", "app.log-20261121-08", "app.log-2026112109" },
		{ "app.log", "app.log-1795255200.gz", "app.log-1795255201" },
		{ "app.log", "app.log-20261121-1795255200", "app.log-20261121-1795258800" },
		{ "app.log", "app.log.10.bz2", "app.log.3.gz", "app.log.2.bz2", "app.log.1" },
		{ "app.log", "app.log-20251231.bz2", "app.log-20261120", "app.log-20261121.bz2" },
		{ "syslog", "syslog.2.gz", "syslog.1", "syslog.0" },
		{ "0.log", "0.log.20261121-090000.gz", "0.log.20261121-090001" },
	};
	for (size_t g = 0; g < COUNT_OF(groups); g++) {
		uint64_t older = UINT64_MAX;
		for (size_t i = 1; i < COUNT_OF(groups[g]) && groups[g][i]; i++) {
			struct rotation out;
			struct str name = str_of(groups[g][i]);
			ck_assert_msg(rotated_name(str_of(groups[g][0]), name, &out), "%s: not taken for a generation", name.p);
			ck_assert_msg(out.order < older, "%s: order %llu is not below that of the older one", name.p,
				(unsigned long long)out.order);
			bool is_bz2 = str_ends(name, STR(".bz2")), is_gz = is_bz2 || str_ends(name, STR(".gz"));
			ck_assert_msg(out.is_gz == is_gz && out.is_bz2 == is_bz2, "%s: got gz %d, bz2 %d", name.p, out.is_gz, out.is_bz2);
			older = out.order;
		}
	}
}
END_TEST

START_TEST(not_rotated)
{
	static const char *const cases[][2] = {
		{ "app.log", "app.log" }, { "app.log", "app.log.gz" }, { "app.log", "app.log." }, { "app.log", "app.log-" },
		{ "app.log", "app.log.1.2" }, { "app.log", "app.log.1x" }, { "app.log", "app.log.old" },
		{ "app.log", "app.log.1.tmp" },
		{ "app.log", "app.log.1.xz" }, { "app.log", "app.log.1.gz.bz2" }, { "app.log", "app.log..1" }, { "app.log", "app.log.-1" },
		{ "app.log", "app.log.1-" },
		{ "app.log", "app.log.2026--11-21" }, { "app.log", "app.log-1-2" }, { "app.log", "app.log1" },
		{ "app.log", "app-20261121.log" },
		{ "app.log", "xapp.log.1" }, { "app.log", "app.lo" }, { "worker", "worker-1" }, { "worker", "worker-12" },
		{ "app.log", "app.log.1234567890123456789" }, { "", ".1" }, { "", "" }, { "app.log", "app.log.1234567" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rotation out;
		ck_assert_msg(!rotated_name(str_of(cases[i][0]), str_of(cases[i][1]), &out), "%s is taken for a generation of %s",
			cases[i][1], cases[i][0]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("podpath");
	TCase *t = tcase_create("podpath");
	tcase_add_loop_test(t, directory, 0, COUNT_OF(directories));
	tcase_add_test(t, container);
	tcase_add_loop_test(t, log_name, 0, COUNT_OF(logs));
	tcase_add_test(t, rotated);
	tcase_add_test(t, not_rotated);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
