/* The collectors of the network over trees of files (tests/fixtures/network): the page each of them writes, word for word. */
#include <check.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "tests/unit/agent/recorded.h"

enum { OPTIONS_MAX = 16 };

static const struct {
	const char *name; /* also the file with the page: NAME.prom; empty page: no file */
	const struct collector *collector;
	const char *tree;
	int result;
	struct { const char *option, *value; } set[3];
} cases[] = {
	{ "arp", &collector_arp, "ip", 0, { { "netlink", "false" } } },
	{ "arp_excluded", &collector_arp, "ip", 0, { { "netlink", "false" }, { "device-exclude", "^cni" } } },
	{ "netdev", &collector_netdev, "ip", 0, { { "netlink", "false" } } },
	{ "netdev_detailed", &collector_netdev, "ip", 0, { { "netlink", "false" }, { "enable-detailed-metrics", "true" } } },
	{ "netdev_included", &collector_netdev, "ip", 0, { { "netlink", "false" }, { "device-include", "^lo$" } } },
	{ "netstat", &collector_netstat, "ip", 0, { { 0 } } },
	{ "netstat_fields", &collector_netstat, "ip", 0, { { "fields", "^(Tcp_MaxConn|Ip6_InReceives|MPTcpExt_.*)$" } } },
	{ "netstat_old", &collector_netstat, "old", 0, { { 0 } } },
	{ "sockstat", &collector_sockstat, "ip", 0, { { 0 } } },
	{ "sockstat_old", &collector_sockstat, "old", 0, { { 0 } } },
	{ "softnet", &collector_softnet, "ip", 0, { { 0 } } },
	{ "softnet_old", &collector_softnet, "old", 0, { { 0 } } },
	{ "udp_queues", &collector_udp_queues, "ip", 0, { { 0 } } },
	{ "udp_queues_old", &collector_udp_queues, "old", 0, { { 0 } } },
	{ "conntrack", &collector_conntrack, "conntrack", 0, { { 0 } } },
	{ "conntrack_plain", &collector_conntrack, "conntrack_plain", -ENODATA, { { 0 } } },
	{ "lnstat", &collector_lnstat, "conntrack", 0, { { 0 } } },
	{ "xfrm", &collector_xfrm, "conntrack", 0, { { 0 } } },
	{ "ipvs", &collector_ipvs, "ipvs", 0, { { 0 } } },
	{ "ipvs_proto", &collector_ipvs, "ipvs", 0, { { "backend-labels", "proto" } } },
	{ "ipvs_unlabelled", &collector_ipvs, "ipvs", 0, { { "backend-labels", "" } } },
	{ "nfs", &collector_nfs, "nfs", 0, { { 0 } } },
	{ "nfs_old", &collector_nfs, "nfs_old", 0, { { 0 } } },
	{ "nfsd", &collector_nfsd, "nfs", 0, { { 0 } } },
	{ "nfsd_old", &collector_nfsd, "nfs_old", 0, { { 0 } } },
	{ "bonding", &collector_bonding, "class", 0, { { 0 } } },
	{ "netclass", &collector_netclass, "class", 0, { { 0 } } },
	{ "netclass_ignored", &collector_netclass, "class", 0, { { "ignored-devices", "^(eth|bond|team)" },
		{ "ignore-invalid-speed", "true" } } },
	/* nothing there */
	{ "no arp", &collector_arp, "empty", -ENOENT, { { "netlink", "false" } } },
	{ "no netdev", &collector_netdev, "empty", -ENOENT, { { "netlink", "false" } } },
	{ "no netstat", &collector_netstat, "empty", -ENOENT, { { 0 } } },
	{ "no sockstat", &collector_sockstat, "empty", 0, { { 0 } } },
	{ "no softnet", &collector_softnet, "empty", -ENOENT, { { 0 } } },
	{ "no udp_queues", &collector_udp_queues, "empty", -ENODATA, { { 0 } } },
	{ "no conntrack", &collector_conntrack, "empty", -ENODATA, { { 0 } } },
	{ "no lnstat", &collector_lnstat, "empty", 0, { { 0 } } },
	{ "no xfrm", &collector_xfrm, "empty", -ENOENT, { { 0 } } },
	{ "no ipvs", &collector_ipvs, "empty", -ENODATA, { { 0 } } },
	{ "no nfs", &collector_nfs, "empty", -ENODATA, { { 0 } } },
	{ "no nfsd", &collector_nfsd, "empty", -ENODATA, { { 0 } } },
	{ "no bonding", &collector_bonding, "empty", -ENODATA, { { 0 } } },
	{ "no netclass", &collector_netclass, "empty", -ENODATA, { { 0 } } },
};

/* State of a collector with some options set and the others as they are. NULL: it refuses. */
static void *open_with(const struct collector *collector, const char *const *names, const char *const *texts, size_t count,
	char err[256])
{
	const char *values[OPTIONS_MAX] = { NULL };
	for (size_t i = 0; collector->options && collector->options[i].name; i++) {
		values[i] = collector->options[i].fallback;
		for (size_t j = 0; j < count; j++)
			if (names[j] && strcmp(names[j], collector->options[i].name) == 0)
				values[i] = texts[j];
	}
	const struct roots none = { 0 };
	return collector->open(values, &none, err);
}

static void run(const struct collector *collector, void *state, const struct temp_dir *tree, struct buf *page, int *result)
{
	char proc[512], sys[512];
	snprintf(proc, sizeof(proc), "%s/proc", tree->path);
	snprintf(sys, sizeof(sys), "%s/sys", tree->path);
	const struct roots roots = { .proc = proc, .sys = sys };
	struct buf scratch;
	struct families out;
	struct files *files = files_new();
	buf_init(&scratch, 1 << 20);
	for (int i = 0; i < 2; i++) { /* the second time with open files and a filled cache */
		buf_reset(page);
		families_init(&out, page, false);
		struct collect c = { .roots = &roots, .files = files, .out = &out, .scratch = &scratch };
		*result = collector->update(state, &c);
		ck_assert_uint_eq(out.dropped, 0);
		families_fini(&out);
	}
	files_free(files);
	buf_fini(&scratch);
}

START_TEST(pages)
{
	char path[512], err[256] = "";
	const char *names[3], *texts[3];
	for (size_t i = 0; i < 3; i++) {
		names[i] = cases[_i].set[i].option;
		texts[i] = cases[_i].set[i].value;
	}
	snprintf(path, sizeof(path), "network/%s.tree", cases[_i].tree);
	struct temp_dir tree = tree_load(path);
	void *state = cases[_i].collector->open ? open_with(cases[_i].collector, names, texts, 3, err) : NULL;
	ck_assert_msg(err[0] == 0, "%s: %s", cases[_i].name, err);
	struct buf page;
	int result;
	buf_init(&page, 1 << 20);
	run(cases[_i].collector, state, &tree, &page, &result);
	ck_assert_msg(result == cases[_i].result, "%s: got %d", cases[_i].name, result);
	snprintf(path, sizeof(path), "network/%s.prom", cases[_i].name);
	if (strchr(cases[_i].name, ' '))
		ck_assert_msg(page.n == 0, "%s: got\n" STR_FMT, cases[_i].name, STR_ARG(buf_view(&page)));
	else
		recorded_check(path, buf_view(&page));
	buf_fini(&page);
	if (cases[_i].collector->close)
		cases[_i].collector->close(state);
	temp_dir_remove(&tree);
}
END_TEST

static const struct {
	const struct collector *collector;
	const char *option, *value, *also, *also_value, *says;
} refused[] = {
	{ &collector_ipvs, "backend-labels", "proto,colour", NULL, NULL, "colour" },
	{ &collector_netstat, "fields", "(", NULL, NULL, "" },
	{ &collector_netclass, "ignored-devices", "[", NULL, NULL, "" },
	{ &collector_arp, "device-include", "a", "device-exclude", "b", "exclusive" },
	{ &collector_netdev, "device-whitelist", "a", "device-exclude", "b", "exclusive" },
	{ &collector_qdisc, "device-include", "*", NULL, NULL, "" },
};

START_TEST(refusals)
{
	char err[256] = "";
	const char *names[] = { refused[_i].option, refused[_i].also }, *texts[] = { refused[_i].value, refused[_i].also_value };
	void *state = open_with(refused[_i].collector, names, texts, 2, err);
	ck_assert_msg(state == NULL, "%s=%s was taken", refused[_i].option, refused[_i].value);
	ck_assert_msg(err[0] != 0 && strstr(err, refused[_i].says), "%s: got \"%s\"", refused[_i].option, err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("network");
	TCase *tests = tcase_create("network");
	tcase_add_loop_test(tests, pages, 0, (int)COUNT_OF(cases));
	tcase_add_loop_test(tests, refusals, 0, (int)COUNT_OF(refused));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
