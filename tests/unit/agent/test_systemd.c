/* What a manager of systemd answers (fixtures/collectors/systemd.bus) as families, byte for byte: systemd.txt is what node_exporter says to
 * the same answers, which tests/e2e/27_systemd.py holds it to. The loading of the library and a bus that is not there. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/systemd_bus.h"
#include "agent/collectors/systemd_units.h"
#include "agent/collectors/words.h"
#include "tests/unit/agent/tree.h"

static const struct systemd_switches everything = { .has_tasks = true, .has_restarts = true, .has_start_times = true, .has_timers = true };

/* The block below a "unit" line: the value of a property; false: it is not there. */
static bool find_property(struct str block, const char *interface, const char *member, struct str *out)
{
	const struct str bare = str_skip(str_of(interface), strlen("org.freedesktop.systemd1."));
	while (block.n > 0 && block.p[0] == '\t') {
		struct str words[4];
		if (words_split(str_cut(&block, '\n'), words, 4) == 4 && str_eq(words[0], bare) && str_eq(words[1], str_of(member))) {
			*out = words[3];
			return true;
		}
	}
	return false;
}

static void read_unit(struct sheet *s, const struct str *words, struct str block, const struct systemd_switches *switches)
{
	struct systemd_unit u = { .name = words[1], .load_state = words[2], .active_state = words[3] };
	struct str value;
	const char *interface = systemd_units_type_interface(u.name);
	if (interface)
		find_property(block, interface, "Type", &u.type);
	for (enum systemd_property p = 0; p < SYSTEMD_PROPERTIES; p++)
		if (systemd_units_asks(p, &u, switches) &&
			find_property(block, systemd_properties[p].interface, systemd_properties[p].member, &value)) {
			ck_assert(num_u64(value, &u.values[p]));
			u.has |= 1u << p;
		}
	systemd_units_write(s, &u, switches);
}

/* The families of the fixture; to be freed. */
static char *write_fixture(const struct systemd_switches *switches)
{
	struct str version = { 0 }, state = { 0 };
	char virtualization[32] = "";
	size_t n;
	char *text = tree_read(FIXTURES "/collectors/systemd.bus", &n);
	struct str rest = { text, n };
	struct buf out;
	struct families f;
	struct sheet s;
	struct systemd_states states;
	buf_init(&out, TREE_TEXT_MAX);
	families_init(&f, &out, false);
	sheet_init(&s, &f);
	systemd_states_init(&states);
	while (rest.n > 0) {
		struct str words[4];
		struct str line = str_cut(&rest, '\n');
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == '\t' || words_split(line, words, 4) != 4)
			continue;
		if (str_eq(words[0], STR("unit"))) {
			systemd_states_count(&states, words[3]);
			if (str_eq(words[2], STR("loaded")))
				read_unit(&s, words, rest, switches);
		} else if (str_eq(words[1], STR("Version"))) {
			version = words[3];
		} else if (str_eq(words[1], STR("SystemState"))) {
			state = words[3];
		} else {
			snprintf(virtualization, sizeof(virtualization), STR_FMT, STR_ARG(words[3]));
		}
	}
	systemd_units_manager(&s, version, virtualization);
	systemd_units_running(&s, state);
	systemd_states_write(&s, &states);
	sheet_write(&s);
	buf_char(&out, 0);
	char *copy = strdup(out.p);
	ck_assert_ptr_nonnull(copy);
	families_fini(&f);
	buf_fini(&out);
	free(text);
	return copy;
}

START_TEST(test_fixture)
{
	size_t n;
	char *got = write_fixture(&everything), *want = tree_read(FIXTURES "/collectors/systemd.txt", &n);
	struct str a = str_of(got), b = { want, n };
	for (size_t line = 1; a.n > 0 || b.n > 0; line++) {
		struct str x = str_cut(&a, '\n'), y = str_cut(&b, '\n');
		ck_assert_msg(str_eq(x, y), "line %zu: got " STR_FMT ", want " STR_FMT, line, STR_ARG(x), STR_ARG(y));
	}
	free(got);
	free(want);
}
END_TEST

START_TEST(test_switches)
{
	const struct systemd_switches none = { 0 };
	char *got = write_fixture(&none);
	static const char *const off[] = { "node_systemd_unit_start_time_seconds", "node_systemd_service_restart_total",
		"node_systemd_unit_tasks", "node_systemd_timer" };
	for (size_t i = 0; i < COUNT_OF(off); i++)
		ck_assert_msg(!strstr(got, off[i]), "%s is there unasked", off[i]);
	ck_assert(strstr(got, "node_systemd_socket_accepted_connections_total{name=\"half.socket\"} 9"));
	ck_assert(strstr(got, "node_systemd_unit_state{name=\"ssh.service\",state=\"active\",type=\"notify\"} 1"));
	free(got);
}
END_TEST

static const struct { const char *text; double want; } versions[] = {
	{ "252.39-1~deb12u2", 252.39 }, { "252", 252 }, { "v255-2", 255 }, { "systemd 99 then 254.1.2~rc3", 254.1 }, { "12 34 560", 560 },
	{ "252.", 252 }, { "252.x", 252 }, { "1234.5", 1234.5 }, { "", 0 }, { "25", 0 }, { "none", 0 }, { "25.1.12", 0 }, { "1.255", 255 },
	{ "0219", 219 }, { "211 (212)", 211 },
};

START_TEST(test_version)
{
	double got = systemd_units_version(str_of(versions[_i].text));
	ck_assert_msg(got == versions[_i].want, "\"%s\": got %g, want %g", versions[_i].text, got, versions[_i].want);
}
END_TEST

START_TEST(test_states_have_a_bound)
{
	struct systemd_states states;
	char name[2 * SYSTEMD_STATES_MAX][16];
	systemd_states_init(&states);
	const size_t usual = states.n;
	for (size_t i = 0; i < COUNT_OF(name); i++) {
		snprintf(name[i], sizeof(name[i]), "state%zu", i);
		systemd_states_count(&states, str_of(name[i]));
		systemd_states_count(&states, STR("failed"));
	}
	ck_assert_uint_eq(states.n, SYSTEMD_STATES_MAX);
	for (size_t i = 0; i < states.n; i++) {
		const uint64_t want = str_eq(states.names[i], STR("failed")) ? COUNT_OF(name) : i >= usual;
		ck_assert_msg(states.counts[i] == want, STR_FMT ": %d", STR_ARG(states.names[i]), (int)states.counts[i]);
	}
}
END_TEST

static const struct { const char *virtualization, *want; } kinds[] = {
	{ NULL, "\"unknown\"" }, { "", "\"none\"" }, { "kvm", "\"kvm\"" },
};

START_TEST(test_virtualization)
{
	struct buf out;
	struct families f;
	struct sheet s;
	buf_init(&out, 4096);
	families_init(&f, &out, false);
	sheet_init(&s, &f);
	systemd_units_manager(&s, STR("no number"), kinds[_i].virtualization);
	sheet_write(&s);
	buf_char(&out, 0);
	ck_assert_msg(strstr(out.p, kinds[_i].want), "want %s in %s", kinds[_i].want, out.p);
	ck_assert_msg(strstr(out.p, "node_systemd_version{version=\"\"} 0\n"), "%s", out.p);
	families_fini(&f);
	buf_fini(&out);
}
END_TEST

static const char **values_of(const struct collector *c, const char *option, const char *value)
{
	static const char *values[16];
	for (size_t i = 0; c->options[i].name; i++)
		values[i] = option && strcmp(c->options[i].name, option) == 0 ? value : c->options[i].fallback;
	return values;
}

static const struct { const char *option, *value, *want; } opens[] = {
	{ NULL, NULL, "" }, { "unit-include", "ssh.*", "" }, { "unit-include", "", "" }, { "unit-whitelist", "a", "" },
	{ "unit-exclude", "(", "(" }, { "unit-blacklist", "[", "[" },
};

START_TEST(test_open)
{
	const struct collector *c = &collector_systemd;
	char err[256] = "";
	void *state = c->open(values_of(c, opens[_i].option, opens[_i].value), NULL, err);
	ck_assert_msg(!state == (*opens[_i].want != '\0') && (!err[0] == !opens[_i].want[0]), "%s: \"%s\"", opens[_i].value, err);
	if (state)
		c->close(state);
}
END_TEST

START_TEST(test_two_names_for_one_pattern)
{
	const struct collector *c = &collector_systemd;
	const char **values = values_of(c, "unit-include", "a");
	char err[256] = "";
	for (size_t i = 0; c->options[i].name; i++)
		if (strcmp(c->options[i].name, "unit-whitelist") == 0)
			values[i] = "b";
	ck_assert_ptr_null(c->open(values, NULL, err));
	ck_assert_msg(strstr(err, "mutually exclusive"), "%s", err);
}
END_TEST

START_TEST(test_no_bus)
{
	char err[256] = "";
	struct systemd_library *l = systemd_library_open(err);
	struct systemd_bus *bus = NULL;
	ck_assert_msg(l, "%s", err);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all", 1);
	if (access("/run/systemd/private", F_OK) != 0 || geteuid() != 0) {
		int got = systemd_bus_open(&bus, l, false, 1000);
		ck_assert_msg(got == -ENODATA, "%d", got);
	}
	systemd_library_close(l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("systemd");
	TCase *t = tcase_create("systemd");
	tcase_add_test(t, test_fixture);
	tcase_add_test(t, test_switches);
	tcase_add_loop_test(t, test_version, 0, COUNT_OF(versions));
	tcase_add_test(t, test_states_have_a_bound);
	tcase_add_loop_test(t, test_virtualization, 0, COUNT_OF(kinds));
	tcase_add_loop_test(t, test_open, 0, COUNT_OF(opens));
	tcase_add_test(t, test_two_names_for_one_pattern);
	tcase_add_test(t, test_no_bus);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
